import type { UpstreamHealth } from "../types.ts";

/** A host's breaker opens only after this many failed attempts in a row, without one success, … */
const FAILURES_TO_OPEN = 20;
/** … over at least this many keys, or all where there are fewer. */
const KEYS_TO_OPEN = 3;
const FIRST_PAUSE_MS = 1_000;
/** Short, so that service is back within 5 s after the host is. */
const LONGEST_PAUSE_MS = 4_000;
/** How many attempts may run at once while it is unknown whether the host is back. */
const TRIALS_AT_ONCE = 3;

/**
 * What is known of one upstream as a whole. A host's trouble is state of the upstream and changes no key's
 * status. All times are monotonic ms.
 */
export class Host {
  /** How many of its keys are enabled; kept by the pool. */
  enabledKeys = 0;
  /** How many of its keys are set aside for strikes; kept by the pool. */
  ejectedKeys = 0;
  #failuresInARow = 0;
  #failedKeys = new Set<string>();
  #lastFailure: string | null = null;
  #opened = 0;
  #openUntil = 0;
  #trials = 0;
  #lastOk = { keyId: "", at: Number.NEGATIVE_INFINITY };
  #lastOkOfAnother = Number.NEGATIVE_INFINITY;

  constructor(readonly upstreamId: string) {}

  /** Whether an attempt may begin now. */
  admits(now: number): boolean {
    if (this.#opened === 0) return true;
    return now >= this.#openUntil && this.#trials < TRIALS_AT_ONCE;
  }

  /** Ms until the next trial may begin; at least 1. */
  pauseLeftMs(now: number): number {
    return Math.max(1, this.#openUntil - now);
  }

  /** To be called when an attempt begins; answers whether it is a trial, which `ended` wants to know. */
  began(): boolean {
    if (this.#opened === 0) return false;
    this.#trials += 1;
    return true;
  }

  ended(trial: boolean): void {
    if (trial && this.#trials > 0) this.#trials -= 1;
  }

  succeeded(keyId: string, now: number): void {
    if (this.#lastOk.keyId !== keyId) {
      this.#lastOkOfAnother = this.#lastOk.at;
      this.#lastOk = { keyId, at: now };
    } else {
      this.#lastOk.at = now;
    }
    if (this.#failuresInARow === 0 && this.#opened === 0) return;
    this.#failuresInARow = 0;
    this.#failedKeys.clear();
    this.#opened = 0;
    this.#trials = 0;
  }

  failed(keyId: string, now: number, reason: string): void {
    this.#failuresInARow += 1;
    this.#lastFailure = reason;
    if (this.#failedKeys.size < KEYS_TO_OPEN) this.#failedKeys.add(keyId);
    const enoughKeys = this.#failedKeys.size >= Math.min(KEYS_TO_OPEN, Math.max(1, this.enabledKeys));
    if (this.#failuresInARow < FAILURES_TO_OPEN || !enoughKeys || now < this.#openUntil) return;
    this.#openUntil = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#opened);
    this.#opened = Math.min(this.#opened + 1, 10);
  }

  /** Whether a key other than this one was answered well since that moment: then a failure is the key's own. */
  othersSucceededSince(keyId: string, since: number): boolean {
    const at = this.#lastOk.keyId === keyId ? this.#lastOkOfAnother : this.#lastOk.at;
    return at >= since;
  }

  health(now: number, toWallClock: (monotonic: number) => number): UpstreamHealth {
    const open = this.#opened > 0;
    return {
      breaker: !open ? "closed" : now < this.#openUntil ? "open" : "half_open",
      openUntil: open ? toWallClock(this.#openUntil) : null,
      failuresInARow: this.#failuresInARow,
      lastFailure: this.#failuresInARow > 0 ? this.#lastFailure : null,
    };
  }
}
