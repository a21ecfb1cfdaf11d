import { configRows } from "../config.ts";
import type { AddCommand } from "./command.ts";

export const addHelp: AddCommand = (program) => {
  program
    .command("help")
    .summary("prints this, or the help of one command")
    .argument("[command]")
    .action((name?: string) => {
      const command = name === undefined ? program : program.commands.find((one) => one.name() === name);
      if (command === undefined) return program.error(`unknown command '${name}'`);
      command.help();
    });
};

/** What `load-balancer help` prints below the commands. */
export function environmentHelp(): string {
  const width = Math.max(...configRows.map(({ name }) => name.length)) + 2;
  const rows = configRows.map(({ name, default: value, help }) => {
    const shown = value === "" ? "" : ` (default ${value})`;
    return `  ${name.padEnd(width)}${help}${shown}`;
  });
  return [
    "",
    "`load-balancer help COMMAND` tells of one command, with examples.",
    "",
    "Environment (also read from the file .env of the working folder):",
    ...rows,
    "",
    "Everything else is a setting, changed on the Settings page while it runs.",
    "Exit codes: 0 success, 1 failure, 2 wrong usage.",
  ].join("\n");
}
