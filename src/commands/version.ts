import { readLicenses, version } from "../version.ts";
import { type AddCommand, JSON_OPTION } from "./command.ts";

export const addVersion: AddCommand = (program, context) => {
  program
    .command("version")
    .summary("prints the version")
    .description("Prints the version of this program.")
    .option(...JSON_OPTION)
    .option("--licenses", "print the licences of all software that is inside")
    .action(async ({ json, licenses }: { json?: true; licenses?: true }) => {
      if (licenses) return context.print((await readLicenses()).trimEnd());
      context.print(json ? JSON.stringify({ version }) : version);
    });
};
