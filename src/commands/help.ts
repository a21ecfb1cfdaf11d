import { configRows } from "../config.ts";
import { version } from "../version.ts";

/** What `load-balancer help` prints. */
export function helpText(commands: { name: string; does: string }[]): string {
  const width = Math.max(...configRows.map(({ name }) => name.length)) + 2;
  const rows = configRows.map(({ name, default: value, help }) => {
    const shown = value === "" ? "" : ` (default ${value})`;
    return `  ${name.padEnd(width)}${help}${shown}`;
  });
  return [
    `Load Balancer ${version}: one OpenAI base URL over many API keys.`,
    "",
    "Usage: load-balancer [command]",
    "",
    ...commands.map(({ name, does }) => `  ${name.padEnd(width)}${does}`),
    "",
    "Environment (also read from the file .env of the working folder):",
    "",
    ...rows,
    "",
    "Everything else is a setting, changed on the Settings page while it runs.",
    "",
  ].join("\n");
}
