import type { Clock } from "../clock.ts";
import type { KeyGlance } from "../pool/types.ts";
import type { Settings } from "../settings.ts";
import type { Upstream } from "../types.ts";
import { checkBaseUrl } from "../upstream/address-guard.ts";
import { presetFor } from "../upstream/presets.ts";
import type { HeaderList, UpstreamClient } from "../upstream/types.ts";
import { Attempt } from "./attempt.ts";
import { mayBeAsked } from "./model-call.ts";
import { modelsIn } from "./model-list.ts";
import { headersTo, modelsUrl } from "./upstream-address.ts";

/** A person waits for it. */
const LONGEST_PROBE_MS = 15_000;
const ASKS_FOR_KEY = new Set([401, 403]);

export interface EndpointProbeDeps {
  clock: Clock;
  client: UpstreamClient;
  pool: { secretOf(id: string): string | null };
  settings(): Settings;
  keys(): KeyGlance[];
  upstreams(): readonly Upstream[];
}

export interface EndpointProbe {
  isGood: boolean;
  /** One or two sentences for people. */
  message: string;
}

/**
 * Asks a base URL for its models, once, to see whether an OpenAI-compatible API is there. A key goes with it only
 * where it goes anyway: to the host of an upstream that has keys. Nothing is held against a key.
 */
export async function probeEndpoint(deps: EndpointProbeDeps, baseUrl: string): Promise<EndpointProbe> {
  const refusal = checkBaseUrl(baseUrl);
  if (refusal !== null) return { isGood: false, message: `Not asked: ${refusal}.` };
  const sameHost = deps.upstreams().filter((known) => hostOf(known.baseUrl) === hostOf(baseUrl));
  const key = deps
    .keys()
    .find((one) => mayBeAsked(one) && sameHost.some(({ id }) => id === one.key.upstreamId));
  const secret = key === undefined ? null : deps.pool.secretOf(key.id);
  const upstream: Upstream = {
    id: "",
    name: "",
    baseUrl,
    authStyle: sameHost[0]?.authStyle ?? presetFor(baseUrl)?.authStyle ?? "bearer",
    isDefault: false,
    createdAt: 0,
  };
  const headers: HeaderList = [["accept", "application/json"]];
  const began = deps.clock.monotonic();
  const attempt = new Attempt(deps.client, {
    now: deps.clock.now,
    stream: false,
    secret: secret ?? "",
    isHead: false,
  });
  const result = await attempt.run(
    {
      method: "GET",
      url: modelsUrl(upstream),
      headers: secret === null ? headers : headersTo(upstream, "/models", secret, headers),
      body: null,
    },
    {
      connectTimeoutMs: deps.settings().connectTimeoutMs,
      firstByteTimeoutMs: LONGEST_PROBE_MS,
      idleTimeoutMs: LONGEST_PROBE_MS,
    },
  );
  if (result.answer?.kind === "flowing") result.answer.source.abort();
  const answered = `Answered in ${Math.round(deps.clock.monotonic() - began)} ms`;
  const { status, verdict } = result;
  if (status === null) return { isGood: false, message: sentence(verdict.reason) };
  if (ASKS_FOR_KEY.has(status) && secret === null) {
    return { isGood: true, message: `${answered} and asks for a key, as it should.` };
  }
  if (verdict.outcome !== "ok") return { isGood: false, message: `${answered}. ${sentence(verdict.reason)}` };
  const models = result.answer?.kind === "whole" ? modelsIn(result.answer.text) : null;
  if (models === null) {
    return {
      isGood: false,
      message: `${answered}, but with no list of models: check the path of the address.`,
    };
  }
  return {
    isGood: true,
    message: `${answered} and lists ${models.length === 1 ? "1 model" : `${models.length} models`}.`,
  };
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? "";
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
