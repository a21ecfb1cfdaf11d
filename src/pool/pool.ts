import {
  KEY_STATUSES,
  type Key,
  type KeyState,
  type KeyStatus,
  type KeyView,
  type UpstreamHealth,
} from "../types.ts";
import { obstacleFor } from "./availability.ts";
import { Chooser } from "./chooser.ts";
import { Cooldowns } from "./cooldowns.ts";
import { Day } from "./day.ts";
import { createEntry, type Entry, EVERY_MODEL, headroomOf, minuteUseFor, newKeyState } from "./entry.ts";
import { type Explanation, explainKeys } from "./explain.ts";
import { emptyForMs } from "./headroom.ts";
import { applyVerdict } from "./health.ts";
import { type Host, Hosts } from "./host.ts";
import { tellHost } from "./host-news.ts";
import { KeyTable } from "./key-table.ts";
import { glanceAt, statusOf, viewOf } from "./key-view.ts";
import { ALL_POOLS, Lanes } from "./lanes.ts";
import { type LeaseFacts, PoolLease } from "./lease.ts";
import { Ledger } from "./ledger.ts";
import { KeyQueue, type Waiting } from "./queue.ts";
import { type Refusal, RefusalMemory, refuse } from "./refusal.ts";
import { countAtHost, SettingAside } from "./setting-aside.ts";
import type { Ask, Claim, Ending, Headroom, KeyGlance, Lease, PoolControl, PoolOptions } from "./types.ts";
import { Upkeep } from "./upkeep.ts";

export type { Ask, Claim, Ending, Lease, PoolSettings } from "./types.ts";

const NOTHING_LEFT = {
  reason: "Its provider says that nothing is left until then.",
  outcome: "rate_limited",
} as const;

/**
 * Which key next? Synchronous and in memory: `claim` picks an available key, `release` learns from the outcome.
 * A claimed key is always released, exactly once.
 */
export class KeyPool implements PoolControl {
  #keys = new KeyTable();
  #hosts = new Hosts();
  #day = new Day();
  #ledger = new Ledger(this.#day);
  #lanes: Lanes;
  #cooldowns: Cooldowns;
  #upkeep: Upkeep;
  #aside: SettingAside;
  #chooser: Chooser;
  #queue: KeyQueue;
  #refusals = new RefusalMemory();
  /** Whether some key has a limit of tokens a minute; null: to be found out. */
  #countsTokens: boolean | null = null;

  constructor(private readonly options: PoolOptions) {
    const { clock, events } = options;
    this.#lanes = new Lanes(
      () => this.#keys.all(),
      (entry, model) => obstacleFor(entry, model, clock.monotonic(), this.#day) === null,
    );
    this.#cooldowns = new Cooldowns(clock, events, this.#lanes);
    this.#upkeep = new Upkeep(options, this.#keys, this.#lanes, this.#cooldowns, this.#refusals, this.#day);
    this.#aside = new SettingAside(options, this.#cooldowns, this.#day);
    this.#chooser = new Chooser(options, this.#lanes, this.#hosts, this.#keys);
    this.#queue = new KeyQueue({
      clock,
      claim: (ask) => this.#claim(ask),
      refusal: (ask) => this.#refusal(ask),
    });
  }

  // --- claim and release --------------------------------------------------------------------------------

  /** Picks a key that may serve this request now, or says why none can. */
  claim(ask: Ask): Claim {
    const lease = this.#claim(ask);
    return lease === null ? { lease, refusal: this.#refusal(ask) } : { lease, refusal: null };
  }

  /** Requests that wait for a key. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * The same, but where a key comes free within `queue_timeout_ms` (and `limitMs`) the request waits for it, in a
   * bounded queue. Where none can, the answer comes at once.
   */
  claimOrWait(ask: Ask, limitMs: number): Claim | Waiting {
    if (!this.#queue.hasWaiterLike(ask)) {
      const lease = this.#claim(ask);
      if (lease !== null) return { lease, refusal: null };
    }
    const { queueTimeoutMs, queueSize } = this.options.settings();
    const refusal = this.#refusal(ask);
    const waitMs = Math.min(queueTimeoutMs, limitMs);
    if (refusal.freeInMs === null || refusal.freeInMs >= waitMs || queueSize === 0) {
      return { lease: null, refusal };
    }
    if (this.#queue.size < queueSize) return this.#queue.enter(ask, waitMs);
    const message = `${queueSize} requests wait for a key already.`;
    return {
      lease: null,
      refusal: { ...refusal, code: "queue_full", retryAfterMs: refusal.retryAfterMs ?? 1, message },
    };
  }

  /** Claims this very key whatever its status, for a test or a probe that costs nothing; null where it does not exist. */
  claimKey(id: string): Lease | null {
    const entry = this.#keys.get(id);
    if (entry === undefined) return null;
    const how = { chosenBecause: "test by hand", model: null, free: true, byHand: true, reservedTokens: 0 };
    return this.#lease(entry, this.options.clock.monotonic(), how);
  }

  /** To be called when the beginning of a good answer has come: how fast, and what its headers tell. */
  answered(lease: Lease, ttftMs: number, headroom: Headroom | null): void {
    const { entry, facts } = this.#own(lease);
    if (facts.isAnswered || entry.removed) return;
    facts.isAnswered = true;
    entry.unanswered -= 1;
    const now = this.options.clock.monotonic();
    entry.latency.learn(ttftMs, now);
    if (headroom === null) return;
    const model = facts.model ?? EVERY_MODEL;
    headroomOf(entry).learn(model, headroom, now);
    const resetMs = emptyForMs(headroom);
    if (resetMs === 0) return;
    this.#cooldowns.set(entry, model, resetMs, NOTHING_LEFT, false);
    this.#upkeep.refresh(entry, now);
  }

  release(given: Lease, ending: Ending): void {
    const lease = this.#own(given);
    if (lease.released) throw new Error(`the lease of key ${lease.keyId} was released twice`);
    lease.released = true;
    const { entry, facts } = lease;
    const { clock, events } = this.options;
    const now = clock.monotonic();
    this.#refusals.forget();
    this.#ledger.end(entry, facts, ending, now);
    const limitedSince = tellHost(entry, facts, ending.verdict, now, clock.random);
    if (limitedSince !== null) this.#forgive(facts.host, limitedSince, now);
    this.#ledger.count(entry, facts, ending, clock.now());
    if (!entry.removed) {
      applyVerdict(entry, ending.verdict, facts, this.#aside.at(now));
      this.#upkeep.refresh(entry, now);
      events.stateChanged(entry.state);
    }
    this.#queue.look();
  }

  #own(lease: Lease): PoolLease {
    if (lease instanceof PoolLease) return lease;
    throw new Error("this lease is not of this pool");
  }

  #claim(ask: Ask): Lease | null {
    const now = this.#upkeep.passTime();
    const chosen = this.#chooser.choose(ask, now, false);
    if (chosen === null) return null;
    const { model, free = false } = ask;
    const reservedTokens = ask.tokens ?? 0;
    const how = { chosenBecause: chosen.because, model, free, byHand: false, reservedTokens };
    return this.#lease(chosen.entry, now, how);
  }

  #lease(
    entry: Entry,
    now: number,
    how: Omit<LeaseFacts, "beganAt" | "trial" | "host" | "hostTicket" | "othersOkAt" | "isAnswered">,
  ): Lease {
    const facts: LeaseFacts = {
      ...how,
      beganAt: now,
      isAnswered: false,
      trial: !how.byHand && entry.state.condition !== null,
      host: entry.host,
      hostTicket: entry.host.began(now),
      othersOkAt: entry.host.othersOkAt(entry.key.id),
    };
    this.#ledger.begin(entry, facts);
    if (this.#ledger.isBounded(entry)) this.#upkeep.refresh(entry, now);
    return new PoolLease(entry, facts);
  }

  /** All keys of a host are limited at once: what was guessed of them since then is taken back. */
  #forgive(host: Host, since: number, now: number): void {
    for (const entry of this.#keys.all()) {
      if (entry.host !== host) continue;
      this.#cooldowns.forgiveGuesses(entry, since);
      this.#upkeep.refresh(entry, now);
    }
  }

  // --- what people change -------------------------------------------------------------------------------

  put(key: Key, secret: string): void {
    const existing = this.#keys.get(key.id);
    if (existing === undefined) {
      this.restore(key, secret, newKeyState(key.id));
      return;
    }
    this.#lanes.remove(existing);
    countAtHost(existing, -1);
    this.#countsTokens = null;
    const hadMinute = existing.minute !== null;
    Object.assign(existing, { key, secret, host: this.#hosts.of(key.upstreamId) });
    const minute = minuteUseFor(key);
    if (!hadMinute || minute === null) existing.minute = minute;
    countAtHost(existing, 1);
    this.#upkeep.refresh(existing, this.options.clock.monotonic());
    this.#queue.look();
  }

  /** Takes in a key with what is known of it from before a restart. */
  restore(key: Key, secret: string, state: KeyState): void {
    const { clock } = this.options;
    const host = this.#hosts.of(key.upstreamId);
    const entry = this.#keys.add((slot) =>
      createEntry({ slot, key, secret, state, host }, clock.now(), clock.monotonic()),
    );
    countAtHost(entry, 1);
    this.#countsTokens = null;
    for (const model of entry.cooldowns.keys()) if (model !== EVERY_MODEL) this.#lanes.modelCools(model);
    this.#upkeep.restored(entry, clock.monotonic());
    this.#queue.look();
  }

  /** Round robin goes on from where it stood. */
  restoreRotation(scope: string, keyId: string, used: number): void {
    const entry = this.#keys.get(keyId);
    if (entry !== undefined) this.#chooser.restoreRotation(scope, entry.slot, used);
  }

  /** Requests in flight on it finish; none new begins. */
  remove(id: string): KeyState | null {
    const entry = this.#keys.get(id);
    if (entry === undefined) return null;
    this.#cooldowns.clear(entry);
    this.#lanes.remove(entry);
    countAtHost(entry, -1);
    this.#keys.remove(entry);
    this.#countsTokens = null;
    this.#refusals.forget();
    this.options.events.removed(id);
    return entry.state;
  }

  reset(id: string): void {
    const entry = this.#keys.get(id);
    if (entry === undefined) return;
    this.#aside.clear(entry);
    this.#upkeep.refresh(entry, this.options.clock.monotonic());
    this.options.events.stateChanged(entry.state);
    this.#queue.look();
  }

  /** To be called when a setting changed that decides availability for all keys. */
  settingsChanged(): void {
    this.#upkeep.readSettings();
    this.#upkeep.refreshAll(this.options.clock.monotonic());
    this.#queue.look();
  }

  // --- what people see ----------------------------------------------------------------------------------

  /** Whether some key could serve some model now. */
  hasAvailableKey(): boolean {
    this.#upkeep.passTime();
    return this.#lanes.tiers(ALL_POOLS, EVERY_MODEL).some(({ ready }) => ready.size > 0);
  }

  /** Whether some key has a limit of tokens a minute, so that a request's tokens are worth estimating. */
  get countsTokens(): boolean {
    this.#countsTokens ??= this.#keys.within(null).some(({ key }) => key.tpmLimit !== null);
    return this.#countsTokens;
  }

  /** The enabled keys that are known to be invalid, and since when (wall clock). */
  invalidKeys(): { id: string; since: number }[] {
    const found: { id: string; since: number }[] = [];
    for (const { key, state } of this.#keys.all()) {
      if (key.enabled && state.condition?.status === "invalid") {
        found.push({ id: key.id, since: state.condition.since });
      }
    }
    return found;
  }

  /** For calls on nobody's behalf, which count nowhere. */
  secretOf(id: string): string | null {
    return this.#keys.get(id)?.secret ?? null;
  }

  view(id: string): KeyView | null {
    const entry = this.#keys.get(id);
    return entry === undefined ? null : viewOf(entry, this.#upkeep.moment());
  }

  views(): KeyView[] {
    const moment = this.#upkeep.moment();
    return Array.from(this.#keys.all(), (entry) => viewOf(entry, moment));
  }

  glances(): KeyGlance[] {
    const moment = this.#upkeep.moment();
    const glances: KeyGlance[] = [];
    for (const entry of this.#keys.all()) glances.push(glanceAt(entry, moment));
    return glances;
  }

  statusCounts(): Record<KeyStatus, number> {
    const moment = this.#upkeep.moment();
    const counts = Object.fromEntries(KEY_STATUSES.map((status) => [status, 0])) as Record<KeyStatus, number>;
    for (const entry of this.#keys.all()) counts[statusOf(entry, moment).status] += 1;
    return counts;
  }

  /** A dry run of the choice, with a reason for each of at most `limit` keys. */
  explain(ask: Ask, limit: number): Explanation {
    const moment = this.#upkeep.moment();
    const chosen = this.#chooser.choose(ask, moment.monotonic, true);
    const keys = explainKeys(this.#within(ask), ask, chosen, moment);
    return {
      strategy: ask.strategy ?? this.options.settings().strategy,
      chosenKeyId: chosen?.entry.key.id ?? null,
      chosenBecause: chosen?.because ?? null,
      refusal: chosen === null ? this.#refusal(ask) : null,
      keys: keys.slice(0, limit),
      totalKeys: keys.length,
    };
  }

  upstreamHealth(upstreamId: string): UpstreamHealth {
    const { clock } = this.options;
    const now = clock.monotonic();
    return this.#hosts.of(upstreamId).health(now, (at) => Math.round(clock.now() + at - now));
  }

  /** The keys that may serve a request at all. */
  #within({ poolId, mayUse }: Ask): Entry[] {
    const entries = this.#keys.within(poolId);
    if (mayUse === null || mayUse === undefined) return entries;
    return entries.filter(({ key }) => mayUse(key.id, key.upstreamId));
  }

  #refusal(ask: Ask): Refusal {
    const now = this.options.clock.monotonic();
    return this.#refusals.recall(ask, now, () => refuse(this.#within(ask), ask, now, this.#day));
  }
}
