/** What to do about a request that failed. */
export interface Advice {
  text: string;
  /** Where that can be done. */
  link?: { href: string; label: string };
}

const KEYS = { href: "/keys", label: "Keys" };
const SETTINGS = { href: "/settings", label: "Settings" };
const BUSY: Advice = { text: "The provider is in trouble; ask again in a moment." };
const REFUSED: Advice = {
  text: "The provider refused what was asked: check the model's name, the parameters and the length.",
};

/** By the request's outcome: that of its last attempt, or the code of the proxy's own error. */
const ADVICE: Record<string, Advice> = {
  client_error: REFUSED,
  invalid_request: REFUSED,
  content_filtered: { text: "The provider's filter refused the content: put it differently." },
  model_unavailable: {
    text: "No key may use this model, or it does not exist: choose another one from the list.",
  },
  rate_limited: { text: "All keys are at their limit: wait, or add keys.", link: KEYS },
  quota_exhausted: { text: "The quota of the keys is used up: wait, or add keys.", link: KEYS },
  keys_cooling_down: {
    text: "All keys are resting: wait until one is back, or add keys.",
    link: { href: "/keys?status=cooling", label: "Cooling keys" },
  },
  no_credit: { text: "The account has no credit left: top it up, then enable the key again.", link: KEYS },
  invalid_key: { text: "The provider does not know this key: replace it.", link: KEYS },
  forbidden_key: { text: "This key may not do that: use another one.", link: KEYS },
  no_usable_key: { text: "No key can be used: add one, or enable one.", link: KEYS },
  overloaded: BUSY,
  upstream_error: { text: "The provider failed. The log entry says how; ask again in a moment." },
  upstream_unavailable: BUSY,
  in_stream_error: { text: "The provider broke the answer off: ask again." },
  upstream_timeout: {
    text: "The provider did not begin to answer in time: ask again, or allow more time.",
    link: SETTINGS,
  },
  not_an_api_answer: {
    text: "What answered is no API: check the upstream's address.",
    link: { href: "/settings", label: "API endpoint" },
  },
};

export function adviceFor(outcome: string): Advice | null {
  return (Object.hasOwn(ADVICE, outcome) ? ADVICE[outcome] : undefined) ?? null;
}
