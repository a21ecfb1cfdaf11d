import type { Clock } from "../clock.ts";

const FIRST_WAIT_MS = 1_000;
const MAX_WRONG_TRIES = 10;
const REFUSAL_MS = 15 * 60_000;
/** Addresses that are remembered; the one that tried longest ago goes first. */
const MAX_ADDRESSES = 10_000;
/** Over all addresses together: each wrong try of the last minute slows the next one, never beyond this. */
const MAX_DELAY_MS = 2_000;
const DELAY_FOR_EACH_MS = 50;
const FREE_TRIES_A_MINUTE = 10;
const WINDOW_MS = 60_000;

interface Tries {
  wrong: number;
  /** Monotonic ms. */
  notBefore: number;
  lastAt: number;
}

export type Admission =
  | { admitted: true; delayMs: number }
  /** `refused`: no mere wait between tries but the long one. */
  | { admitted: false; waitS: number; refused: boolean };

/**
 * Slows the guessing of a password. By address the waits grow: 1, 2, 4, 8 … s, and after 10 wrong tries the address
 * is refused for 15 minutes. Over all addresses tries are only slowed, so that nobody can lock the owner out.
 */
export class GuessGuard {
  #tries = new Map<string, Tries>();
  #windowStart = Number.NEGATIVE_INFINITY;
  #wrongInWindow = 0;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  /** Counts the try as wrong until `succeeded` says otherwise, so that many at once gain nothing. */
  admit(address: string): Admission {
    const now = this.clock.monotonic();
    const source = sourceOf(address);
    const known = this.#tries.get(source);
    const tries = known === undefined || now - known.lastAt >= REFUSAL_MS ? fresh() : known;
    if (now < tries.notBefore) {
      const waitS = Math.ceil((tries.notBefore - now) / 1_000);
      return { admitted: false, waitS, refused: tries.wrong >= MAX_WRONG_TRIES };
    }
    if (tries.wrong >= MAX_WRONG_TRIES) tries.wrong = 0;
    tries.wrong += 1;
    tries.lastAt = now;
    tries.notBefore =
      now + (tries.wrong >= MAX_WRONG_TRIES ? REFUSAL_MS : FIRST_WAIT_MS * 2 ** (tries.wrong - 1));
    this.#remember(source, tries);
    return { admitted: true, delayMs: this.#delay(now) };
  }

  succeeded(address: string): void {
    this.#tries.delete(sourceOf(address));
    this.#wrongInWindow = Math.max(0, this.#wrongInWindow - 1);
  }

  /** Seconds until the address may try again. */
  waitS(address: string): number {
    const tries = this.#tries.get(sourceOf(address));
    return tries === undefined
      ? 0
      : Math.max(0, Math.ceil((tries.notBefore - this.clock.monotonic()) / 1_000));
  }

  #remember(source: string, tries: Tries): void {
    this.#tries.delete(source);
    this.#tries.set(source, tries);
    if (this.#tries.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#tries.keys();
    if (oldest !== undefined) this.#tries.delete(oldest);
  }

  #delay(now: number): number {
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#wrongInWindow = 0;
    }
    this.#wrongInWindow += 1;
    const slowing = this.#wrongInWindow - FREE_TRIES_A_MINUTE;
    return Math.min(MAX_DELAY_MS, Math.max(0, slowing * DELAY_FOR_EACH_MS));
  }
}

function fresh(): Tries {
  return { wrong: 0, notBefore: 0, lastAt: 0 };
}

/** One household or server has a whole /64 of IPv6 addresses. */
function sourceOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const groups = head.split(":").filter((group) => group !== "");
  const after = tail === undefined ? [] : tail.split(":").filter((group) => group !== "");
  const missing = Math.max(0, 8 - groups.length - after.length);
  return [...groups, ...Array<string>(missing).fill("0"), ...after].slice(0, 4).join(":");
}
