import type { Lease } from "../../src/pool/pool.ts";
import type { Condition, Key, KeyView, Usage, Verdict } from "../../src/types.ts";
import type { SimClock } from "./sim-clock.ts";

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

/** What is known of one key from outside of the pool. */
interface KeyTruth {
  key: Key;
  leases: number;
  releases: number;
  successes: number;
  failures: number;
  inputTokens: number;
  outputTokens: number;
  day: string;
  usedToday: number;
  /** Stated waits, by model (`""`: all); monotonic ms. */
  coolUntil: Map<string, number>;
  /** Set aside until then, monotonic; Infinity: until it is reset. */
  asideUntil: number | null;
  /** When its last 60 s of claims were. */
  claims: number[];
  /** Nothing has stood against it since; monotonic. */
  wellSince: number;
  lastClaimAt: number;
}

/** The books that the pool's are compared with: kept from what goes in and comes out, in the plainest way. */
export class Truth {
  readonly keys = new Map<string, KeyTruth>();
  problems: string[] = [];
  claims = 0;
  resets = 0;
  #day = "";
  #dayOfQuarter = new Map<number, string>();
  readonly #format: Intl.DateTimeFormat;

  constructor(
    private readonly clock: SimClock,
    zone: string,
    public defaultDailyLimit: number | null,
  ) {
    // Swedish dates are ISO dates.
    this.#format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short" });
  }

  /** Every zone's midnight falls on a quarter of an hour. A wall clock that is set back does not bring a day back. */
  get day(): string {
    const quarter = Math.floor(this.clock.now() / QUARTER_MS);
    let day = this.#dayOfQuarter.get(quarter);
    if (day === undefined) {
      day = this.#format.format(quarter * QUARTER_MS);
      this.#dayOfQuarter.set(quarter, day);
    }
    if (day > this.#day) this.#day = day;
    return this.#day;
  }

  add(key: Key): void {
    this.keys.set(key.id, {
      key,
      leases: 0,
      releases: 0,
      successes: 0,
      failures: 0,
      inputTokens: 0,
      outputTokens: 0,
      day: "",
      usedToday: 0,
      coolUntil: new Map(),
      asideUntil: null,
      claims: [],
      wellSince: this.clock.monotonic(),
      lastClaimAt: this.clock.monotonic(),
    });
  }

  edit(key: Key): void {
    const truth = this.#of(key.id);
    if (truth.key.rpmLimit === null) truth.claims = [];
    truth.key = key;
    truth.wellSince = this.clock.monotonic();
  }

  reset(id: string): void {
    const truth = this.#of(id);
    truth.coolUntil.clear();
    truth.asideUntil = null;
  }

  claimed(lease: Lease, model: string, tried: ReadonlySet<string>): void {
    const truth = this.#of(lease.keyId);
    const now = this.clock.monotonic();
    const { key } = truth;
    this.claims += 1;
    if (!key.enabled) this.#wrong(key, "claimed though disabled");
    if (tried.has(key.id)) this.#wrong(key, "claimed a second time for one request");
    for (const name of ["", model]) {
      const until = truth.coolUntil.get(name) ?? 0;
      if (until > now) this.#wrong(key, `claimed ${until - now} ms within a stated wait for "${name}"`);
    }
    if (truth.asideUntil !== null) {
      if (truth.asideUntil > now + 1) this.#wrong(key, "claimed though set aside");
      if (truth.leases > truth.releases) this.#wrong(key, "two trials at once");
    }
    const inFlight = truth.leases - truth.releases;
    if (key.maxConcurrency !== null && inFlight >= key.maxConcurrency) this.#wrong(key, "too many at once");
    this.#countMinute(truth, now);
    this.#countDay(truth);
    truth.leases += 1;
    truth.lastClaimAt = now;
  }

  #countMinute(truth: KeyTruth, now: number): void {
    if (truth.key.rpmLimit === null) return;
    truth.claims = truth.claims.filter((at) => at > now - MINUTE_MS);
    truth.claims.push(now);
    if (truth.claims.length > truth.key.rpmLimit) this.#wrong(truth.key, "too many within a minute");
  }

  #countDay(truth: KeyTruth): void {
    const { day } = this;
    if (truth.day !== day) {
      if (day < truth.day) this.#wrong(truth.key, `the day went back from ${truth.day} to ${day}`);
      truth.day = day;
      truth.usedToday = 0;
      this.resets += 1;
    }
    truth.usedToday += 1;
    const limit = truth.key.dailyLimit ?? this.defaultDailyLimit;
    if (limit !== null && truth.usedToday > limit) {
      this.#wrong(truth.key, `${truth.usedToday} of ${limit} on ${day}`);
    }
  }

  /** `isProbe`: of a call that costs nothing, and counts for no day. */
  released(id: string, model: string, verdict: Verdict, usage: Usage | null, isProbe = false): void {
    const truth = this.keys.get(id);
    if (truth === undefined) return;
    truth.releases += 1;
    const now = this.clock.monotonic();
    if (verdict.outcome !== "ok") truth.wellSince = now;
    if (verdict.outcome === "ok") truth.successes += 1;
    else if (verdict.blame !== "client" && verdict.blame !== "none") truth.failures += 1;
    if (usage !== null) {
      truth.inputTokens += usage.inputTokens;
      truth.outputTokens += usage.outputTokens;
    }
    const isKeys = verdict.blame === "key" || verdict.blame === "key_model";
    if (isKeys && !isProbe && truth.day === this.day) truth.usedToday = Math.max(0, truth.usedToday - 1);
    if (verdict.cooldownMs !== null && (isKeys || verdict.strike)) {
      const name = verdict.blame === "key_model" ? model : "";
      truth.coolUntil.set(name, Math.max(truth.coolUntil.get(name) ?? 0, now + verdict.cooldownMs));
    }
  }

  condition(id: string, condition: Condition | null): void {
    const truth = this.keys.get(id);
    if (truth === undefined) return;
    const leftMs = condition?.until === undefined ? 0 : (condition?.until ?? 0) - this.clock.now();
    if (condition === null) truth.asideUntil = null;
    else if (condition.until === null) truth.asideUntil = Number.POSITIVE_INFINITY;
    else truth.asideUntil = this.clock.monotonic() + Math.max(0, leftMs);
    truth.wellSince = this.clock.monotonic();
  }

  /** Once a simulated hour, each key's books against the pool's. */
  compare(view: KeyView): void {
    const truth = this.#of(view.id);
    const { day } = this;
    const usedToday = truth.day === day ? truth.usedToday : 0;
    const isSame =
      view.inFlight === truth.leases - truth.releases &&
      view.requestCount === truth.releases &&
      view.successCount === truth.successes &&
      view.failureCount === truth.failures &&
      view.inputTokens === truth.inputTokens &&
      view.outputTokens === truth.outputTokens &&
      view.dailyUsed === usedToday &&
      view.dailyDay === day;
    if (!isSame)
      this.#wrong(truth.key, `the pool says ${JSON.stringify(view)}, truly ${JSON.stringify(truth)}`);
    if (view.status === "invalid" && truth.asideUntil !== Number.POSITIVE_INFINITY) {
      this.#wrong(truth.key, "invalid, though nobody said so");
    }
    if (view.status !== "available" || view.cooldowns.length > 0 || view.statusReason !== null) {
      truth.wellSince = this.clock.monotonic();
    }
  }

  /** A key that could have served all that time, and was not asked once. */
  lookForStarved(id: string, longestMs: number): void {
    const truth = this.#of(id);
    const unusedMs = this.clock.monotonic() - Math.max(truth.lastClaimAt, truth.wellSince);
    if (truth.key.enabled && unusedMs > longestMs) this.#wrong(truth.key, `unused for ${unusedMs} ms`);
  }

  #of(id: string): KeyTruth {
    const truth = this.keys.get(id);
    if (truth === undefined) throw new Error(`nobody knows the key ${id}`);
    return truth;
  }

  #wrong(key: Key, what: string): void {
    if (this.problems.length < 20) {
      this.problems.push(`${new Date(this.clock.now()).toISOString()} ${key.id}: ${what}`);
    }
  }
}
