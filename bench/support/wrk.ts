import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../test/support/process.ts";

const QUESTION = { model: "gpt-4o-mini", messages: [{ role: "user", content: "x".repeat(530) }] };

export interface Load {
  /** wrk's own file. */
  wrk: string;
  url: string;
  connections: number;
  seconds: number;
  core: number;
  /** Asks for streamed answers; default: whole ones. */
  stream?: boolean;
}

export interface LoadResult {
  requests: number;
  requestsPerS: number;
  /** Connections refused or broken, timeouts, and answers other than 2xx. */
  errors: number;
  p50Ms: number;
  p99Ms: number;
}

/** wrk's own report is for people; `done` gives the same as JSON. Its times are in µs. */
const scriptOf = (question: object) => `
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer sk-client"
wrk.body = [[${JSON.stringify(question)}]]
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"duration":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    summary.duration, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`;

/** Chat requests of 600 bytes over so many kept-alive connections. */
export async function runLoad({ wrk, url, connections, seconds, core, stream }: Load): Promise<LoadResult> {
  const folder = temporaryFolder();
  const script = join(folder, "chat.lua");
  writeFileSync(script, scriptOf(stream === true ? { ...QUESTION, stream } : QUESTION));
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, `${url}/v1/chat/completions`];
  const child = Bun.spawn(["taskset", "-c", String(core), wrk, ...options], { stderr: "inherit" });
  const output = await new Response(child.stdout).text();
  await child.exited;
  rmSync(folder, { recursive: true, force: true });
  const result = /^RESULT (.*)$/m.exec(output);
  if (result === null) throw new Error(`wrk told nothing: ${output}`);
  const { requests, duration, errors, p50, p99 } = JSON.parse(result[1]!);
  const requestsPerS = (requests * 1_000_000) / duration;
  return { requests, requestsPerS, errors, p50Ms: p50 / 1_000, p99Ms: p99 / 1_000 };
}
