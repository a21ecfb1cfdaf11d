import type { Blame, Outcome, Verdict } from "../types.ts";
import { redact } from "./redact.ts";

const LONGEST_REASON_CHARS = 500;

interface Traits {
  blame: Blame;
  retry: boolean;
  strike: boolean;
  /** Whether a stated wait belongs to it: a wait does not mend a wrong request or a wrong key. */
  waits: boolean;
  /** What the client sees if nothing else works, from the status that the answer stands for. */
  clientStatus(status: number): number;
}

const same = (status: number) => status;
const passing = (status: number) => [500, 502, 503, 504].includes(status);

/** What follows from each outcome (provider-answers.md, "What the client sees when nothing worked"). */
const TRAITS: Record<Outcome, Traits> = {
  ok: { blame: "none", retry: false, strike: false, waits: false, clientStatus: same },
  client_error: { blame: "client", retry: false, strike: false, waits: false, clientStatus: same },
  content_filtered: { blame: "client", retry: false, strike: false, waits: false, clientStatus: same },
  model_unavailable: { blame: "key_model", retry: true, strike: false, waits: false, clientStatus: same },
  rate_limited: { blame: "key", retry: true, strike: false, waits: true, clientStatus: () => 429 },
  quota_exhausted: { blame: "key", retry: true, strike: false, waits: true, clientStatus: () => 429 },
  no_credit: { blame: "key", retry: true, strike: false, waits: false, clientStatus: () => 503 },
  invalid_key: { blame: "key", retry: true, strike: false, waits: false, clientStatus: () => 503 },
  forbidden_key: { blame: "key", retry: true, strike: false, waits: false, clientStatus: () => 503 },
  overloaded: { blame: "host", retry: true, strike: true, waits: true, clientStatus: () => 503 },
  upstream_error: {
    blame: "host",
    retry: true,
    strike: true,
    waits: true,
    clientStatus: (status) => (status === 408 ? 504 : passing(status) ? status : 502),
  },
  upstream_timeout: { blame: "host", retry: true, strike: true, waits: false, clientStatus: () => 504 },
  in_stream_error: { blame: "host", retry: true, strike: true, waits: true, clientStatus: () => 502 },
  not_an_api_answer: { blame: "host", retry: true, strike: true, waits: true, clientStatus: () => 502 },
  // Nobody is left to read the status; 499 is what logs know it by.
  client_closed: { blame: "client", retry: false, strike: false, waits: false, clientStatus: () => 499 },
};

interface VerdictFacts {
  outcome: Outcome;
  /** The status that the answer stands for, which its body may state better than its status line. */
  status: number;
  reason: string;
  /** Where it differs from the outcome's own. */
  blame?: Blame | undefined;
  waitMs?: number | null;
}

export function verdictOf({ outcome, status, reason, blame, waitMs }: VerdictFacts): Verdict {
  const traits = TRAITS[outcome];
  return {
    outcome,
    blame: blame ?? traits.blame,
    retry: traits.retry,
    cooldownMs: traits.waits ? (waitMs ?? null) : null,
    strike: traits.strike,
    clientStatus: traits.clientStatus(status),
    reason,
  };
}

export const OK = verdictOf({ outcome: "ok", status: 200, reason: "" });

export const CLIENT_CLOSED = verdictOf({
  outcome: "client_closed",
  status: 499,
  reason: "The client closed the connection",
});

/** One line for people: no line ends, no secrets, at most 500 characters with the status in brackets. */
export function plainReason(text: string, status: number, secrets: readonly string[]): string {
  const ending = ` (${status})`;
  // Cut generously before redacting, so that a huge text costs nothing; cut exactly after it.
  const line = redact(text.slice(0, 4 * LONGEST_REASON_CHARS), secrets)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const room = LONGEST_REASON_CHARS - ending.length;
  const short = line.length <= room ? line : `${line.slice(0, room - 1).replace(/[\ud800-\udbff]$/, "")}…`;
  return short + ending;
}
