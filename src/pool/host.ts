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
/** After the first success so many more may run, twice as many each second, until after this time all may. */
const OPENING_MS = 5_000;
const OPENING_DOUBLES_EACH_MS = 500;
/** So many "overloaded" in a row, without a success, and the host is left alone for a moment. */
const OVERLOADS_TO_PAUSE = 3;
const FIRST_OVERLOAD_PAUSE_MS = 200;
const LONGEST_OVERLOAD_PAUSE_MS = 2_000;

/**
 * What is known of one upstream as a whole. A host's trouble is state of the upstream and changes no key's
 * status. All times are monotonic ms.
 */
export class Host {
  /** How many of its keys are enabled; kept by the pool. */
  enabledKeys = 0;
  /** How many of its keys are set aside for strikes; kept by the pool. */
  ejectedKeys = 0;
  /** When the present row of failures began. */
  rowBeganAt = 0;
  failuresInARow = 0;
  /** How many of the row were rate limits of keys that had just been served well. */
  #limitsInARow = 0;
  #failedKeys = new Set<string>();
  #lastFailure: string | null = null;
  /** How many pauses in a row; 0: the breaker is closed. */
  #pauses = 0;
  #openUntil = 0;
  #opening = { since: Number.NEGATIVE_INFINITY, successes: 0 };
  #overloads = 0;
  #overloadedUntil = 0;
  /** Attempts under way that began while it was unknown whether the host is back, or just after. */
  #careful = 0;
  #lastTrialAt = 0;
  /** Of the present time of care; attempts of an earlier one do not count in it. */
  #ticket = 0;
  #lastOk = { keyId: "", at: Number.NEGATIVE_INFINITY };
  #lastOkOfAnother = Number.NEGATIVE_INFINITY;

  constructor(readonly upstreamId: string) {}

  /** Whether an attempt may begin now. */
  admits(now: number): boolean {
    if (now < this.#overloadedUntil) return false;
    if (this.#pauses > 0) {
      if (now < this.#openUntil) return false;
      // Trials may hang; then another one begins now and then.
      return this.#careful < TRIALS_AT_ONCE || now >= this.#lastTrialAt + LONGEST_PAUSE_MS;
    }
    const openingMs = now - this.#opening.since;
    if (openingMs >= OPENING_MS) return true;
    const atOnce =
      (TRIALS_AT_ONCE + this.#opening.successes) * 2 ** Math.floor(openingMs / OPENING_DOUBLES_EACH_MS);
    return this.#careful < atOnce;
  }

  /** The moment of the next attempt at the earliest; `now` where it hangs on requests that end. */
  admitsAt(now: number): number {
    return Math.max(now, this.#overloadedUntil, this.#pauses > 0 ? this.#openUntil : 0);
  }

  /** Whether its keys were limited all at once: then the limit is the provider's or the address's, not theirs. */
  get isLimited(): boolean {
    return this.#pauses > 0 && this.#limitsInARow > 0;
  }

  /** To be called when an attempt begins; the ticket is for `ended`. */
  began(now: number): number {
    if (this.#pauses === 0 && now - this.#opening.since >= OPENING_MS) return 0;
    this.#careful += 1;
    this.#lastTrialAt = now;
    return this.#ticket;
  }

  ended(ticket: number): void {
    if (ticket > 0 && ticket === this.#ticket) this.#careful -= 1;
  }

  succeeded(keyId: string, now: number): void {
    if (this.#lastOk.keyId !== keyId) {
      this.#lastOkOfAnother = this.#lastOk.at;
      this.#lastOk = { keyId, at: now };
    } else {
      this.#lastOk.at = now;
    }
    this.#overloads = 0;
    this.#opening.successes += 1;
    if (this.failuresInARow > 0) this.#endRow();
    if (this.#pauses === 0) return;
    this.#pauses = 0;
    this.#opening = { since: now, successes: 1 };
  }

  /** A failure of the host itself. */
  failed(keyId: string, now: number, reason: string): void {
    this.#countFailure(keyId, now, reason);
  }

  /** A rate limit without notice, on a key that was served well a moment ago. Answers whether this opened the breaker. */
  limited(keyId: string, now: number, reason: string): boolean {
    const wasLimited = this.isLimited;
    this.#limitsInARow += 1;
    this.#countFailure(keyId, now, reason);
    return !wasLimited && this.isLimited;
  }

  /** `chance`: in [0, 1), so that not everybody comes back at the same moment. */
  overloaded(now: number, chance: number): void {
    this.#overloads += 1;
    if (this.#overloads < OVERLOADS_TO_PAUSE) return;
    const growth = 2 ** Math.min(this.#overloads - OVERLOADS_TO_PAUSE, 10);
    const pauseMs = Math.min(FIRST_OVERLOAD_PAUSE_MS * growth, LONGEST_OVERLOAD_PAUSE_MS);
    this.#overloadedUntil = Math.max(this.#overloadedUntil, now + pauseMs * (0.5 + 0.5 * chance));
  }

  /** When a key other than this one was answered well last. */
  othersOkAt(keyId: string): number {
    return this.#lastOk.keyId === keyId ? this.#lastOkOfAnother : this.#lastOk.at;
  }

  health(now: number, toWallClock: (monotonic: number) => number): UpstreamHealth {
    const open = this.#pauses > 0;
    return {
      breaker: !open ? "closed" : now < this.#openUntil ? "open" : "half_open",
      openUntil: open ? toWallClock(this.#openUntil) : null,
      failuresInARow: this.failuresInARow,
      lastFailure: this.failuresInARow > 0 ? this.#lastFailure : null,
    };
  }

  #countFailure(keyId: string, now: number, reason: string): void {
    if (this.failuresInARow === 0) this.rowBeganAt = now;
    this.failuresInARow += 1;
    this.#lastFailure = reason;
    if (this.#failedKeys.size < KEYS_TO_OPEN) this.#failedKeys.add(keyId);
    const enoughKeys = this.#failedKeys.size >= Math.min(KEYS_TO_OPEN, Math.max(1, this.enabledKeys));
    if (this.failuresInARow < FAILURES_TO_OPEN || !enoughKeys || now < this.#openUntil) return;
    this.#openUntil = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses);
    if (this.#pauses === 0) {
      this.#ticket += 1;
      this.#careful = 0;
    }
    this.#pauses = Math.min(this.#pauses + 1, 10);
  }

  #endRow(): void {
    this.failuresInARow = 0;
    this.#limitsInARow = 0;
    this.#failedKeys.clear();
  }
}

/** The hosts of all keys, and how many keys each has. */
export class Hosts {
  #byUpstream = new Map<string, Host>();

  of(upstreamId: string): Host {
    let host = this.#byUpstream.get(upstreamId);
    if (host === undefined) {
      host = new Host(upstreamId);
      this.#byUpstream.set(upstreamId, host);
    }
    return host;
  }

  /** False where no attempt at all may begin: then no key needs to be looked at. */
  someAdmit(now: number): boolean {
    for (const host of this.#byUpstream.values()) if (host.enabledKeys > 0 && host.admits(now)) return true;
    return false;
  }
}
