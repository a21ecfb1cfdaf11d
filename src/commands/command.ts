import type { Command } from "commander";
import type { Config } from "../config.ts";
import type { Finding } from "../operations/doctor.ts";
import type { Operations } from "../operations/types.ts";

/** The opened data folder, as far as commands know it; nobody else can open it until `close`. */
export interface OpenFolder {
  operations: Operations;
  close(): Promise<void>;
}

/** What commands get of what they may not import, and where they write. */
export interface CommandContext {
  /** From the environment and `.env`. @throws StartError where a value is wrong. */
  config(): Config;
  serve(): Promise<void>;
  /** @throws StartError where a server, or another command, works on the data folder. */
  open(config: Config): Promise<OpenFolder>;
  /** Sets another admin password, also for a running server; undefined: one is made. */
  resetPassword(config: Config, given: string | undefined): Promise<{ password: string; isServing: boolean }>;
  /** Looks at everything and changes nothing, also beside a running server. */
  examine(config: Config): AsyncIterable<Finding>;
  /** All that comes on stdin. */
  stdin(): Promise<string>;
  /** One line on stdout: what was asked for. */
  print(line: string): void;
  /** Text on stdout as it is; settles when it was taken. */
  write(text: string): Promise<void>;
  /** What comes in on stdin, as it comes. */
  input(): AsyncIterable<Uint8Array>;
  /** One line on stderr: what goes on meanwhile. */
  tell(line: string): void;
  /** How far something is, from 0 to 1: on a terminal a bar that stays in its line, elsewhere a line. */
  progress: { everyMs: number; show(share: number, text: string): void };
}

/** The command was carried out, and its result is a failure. */
export class Failed extends Error {}

/** One command: adds itself, with its help and its action, to the program. */
export type AddCommand = (program: Command, context: CommandContext) => void;

export const JSON_OPTION = ["--json", "print the result as one JSON document"] as const;

/** Examples below a command's help: what to type, and what it does. */
export function examples(rows: Record<string, string>): string {
  const width = Math.max(...Object.keys(rows).map((line) => line.length)) + 2;
  const lines = Object.entries(rows).map(([line, does]) => `  ${line.padEnd(width)}${does}`);
  return ["", "Examples:", ...lines].join("\n");
}
