import type { Refusal } from "../pool/refusal.ts";
import type { Verdict } from "../types.ts";
import type { AttemptResult } from "./attempt.ts";
import { ProxyError } from "./errors.ts";

/**
 * What a client sees when its last attempt failed: an error about the request or the host as it came, an error
 * about our keys as one of our own, since the client's credential is fine.
 * Source of the rules: "What the client sees when nothing worked" in ARCHITECTURE.md.
 */
export function shownError(result: AttemptResult, refusal: Refusal | null): "as_it_came" | ProxyError {
  const { verdict } = result;
  const isKeys =
    verdict.blame === "key" || (verdict.blame === "key_model" && verdict.outcome !== "model_unavailable");
  if (isKeys) return keysError(verdict, refusal);
  const isWhole = result.answer?.kind === "whole";
  if (isWhole && verdict.outcome !== "not_an_api_answer" && isShowable(result)) return "as_it_came";
  if (verdict.outcome === "upstream_timeout") {
    return new ProxyError("upstream_timeout", sentence("The upstream did not answer in time", verdict));
  }
  return upstreamError(verdict);
}

function upstreamError(verdict: Verdict): ProxyError {
  const status = verdict.clientStatus >= 400 ? verdict.clientStatus : 502;
  return new ProxyError("upstream_error", sentence("The upstream failed", verdict), { status });
}

/** Why there is no key to try, as an error. */
export function refusalError(refusal: Refusal | null): ProxyError {
  if (refusal === null) return new ProxyError("no_usable_key", "No key can serve this request now.");
  return new ProxyError(refusal.code, refusal.message, { retryAfterMs: refusal.retryAfterMs });
}

/** A key that comes back by time alone decides; without one, what the last key's answer meant. */
function keysError(verdict: Verdict, refusal: Refusal | null): ProxyError {
  if (refusal?.code === "keys_cooling_down") return refusalError(refusal);
  if (verdict.clientStatus === 429) {
    return new ProxyError("keys_cooling_down", sentence("Every key that was tried is limited", verdict), {
      retryAfterMs: verdict.cooldownMs,
    });
  }
  if (verdict.clientStatus !== 503) return upstreamError(verdict);
  return refusal === null
    ? new ProxyError("no_usable_key", sentence("No key that was tried can serve this request", verdict))
    : refusalError(refusal);
}

/** Pages and broken texts become JSON; what is JSON, or says nothing, stays. */
function isShowable(result: AttemptResult): boolean {
  if (result.answer?.kind !== "whole") return false;
  if (result.verdict.blame !== "host") return true;
  try {
    JSON.parse(result.answer.text);
    return result.status === result.verdict.clientStatus || result.status === 529;
  } catch {
    return false;
  }
}

function sentence(beginning: string, verdict: Verdict): string {
  return verdict.reason === "" ? `${beginning}.` : `${beginning}: ${verdict.reason}`;
}
