import { rmSync } from "node:fs";
import { join } from "node:path";
import { FIRST_PASSWORD_FILE } from "../config.ts";
import { StartError } from "../types.ts";
import { type AddCommand, examples, JSON_OPTION } from "./command.ts";

export const addResetPassword: AddCommand = (program, context) => {
  program
    .command("reset-password")
    .summary("sets a new admin password and ends all sessions")
    .description(
      "Makes a new password for the admin pages, prints it, this once, and logs everybody out. It holds at once, also " +
        "in a server that is running. Refuses while ADMIN_PASSWORD is set: then that is the password.",
    )
    .option("--stdin", "take the new password from the first line of stdin instead of making one")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      examples({
        "load-balancer reset-password": "prints the new password",
        "load-balancer reset-password --stdin < file": "sets the one that the file holds",
      }),
    )
    .action(async ({ stdin, json }: { stdin?: true; json?: true }) => {
      const config = context.config();
      if (config.adminPassword !== undefined) {
        throw new StartError(
          "ADMIN_PASSWORD is set, so that is the password: change it there (environment or .env) and start the server again.",
        );
      }
      const given = stdin ? (await context.stdin()).split(/\r?\n/, 1)[0] : undefined;
      const { password, isServing } = await context.resetPassword(config, given);
      // What it holds is no password any more.
      rmSync(join(config.dataDir, FIRST_PASSWORD_FILE), { force: true });
      if (json) {
        context.print(
          JSON.stringify({ password: given === undefined ? password : null, sessions_ended: true }),
        );
        return;
      }
      if (given === undefined) context.print(password);
      context.tell(
        `The ${given === undefined ? "password above" : "password"} holds from now on; all sessions have ended.${
          isServing ? " A server that was started with ADMIN_PASSWORD keeps that one." : ""
        }`,
      );
    });
};
