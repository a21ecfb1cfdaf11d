import type { KeyStatus } from "../src/types.ts";

/** What an attempt or a request came to, in words, and the status whose colour and icon it borrows. */
interface OutcomeLook {
  word: string;
  looks: KeyStatus;
}

/** The outcomes of attempts, and the codes of the proxy's own errors where no attempt decided. */
const OUTCOME_LOOKS: Record<string, OutcomeLook> = {
  ok: { word: "ok", looks: "available" },
  client_error: { word: "client error", looks: "disabled" },
  content_filtered: { word: "content filtered", looks: "disabled" },
  client_closed: { word: "client left", looks: "disabled" },
  model_unavailable: { word: "model unavailable", looks: "ejected" },
  rate_limited: { word: "rate limited", looks: "cooling" },
  quota_exhausted: { word: "quota used up", looks: "daily_limit_reached" },
  no_credit: { word: "no credit", looks: "no_credit" },
  invalid_key: { word: "invalid key", looks: "invalid" },
  forbidden_key: { word: "key not allowed", looks: "invalid" },
  overloaded: { word: "overloaded", looks: "ejected" },
  upstream_error: { word: "upstream error", looks: "ejected" },
  upstream_timeout: { word: "upstream timeout", looks: "ejected" },
  in_stream_error: { word: "broken stream", looks: "ejected" },
  not_an_api_answer: { word: "not an API answer", looks: "ejected" },
  keys_cooling_down: { word: "keys cooling down", looks: "cooling" },
  no_usable_key: { word: "no usable key", looks: "invalid" },
  upstream_unavailable: { word: "upstream unavailable", looks: "ejected" },
  queue_full: { word: "queue full", looks: "ejected" },
  shutting_down: { word: "shutting down", looks: "disabled" },
  internal_error: { word: "internal error", looks: "invalid" },
};

export function outcomeLook(outcome: string): OutcomeLook {
  const known = Object.hasOwn(OUTCOME_LOOKS, outcome) ? OUTCOME_LOOKS[outcome] : undefined;
  return known ?? { word: outcome.replaceAll("_", " "), looks: "ejected" };
}
