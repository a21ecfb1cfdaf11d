import { KeyPool, type Lease, type PoolSettings } from "../../src/pool/pool.ts";
import type { Key, Strategy, Usage } from "../../src/types.ts";
import { chance } from "../support/chance.ts";
import { keyNamed } from "../support/pool.ts";
import { Faults } from "./faults.ts";
import { SimClock } from "./sim-clock.ts";
import { Truth } from "./truth.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MODELS = ["model-a", "model-b", "model-c"];
const POOLS = ["pool-1", "pool-2"];
const UPSTREAMS = ["upstream-1", "upstream-2", "upstream-3"];
const MAX_SWITCHES = 12;
const BURST = 24;
/** A person looks after invalid keys once a day. */
const LOOK_AFTER_MS = DAY;
/** Where shares are fair, a key that is well is used within so many times its mean interval. */
const STARVED_AFTER = 60;
const FAIR: readonly Strategy[] = ["round_robin", "random", "least_connections", "weighted"];

export interface Part {
  seed: number;
  strategy: Strategy;
  zone: string;
  startIso: string;
  keys: number;
  days: number;
  requests: number;
}

export interface Report {
  problems: string[];
  claims: number;
  refusals: number;
  dailyResets: number;
  restarts: number;
  ejections: number;
}

/** Keys, hosts, clients and people over many days, and the pool among them. */
export class World {
  readonly #dice;
  readonly #clock: SimClock;
  readonly #truth: Truth;
  readonly #faults: Faults;
  readonly #settings: PoolSettings;
  #pool: KeyPool;
  #keys: Key[] = [];
  #made = 0;
  #refusals = 0;
  #restarts = 0;
  #ejections = 0;
  #underWay = 0;
  #stopped = false;
  #troubledUntil = new Map<string, number>();

  constructor(private readonly part: Part) {
    this.#dice = chance(part.seed);
    this.#clock = new SimClock(part.startIso, this.#dice.random);
    this.#settings = {
      strategy: part.strategy,
      rotationRequestCount: 1 + this.#dice.below(5),
      maxFailureCount: 3,
      rateLimitCooldownS: 60,
      keyProbeIntervalS: 300,
      queueTimeoutMs: 0,
      queueSize: 0,
      dailyResetTimeZone: part.zone,
      defaultDailyLimit: this.#defaultLimit(),
    };
    this.#truth = new Truth(this.#clock, part.zone, this.#settings.defaultDailyLimit);
    this.#faults = new Faults(this.#dice);
    this.#pool = this.#newPool();
    for (let count = 0; count < part.keys; count += 1) this.#addKey();
  }

  run(): Report {
    const { clock, part } = { clock: this.#clock, part: this.part };
    const burstMs = (part.days * DAY) / (part.requests / (BURST / 2));
    const about = (ms: number) => () => ms * (0.5 + this.#dice.random());
    clock.repeat(about(burstMs), () => this.#burst());
    clock.repeat(about((8 * HOUR) / part.keys), () => this.#faults.changeKey(this.#dice.one(this.#keys).id));
    clock.repeat(about(2 * DAY), () => this.#outage());
    clock.repeat(about(DAY), () => this.#jump());
    clock.repeat(about(3 * HOUR), () => this.#edit());
    clock.repeat(about(2 * DAY), () => this.#changeSettings());
    clock.repeat(about(5 * DAY), () => this.#restart());
    clock.repeat(
      () => HOUR,
      () => this.#compareAll(),
    );
    clock.repeat(
      () => LOOK_AFTER_MS,
      () => this.#lookAfterInvalid(),
    );
    clock.repeat(about(10 * MINUTE), () => this.#probe());
    clock.run(part.days * DAY);
    this.#stopped = true;
    clock.run(HOUR);
    this.#compareAll();
    if (this.#underWay !== 0) this.#wrong(`${this.#underWay} requests never ended`);
    return {
      problems: this.#truth.problems,
      claims: this.#truth.claims,
      refusals: this.#refusals,
      dailyResets: this.#truth.resets,
      restarts: this.#restarts,
      ejections: this.#ejections,
    };
  }

  // --- requests -----------------------------------------------------------------------------------------

  #burst(): void {
    if (this.#stopped) return;
    const count = 1 + this.#dice.below(BURST);
    for (let index = 0; index < count; index += 1) {
      this.#clock.after(this.#dice.below(3 * SECOND), () => {
        this.#underWay += 1;
        const poolId = this.#dice.random() < 0.2 ? this.#dice.one(POOLS) : null;
        this.#attempt(this.#dice.one(MODELS), poolId, new Set());
      });
    }
  }

  #attempt(model: string, poolId: string | null, tried: ReadonlySet<string>): void {
    const affinity = this.#dice.below(1_000);
    const { lease } = this.#pool.claim({ model, poolId, tried, affinity, tokens: 100 });
    if (lease === null) {
      this.#refused(model, poolId, tried);
      this.#underWay -= 1;
      return;
    }
    this.#truth.claimed(lease, model, tried);
    const durationMs = 50 + this.#dice.below(this.#dice.random() < 0.1 ? 60 * SECOND : 2 * SECOND);
    this.#clock.after(durationMs, () => this.#end(lease, model, poolId, tried, durationMs));
  }

  #end(
    lease: Lease,
    model: string,
    poolId: string | null,
    tried: ReadonlySet<string>,
    durationMs: number,
  ): void {
    const { keyId, upstreamId } = lease;
    const verdict = this.#faults.verdict(keyId, upstreamId);
    const usage: Usage | null =
      verdict.outcome === "ok"
        ? {
            inputTokens: this.#dice.below(500),
            outputTokens: this.#dice.below(500),
            cachedTokens: null,
            reasoningTokens: null,
          }
        : null;
    if (verdict.blame === "host" || verdict.outcome === "rate_limited") {
      this.#troubledUntil.set(upstreamId, this.#clock.monotonic() + 20 * SECOND);
    }
    if (verdict.outcome === "ok") this.#pool.answered(lease, durationMs / 2, this.#headroom());
    this.#pool.release(lease, { verdict, usage, costUsd: null });
    this.#truth.released(keyId, model, verdict, usage);
    const known = this.#truth.keys.get(keyId);
    const view = this.#pool.view(keyId);
    if (known !== undefined && view !== null) this.#truth.compare(view);
    if (verdict.retry && tried.size < MAX_SWITCHES) this.#attempt(model, poolId, new Set(tried).add(keyId));
    else this.#underWay -= 1;
  }

  #headroom() {
    if (this.#dice.random() < 0.7) return null;
    const room = { remaining: this.#dice.below(20), limit: 20, resetMs: this.#dice.below(90 * SECOND) };
    return { requests: room, tokens: null };
  }

  /** Nobody is refused while a key stands ready whose host is well. */
  #refused(model: string, poolId: string | null, tried: ReadonlySet<string>): void {
    this.#refusals += 1;
    if (this.#refusals % 10 !== 0) return;
    const now = this.#clock.monotonic();
    for (const view of this.#pool.views()) {
      if (view.status !== "available" || view.statusReason !== null || tried.has(view.id)) continue;
      if (poolId !== null && view.poolId !== poolId) continue;
      if ((this.#troubledUntil.get(view.upstreamId) ?? 0) > now || view.tpmLimit !== null) continue;
      if (this.#pool.upstreamHealth(view.upstreamId).breaker !== "closed") continue;
      // What headers told may leave no room for one more at once.
      if (view.inFlight > 0) continue;
      this.#wrong(`refused ${model}, though ${view.id} stood ready`);
    }
  }

  // --- the world ----------------------------------------------------------------------------------------

  #outage(): void {
    const upstreamId = this.#dice.one(UPSTREAMS);
    this.#faults.beginOutage(upstreamId);
    this.#clock.after(this.#dice.below(30 * MINUTE), () => this.#faults.endOutage(upstreamId));
  }

  /** Set a little forth or back, as time servers and people do. */
  #jump(): void {
    const ms = this.#dice.one([-2 * HOUR, -20 * MINUTE, -700, 900, 30 * MINUTE, 2 * HOUR]);
    // Both have seen the time before and after: a day that one of them has begun, the other has as well.
    this.#lookAtTime();
    this.#clock.jump(ms);
    this.#lookAtTime();
  }

  #lookAtTime(): void {
    this.#pool.hasAvailableKey();
    void this.#truth.day;
  }

  #edit(): void {
    const dice = this.#dice;
    const kind = dice.random();
    if (kind < 0.1 && this.#keys.length > this.part.keys / 2) this.#removeKey();
    else if (kind < 0.2) this.#addKey();
    else {
      const at = dice.below(this.#keys.length);
      const key = { ...this.#keyLike((this.#keys[at] as Key).id), enabled: dice.random() < 0.95 };
      this.#keys[at] = key;
      this.#truth.edit(key);
      this.#pool.put(key, "secret");
    }
  }

  #addKey(): void {
    this.#made += 1;
    const key = this.#keyLike(`key-${this.#made}`);
    this.#keys.push(key);
    this.#truth.add(key);
    this.#pool.put(key, "secret");
  }

  #removeKey(): void {
    const [key] = this.#keys.splice(this.#dice.below(this.#keys.length), 1) as [Key];
    this.#pool.remove(key.id);
    this.#truth.keys.delete(key.id);
  }

  #keyLike(id: string): Key {
    const dice = this.#dice;
    const some = <Value>(share: number, value: () => Value) => (dice.random() < share ? value() : null);
    return keyNamed(id, {
      poolId: some(0.5, () => dice.one(POOLS)),
      upstreamId: dice.one(UPSTREAMS),
      priority: dice.random() < 0.2 ? 1 + dice.below(2) : 0,
      weight: 1 + dice.below(5),
      dailyLimit: some(0.3, () => 1 + dice.below(30)),
      rpmLimit: some(0.2, () => 1 + dice.below(4)),
      tpmLimit: some(0.1, () => 100 + dice.below(2_000)),
      maxConcurrency: some(0.2, () => 1 + dice.below(3)),
      createdAt: this.#made,
    });
  }

  #defaultLimit(): number | null {
    return this.#dice.random() < 0.5 ? 20 + this.#dice.below(100) : null;
  }

  #changeSettings(): void {
    this.#settings.rotationRequestCount = 1 + this.#dice.below(5);
    this.#settings.maxFailureCount = 2 + this.#dice.below(4);
    this.#settings.defaultDailyLimit = this.#defaultLimit();
    this.#truth.defaultDailyLimit = this.#settings.defaultDailyLimit;
    this.#pool.settingsChanged();
  }

  #lookAfterInvalid(): void {
    for (const { id, status } of this.#pool.views()) if (status === "invalid") this.#reset(id);
  }

  #reset(id: string): void {
    this.#pool.reset(id);
    this.#truth.reset(id);
  }

  /** The free call that can revive invalid keys, and no others. */
  #probe(): void {
    const { id } = this.#dice.one(this.#keys);
    const before = this.#pool.view(id);
    const lease = this.#pool.claimKey(id);
    if (lease === null || before === null) return;
    const truth = this.#truth.keys.get(id);
    if (truth !== undefined) truth.leases += 1;
    const verdict = this.#faults.verdict(id, lease.upstreamId);
    this.#pool.release(lease, { verdict, usage: null, costUsd: null });
    this.#truth.released(id, "", verdict, null, true);
    const after = this.#pool.view(id)?.condition?.status ?? null;
    const had = before.condition?.status ?? null;
    if (verdict.outcome === "ok" && after !== (had === "invalid" ? null : had)) {
      this.#wrong(`a free call changed ${id} from ${had} to ${after}`);
    }
  }

  /** As a process that ends and one that begins: what runs is over, what is stored comes back. */
  #restart(): void {
    if (this.#underWay > 0) {
      this.#clock.after(20 * SECOND, () => this.#restart());
      return;
    }
    this.#restarts += 1;
    const views = structuredClone(this.#pool.views());
    this.#pool = this.#newPool();
    for (const view of views) {
      const key = this.#keys.find(({ id }) => id === view.id) as Key;
      this.#pool.restore(key, "secret", { ...view, keyId: view.id });
      const truth = this.#truth.keys.get(view.id);
      if (truth !== undefined) truth.claims = [];
    }
  }

  #newPool(): KeyPool {
    return new KeyPool({
      clock: this.#clock,
      settings: () => this.#settings,
      events: {
        stateChanged() {},
        removed() {},
        rotated() {},
        cooled() {},
        conditionChanged: (id, condition) => {
          this.#truth.condition(id, condition);
          if (condition?.status === "ejected") this.#ejected(id);
        },
      },
    });
  }

  /** Never more than half of a host's keys. */
  #ejected(id: string): void {
    this.#ejections += 1;
    const upstreamId = this.#keys.find((key) => key.id === id)?.upstreamId;
    let enabled = 0;
    let ejected = 0;
    for (const { key } of this.#truth.keys.values()) {
      if (key.upstreamId !== upstreamId || !key.enabled) continue;
      enabled += 1;
      if (this.#pool.view(key.id)?.condition?.status === "ejected") ejected += 1;
    }
    if (ejected > enabled / 2) this.#wrong(`${ejected} of ${enabled} keys are ejected`);
  }

  #compareAll(): void {
    const meanMs = (this.part.days * DAY * this.part.keys) / this.part.requests;
    const isFair = FAIR.includes(this.part.strategy);
    for (const view of this.#pool.views()) {
      this.#truth.compare(view);
      if (isFair && view.priority === 0) {
        this.#truth.lookForStarved(view.id, STARVED_AFTER * meanMs * this.#settings.rotationRequestCount);
      }
    }
  }

  #wrong(what: string): void {
    if (this.#truth.problems.length < 20) this.#truth.problems.push(what);
  }
}
