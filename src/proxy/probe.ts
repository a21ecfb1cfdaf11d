import type { Clock } from "../clock.ts";
import type { Ending, Lease } from "../pool/pool.ts";
import type { Settings } from "../settings.ts";
import { NotFoundError, type Outcome, type Upstream } from "../types.ts";
import type { HeaderList, UpstreamClient } from "../upstream/types.ts";
import { Attempt, type AttemptResult } from "./attempt.ts";
import { modelsIn } from "./model-list.ts";
import { headersTo, modelsUrl } from "./upstream-address.ts";

/** A test waits no longer for its answer. */
const LONGEST_PROBE_MS = 20_000;
const ASKED: HeaderList = [["accept", "application/json"]];

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
  /** How many models it lists; null where the answer is no list. */
  models: number | null;
}

/** One cheap real call with one key, for the list of models; what comes of it counts like any other attempt. */
export async function probeKey(deps: ProbeDeps, keyId: string): Promise<ProbeResult> {
  const lease = deps.pool.claimKey(keyId);
  if (lease === null) throw new NotFoundError("There is no such key.");
  const upstream = deps.upstream(lease.upstreamId);
  const headers = headersTo(upstream, "/models", lease.secret, ASKED);
  const { result, latencyMs } = await ask(deps, upstream, headers, lease.secret);
  deps.pool.release(lease, { verdict: result.verdict, usage: null, costUsd: null });
  return resultOf(result, latencyMs, `The key works: answered in ${latencyMs} ms.`);
}

/** The same call without any key: whether something answers there. It counts nowhere. */
export async function probeUpstream(deps: ProbeDeps, upstreamId: string): Promise<ProbeResult> {
  const upstream = deps.upstream(upstreamId);
  const { result, latencyMs } = await ask(deps, upstream, ASKED, "");
  return resultOf(result, latencyMs, `It answers without a key, in ${latencyMs} ms.`);
}

async function ask(deps: ProbeDeps, upstream: Upstream, headers: HeaderList, secret: string) {
  const began = deps.clock.monotonic();
  const { connectTimeoutMs } = deps.settings();
  const result = await new Attempt(deps.client, {
    now: deps.clock.now,
    stream: false,
    secret,
    isHead: false,
  }).run(
    { method: "GET", url: modelsUrl(upstream), headers, body: null },
    { connectTimeoutMs, firstByteTimeoutMs: LONGEST_PROBE_MS, idleTimeoutMs: LONGEST_PROBE_MS },
  );
  if (result.answer?.kind === "flowing") result.answer.source.abort();
  return { result, latencyMs: Math.round(deps.clock.monotonic() - began) };
}

function resultOf({ answer, verdict, status }: AttemptResult, latencyMs: number, works: string): ProbeResult {
  const text = answer?.kind === "whole" && verdict.outcome === "ok" ? answer.text : "";
  return {
    outcome: verdict.outcome,
    status,
    latencyMs,
    message: verdict.outcome === "ok" ? works : verdict.reason,
    models: modelsIn(text)?.length ?? null,
  };
}
