import type { Condition, Outcome, Verdict } from "../types.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import type { LeaseFacts } from "./lease.ts";
import type { CoolReason, PoolSettings } from "./types.ts";

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** An unstated wait doubles with each one in a row, up to this. */
const LONGEST_UNSTATED_WAIT_MS = HOUR_MS;
/** Spread over this share of an unstated wait, so that keys limited together do not come back together. */
const JITTER = 0.2;
/** A key that may not use this model, or has no free tier for it, is not asked for it again before the next day. */
const FORBIDDEN_MODEL_WAIT_MS = DAY_MS;
/** An ejection lasts this long times the number of ejections in a row, at most ten minutes. */
const EJECTION_STEP_MS = 30 * SECOND_MS;
const LONGEST_EJECTION_MS = 600 * SECOND_MS;
/** A trial that found the host in trouble said nothing of the key: another one follows after this. */
const NEXT_TRIAL_MS = 10 * SECOND_MS;
/** So many failures of a host in a row say nothing of the host yet. */
const FEW_FAILURES = 2;
/** From one trial to the next a key without credit, or without permission, waits twice as long, up to this. */
const LONGEST_TRIAL_WAIT_MS = DAY_MS;
/** At most this share of a host's keys is ever ejected for strikes: someone has to answer. */
const LARGEST_EJECTED_SHARE = 0.5;

/** What health needs of the pool: the time, chance, and the two ways to set a key aside. */
export interface HealthContext {
  readonly settings: PoolSettings;
  readonly now: number;
  readonly monotonic: number;
  /** Ms until the next daily reset, for quotas that state no end. */
  readonly untilDailyResetMs: number;
  random(): number;
  cool(entry: Entry, model: string, waitMs: number, why: CoolReason, isGuess: boolean): void;
  setCondition(entry: Entry, condition: Condition | null, verdict: Verdict): void;
}

type Effect = (entry: Entry, verdict: Verdict, lease: LeaseFacts, context: HealthContext) => void;

const succeed: Effect = (entry, verdict, lease, context) => {
  const { state } = entry;
  const { condition } = state;
  if (lease.free) {
    // A list of models costs nothing: it proves that the key is valid, and nothing else.
    if (condition?.status === "invalid" && isLater(lease, condition, context))
      context.setCondition(entry, null, verdict);
    return;
  }
  if (entry.lastStrikeAt <= lease.beganAt) clearStrikes(entry);
  if (entry.guessedAt <= lease.beganAt) state.unstatedLimits = 0;
  if (condition !== null && !isLater(lease, condition, context)) return;
  state.ejections = 0;
  if (condition !== null) context.setCondition(entry, null, verdict);
};

/** What came of an attempt that began before the key was set aside does not undo that. */
function isLater(lease: LeaseFacts, condition: Condition, context: HealthContext): boolean {
  return lease.trial || lease.beganAt >= context.monotonic - Math.max(0, context.now - condition.since);
}

function clearStrikes(entry: Entry): void {
  entry.state.strikes = 0;
  entry.ownStrikes = 0;
}

/**
 * A wait that nobody stated: twice as long with each in a row. What came of several requests at once is one, and
 * not several in a row.
 */
function guessedWait(entry: Entry, baseMs: number, longestMs: number, lease: LeaseFacts, now: number) {
  const { state } = entry;
  if (entry.guessedAt <= lease.beganAt) state.unstatedLimits += 1;
  entry.guessedAt = now;
  return Math.min(baseMs * 2 ** Math.min(Math.max(0, state.unstatedLimits - 1), 20), longestMs);
}

function coolByGuess(
  entry: Entry,
  verdict: Verdict,
  lease: LeaseFacts,
  context: HealthContext,
  [baseMs, longestMs]: [number, number],
): void {
  const waitMs = guessedWait(entry, baseMs, longestMs, lease, context.monotonic);
  context.cool(entry, modelOf(verdict, lease), waitMs * (1 + JITTER * context.random()), verdict, true);
}

const coolDown: Effect = (entry, verdict, lease, context) => {
  if (verdict.cooldownMs !== null) {
    context.cool(entry, modelOf(verdict, lease), verdict.cooldownMs, verdict, false);
    return;
  }
  // All keys are limited at once: that is no one key's fault, and its host is given a pause instead.
  if (entry.host.isLimited) return;
  const baseMs = context.settings.rateLimitCooldownS * SECOND_MS;
  coolByGuess(entry, verdict, lease, context, [baseMs, Math.max(baseMs, LONGEST_UNSTATED_WAIT_MS)]);
};

const coolUntilReset: Effect = (entry, verdict, lease, context) => {
  const waitMs = verdict.cooldownMs ?? context.untilDailyResetMs;
  context.cool(entry, modelOf(verdict, lease), waitMs, verdict, false);
};

const forbid: Effect = (entry, verdict, lease, context) => {
  const { keyProbeIntervalS } = context.settings;
  if (verdict.cooldownMs !== null || verdict.blame === "key_model" || keyProbeIntervalS === 0) {
    const waitMs = verdict.cooldownMs ?? FORBIDDEN_MODEL_WAIT_MS;
    context.cool(entry, modelOf(verdict, lease), waitMs, verdict, false);
    return;
  }
  coolByGuess(entry, verdict, lease, context, [keyProbeIntervalS * SECOND_MS, LONGEST_TRIAL_WAIT_MS]);
};

const disable: Effect = (entry, verdict, _lease, context) => {
  const before = entry.state.condition;
  // How long it has been out decides when it is probed next.
  const since = before?.status === "invalid" ? before.since : context.now;
  context.setCondition(entry, { status: "invalid", reason: verdict.reason, since, until: null }, verdict);
};

const setAsideWithoutCredit: Effect = (entry, verdict, lease, context) => {
  const before = entry.state.condition;
  if (before?.status === "invalid") return;
  const isAgain = before?.status === "no_credit";
  // Several requests at once found the same; only a trial finds it again.
  if (isAgain && !lease.trial) return;
  const firstMs = context.settings.keyProbeIntervalS * SECOND_MS;
  const waitedMs = isAgain && before.until !== null ? before.until - before.since : 0;
  const waitMs = Math.min(Math.max(waitedMs * 2, firstMs), LONGEST_TRIAL_WAIT_MS);
  const condition: Condition = {
    status: "no_credit",
    reason: verdict.reason,
    since: context.now,
    until: firstMs === 0 ? null : context.now + waitMs,
  };
  context.setCondition(entry, condition, verdict);
};

/** The host failed. The key is blamed only where others of its host succeed while it fails again and again. */
const strike: Effect = (entry, verdict, lease, context) => {
  if (!verdict.strike) return;
  if (verdict.cooldownMs !== null) context.cool(entry, EVERY_MODEL, verdict.cooldownMs, verdict, false);
  const { state, host } = entry;
  // Others were answered well after this key's last failure and before this attempt: its host was well by then.
  const isOwn = state.strikes > 0 && lease.othersOkAt > entry.lastStrikeAt;
  state.strikes += 1;
  if (isOwn) entry.ownStrikes += 1;
  entry.lastStrikeAt = context.monotonic;
  const { condition } = state;
  if (condition !== null) {
    if (!lease.trial) return;
    if (condition.status === "ejected" && isOwn && host.failuresInARow <= FEW_FAILURES) {
      eject(entry, verdict, context);
      return;
    }
    context.setCondition(entry, { ...condition, until: context.now + NEXT_TRIAL_MS }, verdict);
    return;
  }
  const { maxFailureCount } = context.settings;
  if (state.strikes < maxFailureCount || entry.ownStrikes < Math.max(1, maxFailureCount - 1)) return;
  if (host.ejectedKeys + 1 > host.enabledKeys * LARGEST_EJECTED_SHARE) return;
  eject(entry, verdict, context);
};

function eject(entry: Entry, verdict: Verdict, context: HealthContext): void {
  const { state } = entry;
  state.ejections += 1;
  const waitMs = Math.min(EJECTION_STEP_MS * state.ejections, LONGEST_EJECTION_MS);
  const reason = `${state.strikes} failures in a row while other keys of this host succeed; the last: ${verdict.reason}`;
  const condition: Condition = {
    status: "ejected",
    reason,
    since: context.now,
    until: context.now + waitMs,
  };
  context.setCondition(entry, condition, verdict);
}

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

function modelOf(verdict: Verdict, lease: LeaseFacts): string {
  return verdict.blame === "key_model" && lease.model !== null ? lease.model : EVERY_MODEL;
}

/** Applies an outcome to a key: the one place that decides what a failure does to it. */
export function applyVerdict(
  entry: Entry,
  verdict: Verdict,
  lease: LeaseFacts,
  context: HealthContext,
): void {
  effects[verdict.cause ?? verdict.outcome](entry, verdict, lease, context);
}
