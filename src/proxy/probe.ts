import type { Clock } from "../clock.ts";
import type { Ending, Lease } from "../pool/pool.ts";
import type { Settings } from "../settings.ts";
import { NotFoundError, type Outcome, type Upstream } from "../types.ts";
import type { UpstreamClient } from "../upstream/types.ts";
import { Attempt } from "./attempt.ts";
import { authHeader } from "./headers.ts";

/** A test waits no longer for its answer. */
const LONGEST_PROBE_MS = 20_000;

export interface ProbeDeps {
  clock: Clock;
  settings(): Settings;
  pool: { claimKey(id: string): Lease | null; release(lease: Lease, ending: Ending): void };
  client: UpstreamClient;
  upstream(id: string): Upstream;
}

export interface ProbeResult {
  outcome: Outcome;
  status: number | null;
  latencyMs: number;
  message: string;
}

/** One cheap real call with one key, `GET /models`; what comes of it counts like any other attempt. */
export async function probeKey(deps: ProbeDeps, keyId: string): Promise<ProbeResult> {
  const lease = deps.pool.claimKey(keyId);
  if (lease === null) throw new NotFoundError("There is no such key.");
  const upstream = deps.upstream(lease.upstreamId);
  const began = deps.clock.monotonic();
  const { connectTimeoutMs } = deps.settings();
  const result = await new Attempt(deps.client, {
    now: deps.clock.now,
    stream: false,
    secret: lease.secret,
    isHead: false,
  }).run(
    {
      method: "GET",
      url: `${upstream.baseUrl}/models`,
      headers: [["accept", "application/json"], authHeader(upstream.authStyle, lease.secret)],
      body: null,
    },
    { connectTimeoutMs, firstByteTimeoutMs: LONGEST_PROBE_MS, idleTimeoutMs: LONGEST_PROBE_MS },
  );
  if (result.answer?.kind === "flowing") result.answer.source.abort();
  const { verdict, status } = result;
  deps.pool.release(lease, { verdict, usage: null, costUsd: null });
  const latencyMs = Math.round(deps.clock.monotonic() - began);
  const message = verdict.outcome === "ok" ? `The key works: answered in ${latencyMs} ms.` : verdict.reason;
  return { outcome: verdict.outcome, status, latencyMs, message };
}
