import type { AddCommand } from "./command.ts";

export const addServe: AddCommand = (program, context) => {
  program
    .command("serve")
    .summary("runs proxy and admin pages (the default)")
    .description(
      "Runs proxy and admin pages on HOST:PORT, with the data in DATA_DIR, until SIGTERM or Ctrl-C.",
    )
    .action(() => context.serve());
};
