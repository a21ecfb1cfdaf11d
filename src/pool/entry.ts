import type { Cooldown, Key, KeyState } from "../types.ts";
import { LearntHeadroom } from "./headroom.ts";
import type { Host } from "./host.ts";
import { Latency } from "./latency.ts";
import { MinuteWindow } from "./minute-window.ts";

/** A cooldown on the monotonic clock, which no change of the wall clock can shorten or stretch. */
export interface RunningCooldown {
  untilMonotonic: number;
  cooldown: Cooldown;
  /** The answer stated no time: the wait is a guess, which may be taken back. */
  isGuess: boolean;
}

/** What a key used within the last minute; kept only where it has such a limit. */
export interface MinuteUse {
  requests: MinuteWindow;
  tokens: MinuteWindow;
  /** Tokens spoken for by requests under way. */
  reservedTokens: number;
}

/** One key in the pool's memory: what people configured, what happened, what runs now. Times: monotonic ms. */
export interface Entry {
  /** Its place in the ring; never changes while the key lives. */
  slot: number;
  key: Key;
  secret: string;
  state: KeyState;
  host: Host;
  /** Of its id, for `prompt_affinity`. */
  hash: number;
  inFlight: number;
  /** Those of them of which the provider has said nothing yet. */
  unanswered: number;
  minute: MinuteUse | null;
  latency: Latency;
  /** Null until a provider tells something. */
  headroom: LearntHeadroom | null;
  /** By model; `""` is for every model. */
  cooldowns: Map<string, RunningCooldown>;
  /** When `state.condition` allows a trial; Infinity: not by time alone; 0: no condition. */
  trialAt: number;
  /** When it came back from a condition: its share grows from then on. */
  recoveredAt: number;
  lastOkAt: number;
  lastStrikeAt: number;
  /** Strikes of the present row before which another key of the host was answered well: those are its own. */
  ownStrikes: number;
  /** When a wait was guessed last. */
  guessedAt: number;
  /** The earliest look that is planned in the pool's wake queue; Infinity where none is. */
  wakeAt: number;
  removed: boolean;
}

export const EVERY_MODEL = "";
const NEVER = Number.NEGATIVE_INFINITY;

export function newKeyState(keyId: string): KeyState {
  return {
    keyId,
    requestCount: 0,
    successCount: 0,
    failureCount: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    strikes: 0,
    ejections: 0,
    unstatedLimits: 0,
    dailyUsed: 0,
    dailyDay: "",
    lastUsedAt: null,
    condition: null,
    cooldowns: [],
  };
}

export interface NewEntry {
  slot: number;
  key: Key;
  secret: string;
  state: KeyState;
  host: Host;
}

/** Brings the stored wall-clock times of a state onto the monotonic clock. */
export function createEntry(from: NewEntry, now: number, monotonic: number): Entry {
  const { condition } = from.state;
  const entry: Entry = {
    ...from,
    hash: Bun.hash.xxHash32(from.key.id),
    inFlight: 0,
    unanswered: 0,
    minute: minuteUseFor(from.key),
    latency: new Latency(),
    headroom: null,
    cooldowns: new Map(),
    trialAt: condition === null ? 0 : monotonicOf(condition.until, now, monotonic),
    recoveredAt: NEVER,
    lastOkAt: NEVER,
    lastStrikeAt: NEVER,
    ownStrikes: 0,
    guessedAt: NEVER,
    wakeAt: Number.POSITIVE_INFINITY,
    removed: false,
  };
  for (const cooldown of from.state.cooldowns) {
    if (cooldown.until <= now) continue;
    const untilMonotonic = monotonicOf(cooldown.until, now, monotonic);
    entry.cooldowns.set(cooldown.model ?? EVERY_MODEL, { untilMonotonic, cooldown, isGuess: false });
  }
  return entry;
}

export function minuteUseFor(key: Key): MinuteUse | null {
  if (key.rpmLimit === null && key.tpmLimit === null) return null;
  return { requests: new MinuteWindow(), tokens: new MinuteWindow(), reservedTokens: 0 };
}

export function headroomOf(entry: Entry): LearntHeadroom {
  entry.headroom ??= new LearntHeadroom();
  return entry.headroom;
}

/** Null: not by time alone. */
export function monotonicOf(wall: number | null, now: number, monotonic: number): number {
  return wall === null ? Number.POSITIVE_INFINITY : monotonic + Math.max(0, wall - now);
}
