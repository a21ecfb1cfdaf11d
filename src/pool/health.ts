import type { Condition, Outcome, Verdict } from "../types.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** An unstated wait doubles with each one in a row, up to this. */
const LONGEST_UNSTATED_WAIT_MS = HOUR_MS;
/** Spread over this share of an unstated wait, so that keys limited together do not come back together. */
const JITTER = 0.2;
/** A key (or key and model) that may not do this: region, permission, no free tier. */
const FORBIDDEN_WAIT_MS = DAY_MS;
/** An ejection lasts this long times the number of ejections in a row, at most ten minutes. */
const EJECTION_STEP_MS = 30 * SECOND_MS;
const LONGEST_EJECTION_MS = 600 * SECOND_MS;
/** A key without credit gets one real request after this, then after twice as long each time, up to a day. */
const NO_CREDIT_FIRST_TRIAL_MS = 300 * SECOND_MS;
const LONGEST_TRIAL_WAIT_MS = DAY_MS;
/** At most this share of a host's keys is ever ejected for strikes: someone has to answer. */
const LARGEST_EJECTED_SHARE = 0.5;

export interface HealthSettings {
  maxFailureCount: number;
  rateLimitCooldownS: number;
}

/** What health needs of the pool: the time, chance, and the two ways to set a key aside. */
export interface HealthContext {
  settings: HealthSettings;
  now: number;
  monotonic: number;
  /** Ms until the next daily reset, for quotas that state no end. */
  untilDailyResetMs: number;
  random(): number;
  cool(entry: Entry, model: string, waitMs: number, verdict: Verdict): void;
  setCondition(entry: Entry, condition: Condition | null, verdict: Verdict): void;
}

/** When the attempt began, monotonic, so that an old success does not undo what came after it. */
interface AttemptFacts {
  model: string | null;
  beganAt: number;
}

type Effect = (entry: Entry, verdict: Verdict, attempt: AttemptFacts, context: HealthContext) => void;

const succeed: Effect = (entry, verdict, attempt, context) => {
  const { state } = entry;
  if (entry.firstStrikeAtMonotonic <= attempt.beganAt) state.strikes = 0;
  state.unstatedLimits = 0;
  const { condition } = state;
  if (condition === null) {
    state.ejections = 0;
    return;
  }
  const setAsideAt = context.monotonic - Math.max(0, context.now - condition.since);
  if (setAsideAt > attempt.beganAt) return;
  state.ejections = 0;
  context.setCondition(entry, null, verdict);
};

const coolDown: Effect = (entry, verdict, attempt, context) => {
  let waitMs = verdict.cooldownMs;
  if (waitMs === null) {
    const growth = 2 ** Math.min(entry.state.unstatedLimits, 12);
    entry.state.unstatedLimits += 1;
    const base = Math.min(context.settings.rateLimitCooldownS * SECOND_MS * growth, LONGEST_UNSTATED_WAIT_MS);
    waitMs = base * (1 + JITTER * context.random());
  }
  context.cool(entry, modelOf(verdict, attempt), waitMs, verdict);
};

const coolUntilReset: Effect = (entry, verdict, attempt, context) => {
  context.cool(entry, modelOf(verdict, attempt), verdict.cooldownMs ?? context.untilDailyResetMs, verdict);
};

const forbid: Effect = (entry, verdict, attempt, context) => {
  context.cool(entry, modelOf(verdict, attempt), verdict.cooldownMs ?? FORBIDDEN_WAIT_MS, verdict);
};

const disable: Effect = (entry, verdict, _attempt, context) => {
  context.setCondition(
    entry,
    { status: "invalid", reason: verdict.reason, since: context.now, until: null },
    verdict,
  );
};

const setAsideWithoutCredit: Effect = (entry, verdict, _attempt, context) => {
  const before = entry.state.condition;
  const waitedMs =
    before?.status === "no_credit" && before.until !== null ? (before.until - before.since) * 2 : 0;
  const waitMs = Math.min(Math.max(waitedMs, NO_CREDIT_FIRST_TRIAL_MS), LONGEST_TRIAL_WAIT_MS);
  const condition: Condition = {
    status: "no_credit",
    reason: verdict.reason,
    since: context.now,
    until: context.now + waitMs,
  };
  context.setCondition(entry, condition, verdict);
};

/** The host failed. The key is blamed only where others of its host succeed while it fails again and again. */
const strike: Effect = (entry, verdict, attempt, context) => {
  if (!verdict.strike) return;
  const { state, host } = entry;
  if (verdict.cooldownMs !== null) context.cool(entry, EVERY_MODEL, verdict.cooldownMs, verdict);
  if (state.strikes === 0) entry.firstStrikeAtMonotonic = attempt.beganAt;
  state.strikes += 1;
  const onTrial = state.condition !== null;
  if (!onTrial && state.strikes < context.settings.maxFailureCount) return;
  if (!onTrial && !host.othersSucceededSince(entry.key.id, entry.firstStrikeAtMonotonic)) return;
  if (!onTrial && host.ejectedKeys + 1 > host.enabledKeys * LARGEST_EJECTED_SHARE) return;
  state.ejections += 1;
  const waitMs = Math.min(EJECTION_STEP_MS * state.ejections, LONGEST_EJECTION_MS);
  const reason = `${state.strikes} failures in a row while other keys of this host succeed; the last: ${verdict.reason}`;
  context.setCondition(
    entry,
    { status: "ejected", reason, since: context.now, until: context.now + waitMs },
    verdict,
  );
};

const nothing: Effect = () => {};

/** What each outcome does to the key that answered. */
const effects: Record<Outcome, Effect> = {
  ok: succeed,
  client_error: nothing,
  content_filtered: nothing,
  model_unavailable: nothing,
  client_closed: nothing,
  rate_limited: coolDown,
  quota_exhausted: coolUntilReset,
  forbidden_key: forbid,
  no_credit: setAsideWithoutCredit,
  invalid_key: disable,
  overloaded: strike,
  upstream_error: strike,
  upstream_timeout: strike,
  not_an_api_answer: strike,
  in_stream_error: strike,
};

function modelOf(verdict: Verdict, attempt: AttemptFacts): string {
  return verdict.blame === "key_model" && attempt.model !== null ? attempt.model : EVERY_MODEL;
}

/** Applies an outcome to a key: the one place that decides what a failure does to it. */
export function applyVerdict(
  entry: Entry,
  verdict: Verdict,
  attempt: AttemptFacts,
  context: HealthContext,
): void {
  effects[verdict.cause ?? verdict.outcome](entry, verdict, attempt, context);
}
