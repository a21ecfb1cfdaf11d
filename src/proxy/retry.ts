import type { Verdict } from "../types.ts";

const BUDGET_WINDOW_MS = 10_000;
const BUDGET_SLOTS = 10;
/** Retries may be this share of the requests of the window … */
const BUDGET_SHARE = 0.2;
/** … but never fewer than this, so that a quiet server still fails over. */
const BUDGET_FLOOR = 10;

/** Keeps an outage from being multiplied: how many retries an upstream gets, beside its requests. Times: monotonic ms. */
export class RetryBudget {
  #requests = new Float64Array(BUDGET_SLOTS);
  #retries = new Float64Array(BUDGET_SLOTS);
  #slot = 0;

  countRequest(now: number): void {
    this.#turnTo(now);
    this.#requests[this.#slot % BUDGET_SLOTS]! += 1;
  }

  /** Takes one retry from the budget; false where it is used up. */
  take(now: number): boolean {
    this.#turnTo(now);
    const allowed = Math.max(BUDGET_FLOOR, sum(this.#requests) * BUDGET_SHARE);
    if (sum(this.#retries) >= allowed) return false;
    this.#retries[this.#slot % BUDGET_SLOTS]! += 1;
    return true;
  }

  #turnTo(now: number): void {
    const slot = Math.floor(now / (BUDGET_WINDOW_MS / BUDGET_SLOTS));
    const steps = Math.min(Math.max(0, slot - this.#slot), BUDGET_SLOTS);
    for (let step = 1; step <= steps; step += 1) {
      this.#requests[(this.#slot + step) % BUDGET_SLOTS] = 0;
      this.#retries[(this.#slot + step) % BUDGET_SLOTS] = 0;
    }
    if (steps > 0) this.#slot = slot;
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

export interface RetrySettings {
  maxKeySwitches: number;
  maxRetries: number;
  retryDeadlineMs: number;
  failoverDelayMs: number;
}

/**
 * Whether one request goes on after a failed attempt. Walking the pool past keys that are themselves at fault and
 * repeating work after the host failed are counted apart: the first is cheap and must not stop early, the second
 * multiplies an outage.
 */
export class RetryPlan {
  #keySwitches = 0;
  #retries = 0;

  constructor(
    private readonly settings: RetrySettings,
    /** When the request came, monotonic ms. */
    private readonly startedAt: number,
    /** It makes something at the provider, so it is repeated only where the provider surely did not do it. */
    private readonly creates: boolean,
  ) {}

  /** How long until no new attempt may begin, in ms. */
  msLeft(now: number): number {
    return Math.max(0, this.startedAt + this.settings.retryDeadlineMs - now);
  }

  /** Whether another model may still be tried, where this one's attempts are used up. */
  mayFallBack(verdict: Verdict, answered: boolean, now: number): boolean {
    if (!verdict.retry || (this.creates && !answered)) return false;
    return this.msLeft(now) > 0;
  }

  /** `answered`: the upstream gave an answer, or certainly never saw the request. */
  goesOn(
    verdict: Pick<Verdict, "retry" | "blame">,
    answered: boolean,
    now: number,
    budget: RetryBudget,
  ): boolean {
    if (!verdict.retry) return false;
    if (this.creates && !answered) return false;
    if (this.msLeft(now) <= this.settings.failoverDelayMs) return false;
    if (verdict.blame === "host") {
      if (this.#retries >= this.settings.maxRetries || !budget.take(now)) return false;
      this.#retries += 1;
      return true;
    }
    if (this.#keySwitches >= this.settings.maxKeySwitches) return false;
    this.#keySwitches += 1;
    return true;
  }
}
