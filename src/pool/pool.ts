import type { Clock } from "../clock.ts";
import { dayIn, nextMidnight } from "../time-zone.ts";
import type {
  Condition,
  Cooldown,
  Key,
  KeyState,
  KeyView,
  Strategy,
  UpstreamHealth,
  Usage,
  Verdict,
} from "../types.ts";
import { dailyUsed, nextChangeAt, obstacleFor, type Today } from "./availability.ts";
import { createEntry, type Entry, EVERY_MODEL, newKeyState } from "./entry.ts";
import { applyVerdict, type HealthContext, type HealthSettings } from "./health.ts";
import { Host } from "./host.ts";
import { viewOf } from "./key-view.ts";
import { ALL_POOLS, Lanes } from "./lanes.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { type Choice, type Rotation, strategies } from "./strategies.ts";
import type { PoolControl, PoolEvents } from "./types.ts";
import { WakeQueue } from "./wake-queue.ts";

/** Cooldowns for models of their own that a key remembers; beyond it the one that ends first is forgotten. */
const MAX_COOLDOWNS_PER_KEY = 200;
const LONGEST_WAIT_MS = 7 * 86_400_000;

export interface Ask {
  model: string | null;
  /** Null: the keys of all pools under the global strategy. */
  poolId: string | null;
  /** The pool's own strategy, where it has one. */
  strategy?: Strategy | null;
  /** Key ids that this request has tried. */
  tried: readonly string[];
}

/** A claimed key during one attempt. Whoever holds it releases it, exactly once. */
export interface Lease {
  readonly keyId: string;
  readonly upstreamId: string;
  readonly secret: string;
  readonly chosenBecause: string;
}

export type Claim = { lease: Lease; refusal: null } | { lease: null; refusal: Refusal };

export interface Ending {
  verdict: Verdict;
  usage: Usage | null;
  costUsd: number | null;
}

class PoolLease implements Lease {
  released = false;
  constructor(
    readonly entry: Entry,
    readonly chosenBecause: string,
    readonly model: string | null,
    readonly beganAt: number,
    readonly trialOfHost: boolean,
  ) {}
  get keyId(): string {
    return this.entry.key.id;
  }
  get upstreamId(): string {
    return this.entry.key.upstreamId;
  }
  get secret(): string {
    return this.entry.secret;
  }
}

/** The settings that the pool goes by (`settings.ts` tells their ranges). */
export interface PoolSettings extends HealthSettings {
  strategy: Strategy;
  rotationRequestCount: number;
  dailyResetTimeZone: string;
  defaultDailyLimit: number | null;
}

export interface PoolOptions {
  clock: Clock;
  settings: () => PoolSettings;
  events: PoolEvents;
}

/**
 * Which key next? Synchronous and in memory: `claim` picks an available key, `release` learns from the outcome.
 * A claimed key is always released, exactly once.
 */
export class KeyPool implements PoolControl {
  #entries: (Entry | undefined)[] = [];
  #freeSlots: number[] = [];
  #byId = new Map<string, Entry>();
  #hosts = new Map<string, Host>();
  #rotations = new Map<string, Rotation>();
  #lanes: Lanes;
  #wake = new WakeQueue<Entry>();
  #today: Today & { startsAt: number; endsAt: number; zone: string };

  constructor(private readonly options: PoolOptions) {
    this.#lanes = new Lanes(
      () => this.#byId.values(),
      (entry, model) => obstacleFor(entry, model, options.clock.monotonic(), this.#today) === null,
    );
    this.#today = this.#dayAt(options.clock.now(), options.clock.monotonic());
  }

  /** Picks a key that may serve this request now, or says why none can. */
  claim(ask: Ask): Claim {
    const now = this.options.clock.monotonic();
    this.#passTime(now);
    const settings = this.options.settings();
    const scope = ask.poolId ?? ALL_POOLS;
    const model = ask.model ?? EVERY_MODEL;
    const strategy = ask.strategy ?? settings.strategy;
    const choice: Choice = {
      ready: this.#lanes.ready(scope, model),
      entryAt: (slot) => this.#entries[slot] as Entry,
      accepts: (slot) => {
        const entry = this.#entries[slot] as Entry;
        return entry.host.admits(now) && !ask.tried.includes(entry.key.id);
      },
      rotation: this.#rotation(scope),
      turnLength: settings.rotationRequestCount,
      random: this.options.clock.random,
    };
    const slot = choice.ready.size === 0 ? -1 : (strategies[strategy] ?? strategies.round_robin)(choice);
    if (slot < 0) return { lease: null, refusal: this.#refusal(scope, model, ask.tried, now) };
    const entry = this.#entries[slot] as Entry;
    if (strategy === "round_robin") {
      this.options.events.rotated(scope, entry.key.id, choice.rotation.used);
    }
    return { lease: this.#lease(entry, because(strategy, choice, ask), ask.model, now), refusal: null };
  }

  #lease(entry: Entry, chosenBecause: string, model: string | null, now: number): Lease {
    entry.inFlight += 1;
    entry.state.dailyUsed = dailyUsed(entry, this.#today) + 1;
    entry.state.dailyDay = this.#today.day;
    if (isBounded(entry, this.#today)) this.#refresh(entry, now);
    return new PoolLease(entry, chosenBecause, model, now, entry.host.began());
  }

  /** Claims this very key whatever its status, for a test by hand; null where it does not exist. */
  claimKey(id: string): Lease | null {
    const entry = this.#byId.get(id);
    if (entry === undefined) return null;
    return this.#lease(entry, "test by hand", null, this.options.clock.monotonic());
  }

  release(lease: Lease, ending: Ending): void {
    if (!(lease instanceof PoolLease)) throw new Error("this lease is not of this pool");
    if (lease.released) throw new Error(`the lease of key ${lease.keyId} was released twice`);
    lease.released = true;
    const { entry } = lease;
    const { verdict } = ending;
    const now = this.options.clock.monotonic();
    entry.inFlight -= 1;
    entry.host.ended(lease.trialOfHost);
    this.#tellHost(entry, verdict, now);
    if (!entry.removed) {
      this.#count(entry, ending);
      applyVerdict(entry, verdict, { model: lease.model, beganAt: lease.beganAt }, this.#healthContext(now));
      this.#refresh(entry, now);
      this.options.events.stateChanged(entry.state);
    }
  }

  #tellHost(entry: Entry, verdict: Verdict, now: number): void {
    if (verdict.outcome === "ok") entry.host.succeeded(entry.key.id, now);
    else if (verdict.blame === "host" && verdict.strike) entry.host.failed(entry.key.id, now, verdict.reason);
  }

  #count(entry: Entry, { verdict, usage, costUsd }: Ending): void {
    const { state } = entry;
    state.requestCount += 1;
    state.lastUsedAt = this.options.clock.now();
    if (verdict.outcome === "ok") state.successCount += 1;
    else if (verdict.blame !== "client" && verdict.blame !== "none") state.failureCount += 1;
    // What the provider refused for the key's sake is not used up.
    if (verdict.blame === "key" || verdict.blame === "key_model") {
      state.dailyUsed = Math.max(0, dailyUsed(entry, this.#today) - 1);
      state.dailyDay = this.#today.day;
    }
    if (usage !== null) {
      state.inputTokens += usage.inputTokens;
      state.outputTokens += usage.outputTokens;
    }
    if (costUsd !== null) state.costUsd += costUsd;
  }

  // --- what people change -------------------------------------------------------------------------------

  put(key: Key, secret: string): void {
    const now = this.options.clock.monotonic();
    const existing = this.#byId.get(key.id);
    if (existing === undefined) {
      this.restore(key, secret, newKeyState(key.id));
      return;
    }
    this.#lanes.remove(existing);
    this.#leaveHost(existing);
    existing.key = key;
    existing.secret = secret;
    existing.host = this.#host(key.upstreamId);
    this.#enterHost(existing);
    this.#refresh(existing, now);
  }

  /** Takes in a key with what is known of it from before a restart. */
  restore(key: Key, secret: string, state: KeyState): void {
    const { clock } = this.options;
    const slot = this.#freeSlots.pop() ?? this.#entries.length;
    const host = this.#host(key.upstreamId);
    const entry = createEntry(slot, key, secret, state, host, clock.now(), clock.monotonic());
    this.#entries[slot] = entry;
    this.#byId.set(key.id, entry);
    this.#enterHost(entry);
    for (const model of entry.cooldowns.keys()) if (model !== EVERY_MODEL) this.#lanes.modelCools(model);
    this.#refresh(entry, clock.monotonic());
  }

  /** Round robin goes on from where it stood. */
  restoreRotation(scope: string, keyId: string, used: number): void {
    const entry = this.#byId.get(keyId);
    if (entry !== undefined) this.#rotations.set(scope, { slot: entry.slot, used });
  }

  /** Requests in flight on it finish; none new begins. */
  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#clearCooldowns(entry);
    this.#lanes.remove(entry);
    this.#leaveHost(entry);
    entry.removed = true;
    this.#byId.delete(id);
    this.#entries[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
    this.options.events.removed(id);
  }

  reset(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#clearCooldowns(entry);
    this.#changeCondition(entry, null);
    Object.assign(entry.state, { strikes: 0, ejections: 0, unstatedLimits: 0, cooldowns: [] });
    this.#refresh(entry, this.options.clock.monotonic());
    this.options.events.stateChanged(entry.state);
  }

  /** To be called when a setting changed that decides availability for all keys. */
  settingsChanged(): void {
    this.#today = this.#dayAt(this.options.clock.now(), this.options.clock.monotonic());
    this.#refreshAll();
  }

  /** Whether some key could serve some model now. */
  hasAvailableKey(): boolean {
    this.#passTime(this.options.clock.monotonic());
    return this.#lanes.ready(ALL_POOLS, EVERY_MODEL).size > 0;
  }

  view(id: string): KeyView | null {
    const entry = this.#byId.get(id);
    return entry === undefined ? null : viewOf(entry, this.#moment());
  }

  views(): KeyView[] {
    const moment = this.#moment();
    return Array.from(this.#byId.values(), (entry) => viewOf(entry, moment));
  }

  upstreamHealth(upstreamId: string): UpstreamHealth {
    const { clock } = this.options;
    const now = clock.monotonic();
    return this.#host(upstreamId).health(now, (at) => Math.round(clock.now() + at - now));
  }

  // --- time ---------------------------------------------------------------------------------------------

  #moment() {
    const monotonic = this.options.clock.monotonic();
    this.#passTime(monotonic);
    return { now: this.options.clock.now(), monotonic, today: this.#today };
  }

  #passTime(now: number): void {
    for (let entry = this.#wake.popDue(now); entry !== undefined; entry = this.#wake.popDue(now)) {
      entry.wakeAtMonotonic = Number.POSITIVE_INFINITY;
      if (!entry.removed) this.#refresh(entry, now);
    }
    const wallNow = this.options.clock.now();
    if (wallNow >= this.#today.endsAt || wallNow < this.#today.startsAt) {
      this.#today = this.#dayAt(wallNow, now);
      this.#refreshAll();
    }
  }

  #dayAt(now: number, monotonic: number) {
    const { dailyResetTimeZone: zone, defaultDailyLimit } = this.options.settings();
    const day = dayIn(now, zone);
    const endsAt = nextMidnight(now, zone);
    return { day, zone, startsAt: now, endsAt, endsAtMonotonic: monotonic + endsAt - now, defaultDailyLimit };
  }

  #refreshAll(): void {
    const now = this.options.clock.monotonic();
    for (const entry of this.#byId.values()) this.#refresh(entry, now);
  }

  /** Brings everything that is derived from a key's state up to date. */
  #refresh(entry: Entry, now: number): void {
    for (const [model, cooldown] of entry.cooldowns) {
      if (cooldown.untilMonotonic <= now) this.#endCooldown(entry, model);
    }
    this.#lanes.refresh(entry);
    const at = nextChangeAt(entry, now);
    if (at < entry.wakeAtMonotonic) {
      entry.wakeAtMonotonic = at;
      this.#wake.push(at, entry);
    }
  }

  // --- setting aside ------------------------------------------------------------------------------------

  #healthContext(now: number): HealthContext {
    const { clock } = this.options;
    return {
      settings: this.options.settings(),
      now: clock.now(),
      monotonic: now,
      untilDailyResetMs: Math.max(0, this.#today.endsAt - clock.now()),
      random: clock.random,
      cool: (entry, model, waitMs, verdict) => this.#cool(entry, model, waitMs, verdict),
      setCondition: (entry, condition, verdict) => {
        this.#changeCondition(entry, condition);
        this.options.events.conditionChanged(entry.key.id, condition, verdict);
      },
    };
  }

  #cool(entry: Entry, model: string, waitMs: number, verdict: Verdict): void {
    const { clock, events } = this.options;
    const wait = Math.min(Math.max(0, Math.ceil(waitMs)), LONGEST_WAIT_MS);
    const untilMonotonic = clock.monotonic() + wait;
    const before = entry.cooldowns.get(model);
    if (before !== undefined && before.untilMonotonic >= untilMonotonic) return;
    const cooldown: Cooldown = {
      model: model === EVERY_MODEL ? null : model,
      until: clock.now() + wait,
      reason: verdict.reason,
      outcome: verdict.outcome,
    };
    if (before === undefined && model !== EVERY_MODEL) {
      this.#lanes.modelCools(model);
      if (entry.cooldowns.size >= MAX_COOLDOWNS_PER_KEY) this.#forgetShortest(entry);
    }
    entry.cooldowns.set(model, { untilMonotonic, cooldown });
    entry.state.cooldowns = Array.from(entry.cooldowns.values(), (running) => running.cooldown);
    events.cooled(entry.key.id, cooldown, wait);
  }

  #forgetShortest(entry: Entry): void {
    let shortest: string | null = null;
    let at = Number.POSITIVE_INFINITY;
    for (const [model, { untilMonotonic }] of entry.cooldowns) {
      if (model === EVERY_MODEL || untilMonotonic >= at) continue;
      shortest = model;
      at = untilMonotonic;
    }
    if (shortest !== null) this.#endCooldown(entry, shortest);
  }

  #endCooldown(entry: Entry, model: string): void {
    if (!entry.cooldowns.delete(model)) return;
    if (model !== EVERY_MODEL) this.#lanes.modelCooled(model);
    entry.state.cooldowns = Array.from(entry.cooldowns.values(), (running) => running.cooldown);
  }

  #clearCooldowns(entry: Entry): void {
    for (const model of entry.cooldowns.keys()) this.#endCooldown(entry, model);
  }

  #changeCondition(entry: Entry, condition: Condition | null): void {
    const wasEjected = entry.state.condition?.status === "ejected";
    const isEjected = condition?.status === "ejected";
    if (wasEjected !== isEjected && entry.key.enabled) entry.host.ejectedKeys += isEjected ? 1 : -1;
    entry.state.condition = condition;
    const { clock } = this.options;
    if (condition === null) entry.trialAtMonotonic = 0;
    else if (condition.until === null) entry.trialAtMonotonic = Number.POSITIVE_INFINITY;
    else entry.trialAtMonotonic = clock.monotonic() + Math.max(0, condition.until - clock.now());
  }

  // --- hosts, rotations, refusals -----------------------------------------------------------------------

  #host(upstreamId: string): Host {
    let host = this.#hosts.get(upstreamId);
    if (host === undefined) {
      host = new Host(upstreamId);
      this.#hosts.set(upstreamId, host);
    }
    return host;
  }

  #enterHost(entry: Entry): void {
    if (!entry.key.enabled) return;
    entry.host.enabledKeys += 1;
    if (entry.state.condition?.status === "ejected") entry.host.ejectedKeys += 1;
  }

  #leaveHost(entry: Entry): void {
    if (!entry.key.enabled) return;
    entry.host.enabledKeys -= 1;
    if (entry.state.condition?.status === "ejected") entry.host.ejectedKeys -= 1;
  }

  #rotation(scope: string): Rotation {
    let rotation = this.#rotations.get(scope);
    if (rotation === undefined) {
      rotation = { slot: -1, used: 0 };
      this.#rotations.set(scope, rotation);
    }
    return rotation;
  }

  #refusal(scope: string, model: string, tried: readonly string[], now: number): Refusal {
    const entries: Entry[] = [];
    for (const entry of this.#byId.values()) {
      if (scope === ALL_POOLS || entry.key.poolId === scope) entries.push(entry);
    }
    return refuse(entries, model, tried, now, this.#today);
  }
}

/** Whether one more or one less request in flight may decide if the key is available. */
function isBounded(entry: Entry, today: Today): boolean {
  const { key, state } = entry;
  return (
    key.maxConcurrency !== null ||
    state.condition !== null ||
    key.dailyLimit !== null ||
    today.defaultDailyLimit !== null
  );
}

function because(strategy: Strategy, choice: Choice, ask: Ask): string {
  const why =
    strategy === "round_robin" ? `round_robin ${choice.rotation.used}/${choice.turnLength}` : strategy;
  return ask.tried.length === 0 ? why : `failover ${ask.tried.length}, ${why}`;
}
