import type { Cooldown, Key, KeyState, KeyView, Verdict } from "../types.ts";

/** What operations and pages may ask of the pool in memory. */
export interface PoolControl {
  /** Adds a key or replaces its configuration; the state stays. Requests in flight on it go on. */
  put(key: Key, secret: string): void;
  remove(id: string): void;
  /** Clears cooldowns, strikes, ejection, `invalid` and `no_credit`. */
  reset(id: string): void;
  view(id: string): KeyView | null;
  views(): KeyView[];
}

/** The pool tells of changes through this; storage writes them behind, and nothing on a request's way waits. */
export interface PoolEvents {
  /** The key's counters, cooldowns or condition changed. Called often: the listener gathers. */
  stateChanged(state: KeyState): void;
  /** The key is gone: nothing of it is to be written any more. */
  removed(keyId: string): void;
  /** Round robin moved on. */
  rotated(name: string, keyId: string, used: number): void;
  cooled(keyId: string, cooldown: Cooldown, waitMs: number): void;
  /** The key went out of turn for longer than a cooldown, or came back. */
  conditionChanged(keyId: string, condition: KeyState["condition"], verdict: Verdict | null): void;
}
