import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "./app.ts";
import { systemClock } from "./clock.ts";
import { helpText } from "./commands/help.ts";
import { type Config, isLoopback, loadConfig, readEnvironment, secretValues } from "./config.ts";
import { createLogger } from "./log.ts";
import { StartError } from "./types.ts";
import { version } from "./version.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

interface Command {
  name: string;
  does: string;
  run(): Promise<void> | void;
}

const commands: Command[] = [
  { name: "serve", does: "runs proxy and admin pages (the default)", run: serve },
  { name: "version", does: "prints the version", run: () => console.log(version) },
  { name: "help", does: "prints this", run: () => console.log(helpText(commands)) },
];
const flags: Record<string, string> = {
  "--version": "version",
  "-v": "version",
  "--help": "help",
  "-h": "help",
};

async function main(args: string[]): Promise<void> {
  const word = args[0] ?? "serve";
  const command = commands.find(({ name }) => name === (flags[word] ?? word));
  if (command === undefined || args.length > 1) {
    console.error(`Unknown command: ${args.join(" ")}. \`load-balancer help\` lists what there is.`);
    process.exit(EXIT_USAGE);
  }
  try {
    await command.run();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    process.exit(EXIT_FAILURE);
  }
}

/** Config → logger → app → listen → drain → exit. */
async function serve(): Promise<void> {
  const config = loadConfig(readEnvironment(process.cwd()));
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  for (const secret of secretValues(config)) log.hide(secret);
  for (const warning of config.warnings) log.warn(warning);
  process.on("uncaughtException", (error) => log.error("an error that nobody caught", { error }));
  process.on("unhandledRejection", (error) => log.error("a rejection that nobody caught", { error }));

  const app = await createApp(config, log, systemClock);
  // Before anything can fail: the password is stored as a hash and will not be shown again.
  if (app.newPassword !== null) showPassword(config, app.newPassword);
  console.log(startLine(config, app.listen()));

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(EXIT_FAILURE);
    stopping = true;
    log.info("stopping: running requests may finish", { signal, drain_timeout_s: config.drainTimeoutS });
    await app.drain(config.drainTimeoutS * 1_000);
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
}

function startLine(config: Config, port: number): string {
  const all = config.host === "0.0.0.0" || config.host === "::";
  const name = all || config.host === "localhost" ? "localhost" : config.host;
  const host = name.includes(":") ? `[${name}]` : name;
  const others = isLoopback(config.host) ? " (this machine only; HOST=0.0.0.0 serves others)" : "";
  return `Load Balancer ${version} is ready: open http://${host}:${port}${others}`;
}

/** Once, to the person at the terminal; without one, to a file that only this user can read. */
function showPassword(config: Config, password: string): void {
  if (process.stdout.isTTY) {
    console.log(`Your password, shown only now: ${password}`);
    return;
  }
  const path = join(config.dataDir, "initial-password");
  writeFileSync(path, `${password}\n`, { mode: 0o600 });
  console.log(`The first password is in ${path}; delete the file once you have it.`);
}

await main(process.argv.slice(2));
