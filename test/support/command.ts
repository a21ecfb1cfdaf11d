import { examineBeside, resetPasswordBeside } from "../../src/beside.ts";
import { systemClock } from "../../src/clock.ts";
import type { CommandContext } from "../../src/commands/command.ts";
import { runCommand } from "../../src/commands/program.ts";
import { loadConfig } from "../../src/config.ts";
import { openInstallation } from "../../src/installation.ts";
import { createLogger } from "../../src/log.ts";

export interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one command in this process, with nothing of this process's own environment. */
export async function command(
  args: string[],
  env: Record<string, string> = {},
  more: Partial<CommandContext> = {},
): Promise<Ran> {
  const out: string[] = [];
  const told: string[] = [];
  const log = createLogger({ level: "error", format: "json", write: (line) => told.push(line) });
  const exitCode = await runCommand(args, {
    config: () => loadConfig(env, false),
    serve: async () => void out.push("served"),
    open: (config) => openInstallation(config, log, systemClock),
    resetPassword: (config, given) => resetPasswordBeside(config, given, systemClock),
    examine: (config) => examineBeside(config, systemClock),
    stdin: async () => "",
    print: (line) => void out.push(line),
    write: async (text) => void out.push(text),
    input: async function* () {},
    tell: (line) => void told.push(line),
    progress: { everyMs: Number.POSITIVE_INFINITY, show() {} },
    ...more,
  });
  return { exitCode, stdout: out.join("\n"), stderr: told.join("\n") };
}
