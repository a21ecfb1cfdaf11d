import type { Blame, Outcome, Verdict } from "../types.ts";
import type { HeaderList } from "../upstream/types.ts";
import type { ErrorShape } from "./error-shapes.ts";
import { namesLongPeriod, namesModel } from "./limit-scope.ts";
import { outcomeOfStatus, SIGNALS } from "./outcome-signals.ts";
import type { Signal } from "./signal.ts";
import { exhaustedWindow, statedWait } from "./stated-wait.ts";
import { plainReason, verdictOf } from "./verdict.ts";

/** A stated wait this long is a quota, whatever the provider calls it. */
const QUOTA_FROM_MS = 3_600_000;

/** What a verdict on an error takes from around its body. */
interface Surroundings {
  headers: HeaderList;
  /** Wall clock, epoch ms. */
  now: number;
  secrets?: readonly string[] | undefined;
}

/**
 * An error in whatever shape: its text, type and code beat the status, and what an aggregator quotes beats its own
 * words. `httpStatus` is that of the status line, which may be 200.
 */
export function judgeError(error: ErrorShape, httpStatus: number, around: Surroundings): Verdict {
  const { quoted } = error;
  const status = statusOf(error, httpStatus);
  const said = quoted === null ? error.text : `${quoted.text}\n${error.text}`;
  const names = [...(quoted?.names ?? []), ...error.names].join("\n");
  const signal = (quoted === null ? undefined : signalOf(quoted, status)) ?? signalOf(error, status);
  const waitMs = statedWait(around.headers, error, around.now);
  const isLong = isLongLimit(`${said}\n${names.replaceAll("_", " ")}`, around);
  const outcome = requestedAboveLimit(said)
    ? "client_error"
    : signal === undefined
      ? outcomeByStatus(status, said, isLong, waitMs)
      : withQuota(signal.outcome, isLong, waitMs);
  return verdictOf({
    ...withScope(outcome, signal?.blame, error.relayed, `${said}\n${names}`),
    status,
    waitMs,
    reason: plainReason(reasonText(error), status, around.secrets ?? []),
  });
}

/** The first row of the table that fits. */
function signalOf(error: ErrorShape, status: number): Signal | undefined {
  return SIGNALS.find(({ status: statuses, names, text }) => {
    if (statuses !== undefined && !statuses.includes(status)) return false;
    if (names === undefined && text === undefined) return true;
    return names?.some((name) => error.names.has(name)) === true || text?.test(error.text) === true;
  });
}

/** What a 200 or a gateway's 5xx carries inside states the true status better than its status line. */
function statusOf(error: ErrorShape, httpStatus: number): number {
  const stated = error.quoted?.status ?? error.status;
  const lineSaysLittle = httpStatus < 400 || httpStatus >= 500 || error.quoted !== null;
  return stated !== null && lineSaysLittle ? stated : httpStatus;
}

function isLongLimit(text: string, around: Surroundings): boolean {
  const window = exhaustedWindow(around.headers, around.now);
  return namesLongPeriod(text) || (window !== null && /\bday\b/.test(window.header));
}

/** Nothing in the answer is known: the status decides, but a 402 or 403 may still speak of a limit by the month. */
function outcomeByStatus(status: number, said: string, isLong: boolean, waitMs: number | null): Outcome {
  const outcome = outcomeOfStatus(status);
  if ((status === 402 || status === 403) && isLong && /limit|quota/i.test(said)) return "quota_exhausted";
  return withQuota(outcome, isLong, waitMs);
}

function withQuota(outcome: Outcome, isLong: boolean, waitMs: number | null): Outcome {
  if (outcome !== "rate_limited") return outcome;
  return isLong || (waitMs !== null && waitMs >= QUOTA_FROM_MS) ? "quota_exhausted" : outcome;
}

const LIMITS: readonly Outcome[] = ["rate_limited", "quota_exhausted", "forbidden_key"];
const KEY_TROUBLES: readonly Outcome[] = [...LIMITS, "no_credit", "invalid_key"];

/** Limits and refusals that name a model, or that an aggregator only relays, concern the key for this model alone. */
function withScope(
  outcome: Outcome,
  blame: Blame | undefined,
  relayed: boolean,
  text: string,
): { outcome: Outcome; blame?: Blame | undefined } {
  if (relayed && KEY_TROUBLES.includes(outcome)) {
    // The aggregator's own key at its provider is bad: ours is not.
    return { outcome: outcome === "invalid_key" ? "forbidden_key" : outcome, blame: "key_model" };
  }
  if (!LIMITS.includes(outcome)) return { outcome, blame: outcome === "no_credit" ? blame : undefined };
  return { outcome, blame: blame ?? (namesModel(text) ? "key_model" : undefined) };
}

/** "Limit 7000, Used 0, Requested ~12903": it can never pass on this key, in spite of the wait that is stated. */
function requestedAboveLimit(text: string): boolean {
  const numbers = /\blimit:? ?~?([\d,]{1,15})\b[^\n]{0,80}?\brequested:? ?~?([\d,]{1,15})\b/i.exec(text);
  if (numbers === null) return false;
  const [limit = 0, requested = 0] = numbers.slice(1).map((part) => Number(part.replaceAll(",", "")));
  return requested > limit;
}

function reasonText(error: ErrorShape): string {
  const own = error.message === "" ? [...error.names].join(", ") : error.message;
  const quoted = error.quoted?.message ?? "";
  const said = quoted === "" || own.includes(quoted) ? own : `${own}: ${quoted}`;
  return said === "" ? "No explanation" : said;
}
