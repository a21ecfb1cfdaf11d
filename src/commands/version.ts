import { version } from "../version.ts";
import { type AddCommand, JSON_OPTION } from "./command.ts";

export const addVersion: AddCommand = (program, context) => {
  program
    .command("version")
    .summary("prints the version")
    .description("Prints the version of this program.")
    .option(...JSON_OPTION)
    .action(({ json }: { json?: true }) => context.print(json ? JSON.stringify({ version }) : version));
};
