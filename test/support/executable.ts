import { existsSync } from "node:fs";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import { executable, type Program, startProgram } from "./process.ts";

const TOKEN = "test-admin-api-token";

export interface ExecutableOptions {
  env?: Record<string, string>;
  /** The working folder; kept. Default: a new one. */
  folder?: string;
  cores?: string;
}

/** The compiled program in a folder of its own, with its admin API. `bun run build` must have made it. */
export async function startExecutable(options: ExecutableOptions = {}): Promise<Program & AdminClient> {
  if (!existsSync(executable[0] as string))
    throw new Error("there is no executable: `bun run build` makes it");
  const program = await startProgram({
    command: executable,
    ...options,
    env: { ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: "a good password", ...options.env },
  });
  return Object.assign(program, createAdminClient(program.url, TOKEN));
}
