/**
 * What it costs to record: the same requests through the program as it is, and through one that keeps no records. The
 * rounds are interleaved, and CPU time is compared beside requests/s, which a busy machine blurs. With short answers,
 * of which one costs the least, and with streams, as most people ask; all of the program's threads share one core.
 */
import { join } from "node:path";
import { createAdminClient } from "../test/support/admin-client.ts";
import { findTool, missingTool } from "../test/support/find-tool.ts";
import { fromSource, type Program, startProgram } from "../test/support/process.ts";
import { runLoad } from "./support/wrk.ts";

const CONNECTIONS = 64;
const KEYS = Array.from({ length: 100 }, (_, n) => `sk-bench-${n}-0123456789abcdef`);
/** Many and short: a busy machine is then as busy for both of a pair. */
const ROUNDS = 40;
const SECONDS = 1;
const WARM_UP_SECONDS = 8;
const LOAD_CORE = 1;
const PROGRAM_CORE = 0;
const TOKEN = "bench-admin-api-token";
const [BUN = "", ...ARGUMENTS] = fromSource;
const COMMANDS: Record<string, string[]> = {
  without: [BUN, "--preload", join(import.meta.dir, "support/without-recording.ts"), ...ARGUMENTS, "serve"],
  with: [...fromSource, "serve"],
};

interface Round {
  requestsPerS: number;
  cpuUs: number;
}

export async function runRecordingScene(): Promise<void> {
  await compare("short answers", false);
  await compare("streams of 20 events", true);
}

async function compare(name: string, stream: boolean): Promise<void> {
  const wrk = findTool("wrk");
  if (wrk === null) throw new Error(missingTool("wrk", "wrk"));
  await using upstream = await startProgram({
    command: [process.execPath, join(import.meta.dir, "support/raw-upstream.ts")],
    cores: String(LOAD_CORE),
  });
  const programs = new Map<string, Program>();
  const rounds = new Map<string, Round[]>();
  for (const [mode, command] of Object.entries(COMMANDS)) {
    const env = { ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: "a good password", LOG_LEVEL: "warn" };
    const program = await startProgram({ command, env, cores: String(PROGRAM_CORE) });
    await createAdminClient(program.url, TOKEN).setUp(`${upstream.url}/v1`, KEYS, {
      rotation_request_count: 1,
    });
    programs.set(mode, program);
    rounds.set(mode, []);
  }
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [mode, program] of programs) {
      const before = program.cpuMs();
      const seconds = round === 0 ? WARM_UP_SECONDS : SECONDS;
      const load = { wrk, url: program.url, connections: CONNECTIONS, seconds, core: LOAD_CORE, stream };
      const { requests, requestsPerS, errors } = await runLoad(load);
      if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`);
      const cpuUs = ((program.cpuMs() - before) * 1_000) / requests;
      if (round > 0) rounds.get(mode)?.push({ requestsPerS, cpuUs });
    }
  }
  for (const program of programs.values()) await program.stop();
  for (const [mode, made] of rounds) {
    const [requestsPerS, cpuUs] = [median(made, "requestsPerS"), median(made, "cpuUs")];
    console.log(
      `  ${name}, ${mode}: ${requestsPerS.toFixed(0)} requests/s, ${cpuUs.toFixed(1)} CPU µs a request`,
    );
  }
  const [bare = [], whole = []] = ["without", "with"].map((mode) => rounds.get(mode) ?? []);
  const pairs = whole.map((round, index) => ({
    requestsPerS: 1 - round.requestsPerS / (bare[index]?.requestsPerS ?? Number.NaN),
    cpuUs: 1 - (bare[index]?.cpuUs ?? Number.NaN) / round.cpuUs,
  }));
  const percent = (figure: keyof Round) => `${(median(pairs, figure) * 100).toFixed(0)} %`;
  console.log(
    `${name}: recording costs ${percent("requestsPerS")} of requests/s, ` +
      `${percent("cpuUs")} of the CPU time of a request (medians of ${ROUNDS} pairs)\n`,
  );
}

function median(rounds: Round[], figure: keyof Round): number {
  const sorted = rounds.map((round) => round[figure]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
