import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "./app.ts";
import { examineBeside, resetPasswordBeside } from "./beside.ts";
import { systemClock } from "./clock.ts";
import type { OpenFolder } from "./commands/command.ts";
import { runCommand } from "./commands/program.ts";
import { createTerminal } from "./commands/terminal.ts";
import {
  type Config,
  FIRST_PASSWORD_FILE,
  isLoopback,
  loadConfig,
  readEnvironment,
  secretValues,
  socketOf,
} from "./config.ts";
import { openInstallation } from "./installation.ts";
import { createLogger, type Logger } from "./log.ts";
import { createServiceManager } from "./service-manager.ts";
import { version } from "./version.ts";

const EXIT_FAILURE = 1;

/** Config → logger → app → listen → drain → exit. */
async function serve(): Promise<void> {
  const config = readConfig();
  const log = loggerOf(config);
  for (const warning of config.warnings) log.warn(warning);
  process.on("uncaughtException", (error) => log.error("an error that nobody caught", { error }));
  process.on("unhandledRejection", (error) => log.error("a rejection that nobody caught", { error }));

  const app = await createApp(config, log, systemClock);
  // Before anything can fail: the password is stored as a hash and will not be shown again.
  if (app.newPassword !== null) showPassword(config, app.newPassword);
  const line = startLine(config, app.listen());
  console.log(line);
  const manager = createServiceManager(config, log);
  manager.ready(line);

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(EXIT_FAILURE);
    stopping = true;
    manager.stopping();
    log.info("stopping: running requests may finish", { signal, drain_timeout_s: config.drainTimeoutS });
    await app.drain(config.drainTimeoutS * 1_000);
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
}

function startLine(config: Config, port: number): string {
  if (socketOf(config.host) !== null) return `Load Balancer ${version} is ready on ${config.host}`;
  const all = config.host === "0.0.0.0" || config.host === "::";
  const name = all || config.host === "localhost" ? "localhost" : config.host;
  const host = name.includes(":") ? `[${name}]` : name;
  const others = isLoopback(config.host) ? " (this machine only; HOST=0.0.0.0 serves others)" : "";
  return `Load Balancer ${version} is ready: open ${config.tls === null ? "http" : "https"}://${host}:${port}${others}`;
}

/** Once, to the person at the terminal; without one, to a file that only this user can read. */
function showPassword(config: Config, password: string): void {
  if (process.stdout.isTTY) {
    console.log(`Your password, shown only now: ${password}`);
    return;
  }
  const path = join(config.dataDir, FIRST_PASSWORD_FILE);
  writeFileSync(path, `${password}\n`, { mode: 0o600 });
  console.log(`The first password is in ${path}; delete the file once you have it.`);
}

function readConfig(): Config {
  return loadConfig(readEnvironment(process.cwd()));
}

function loggerOf(config: Config): Logger {
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  for (const secret of secretValues(config)) log.hide(secret);
  return log;
}

function openFolder(config: Config): Promise<OpenFolder> {
  return openInstallation(config, loggerOf(config), systemClock);
}

/** Whoever reads may go away before the end (`| head`): nobody is left to be told. */
function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve();
      else if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
      else reject(error);
    });
  });
}

const terminal = createTerminal();
process.exitCode = await runCommand(process.argv.slice(2), {
  config: readConfig,
  serve,
  open: openFolder,
  resetPassword: (config, given) => resetPasswordBeside(config, given, systemClock),
  examine: (config) => examineBeside(config, systemClock),
  stdin: () => Bun.stdin.text(),
  print: terminal.print,
  write(text) {
    terminal.clear();
    return writeOut(text);
  },
  input: () => process.stdin,
  tell: terminal.tell,
  progress: terminal.progress,
});
