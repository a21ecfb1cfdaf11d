import type { Clock } from "../clock.ts";
import { dayIn, nextMidnight } from "../time-zone.ts";
import { CLIENT_OUTCOMES, type MinuteTotals, type RequestRecord } from "../types.ts";
import type { AttemptFailure, LiveFigures } from "./types.ts";

const MINUTE_MS = 60_000;
const MINUTES = 60;
const SECONDS = 60;
const MAX_LATENCIES = 1_000;
const MAX_FAILURES = 20;

type Totals = Omit<MinuteTotals, "at">;
type Counts = Pick<RequestRecord, "outcome" | "inputTokens" | "outputTokens" | "costUsd" | "attempts">;

function isError(outcome: string): boolean {
  return outcome !== "ok" && !CLIENT_OUTCOMES.has(outcome);
}

/** The dashboard's figures, kept in memory as requests end, so that no page counts rows. */
export class LiveRecord {
  #minutes = new Map<number, Totals>();
  #seconds = new Map<number, number>();
  #today: Totals = empty();
  #day: string;
  #dayStartsAt: number;
  #dayEndsAt: number;
  #attemptsByKey = new Map<string, number>();
  #latencies: number[] = [];
  #latencyPlace = 0;
  #failures: AttemptFailure[] = [];
  #inFlight = 0;

  constructor(
    private readonly clock: Clock,
    private readonly timeZone: () => string,
  ) {
    const now = clock.now();
    this.#day = dayIn(now, timeZone());
    this.#dayStartsAt = now;
    this.#dayEndsAt = nextMidnight(now, timeZone());
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  began(): void {
    this.#inFlight += 1;
  }

  /** A request that came to no record of its own: refused before it was read. */
  refused(): void {
    this.#inFlight -= 1;
  }

  ended(record: RequestRecord): void {
    this.#inFlight -= 1;
    const now = this.clock.now();
    this.#turnDay(now);
    add(this.#today, record);
    add(this.#minute(Math.floor(now / MINUTE_MS) * MINUTE_MS), record);
    const second = Math.floor(now / 1_000);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + 1);
    dropOldest(this.#seconds, SECONDS + 5);
    if (record.ttftMs !== null) {
      this.#latencies[this.#latencyPlace] = record.ttftMs;
      this.#latencyPlace = (this.#latencyPlace + 1) % MAX_LATENCIES;
    }
    const last = record.attempts.at(-1);
    const servedByKeyId = last?.outcome === "ok" ? last.keyId : null;
    for (const attempt of record.attempts) {
      this.#attemptsByKey.set(attempt.keyId, (this.#attemptsByKey.get(attempt.keyId) ?? 0) + 1);
      if (!isError(attempt.outcome)) continue;
      this.#failures.unshift({
        at: attempt.startedAt + attempt.durationMs,
        requestId: record.id,
        keyId: attempt.keyId,
        model: record.model,
        status: attempt.status,
        outcome: attempt.outcome,
        reason: attempt.error ?? attempt.outcome,
        servedByKeyId,
      });
      if (this.#failures.length > MAX_FAILURES) this.#failures.pop();
    }
  }

  /** Statistics were reset; what runs goes on. */
  forget(): void {
    this.#minutes.clear();
    this.#seconds.clear();
    this.#today = empty();
    this.#attemptsByKey = new Map();
    this.#latencies = [];
    this.#latencyPlace = 0;
    this.#failures = [];
  }

  /** Goes on from what storage knows: the last hour's minutes, and all of today's; today's attempts by key. */
  restore(minutes: MinuteTotals[], attemptsByKey: ReadonlyMap<string, number>): void {
    this.#attemptsByKey = new Map(attemptsByKey);
    const now = this.clock.now();
    for (const minute of minutes) {
      if (minute.at > now - MINUTES * MINUTE_MS) this.#minutes.set(minute.at, { ...minute });
      if (dayIn(minute.at, this.timeZone()) === this.#day) addTotals(this.#today, minute);
    }
  }

  figures(): Omit<LiveFigures, "recorder"> {
    const now = this.clock.now();
    this.#turnDay(now);
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    let lastMinute = 0;
    for (const [second, requests] of this.#seconds) {
      if (second > now / 1_000 - SECONDS) lastMinute += requests;
    }
    return {
      requestsLastMinute: lastMinute,
      requestsToday: this.#today.requests,
      errorsToday: this.#today.errors,
      failoversToday: this.#today.failovers,
      inputTokensToday: this.#today.inputTokens,
      outputTokensToday: this.#today.outputTokens,
      costUsdToday: this.#today.pricedRequests > 0 || this.#today.requests === 0 ? this.#today.costUsd : null,
      pricedRequestsToday: this.#today.pricedRequests,
      ttftP50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? null,
      ttftP95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? null,
      inFlight: this.#inFlight,
      minutes: this.#lastHour(now),
      lastFailures: [...this.#failures],
      attemptsTodayByKey: this.#attemptsByKey,
    };
  }

  #lastHour(now: number): MinuteTotals[] {
    const last = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    return Array.from({ length: MINUTES }, (_, index) => {
      const at = last - (MINUTES - 1 - index) * MINUTE_MS;
      return { at, ...(this.#minutes.get(at) ?? empty()) };
    });
  }

  #minute(at: number): Totals {
    let totals = this.#minutes.get(at);
    if (totals === undefined) {
      totals = empty();
      this.#minutes.set(at, totals);
      dropOldest(this.#minutes, MINUTES + 1);
    }
    return totals;
  }

  #turnDay(now: number): void {
    if (now >= this.#dayStartsAt && now < this.#dayEndsAt) return;
    this.#dayStartsAt = now;
    this.#dayEndsAt = nextMidnight(now, this.timeZone());
    const day = dayIn(now, this.timeZone());
    if (day === this.#day) return;
    this.#day = day;
    this.#today = empty();
    this.#attemptsByKey = new Map();
  }
}

function empty(): Totals {
  return {
    requests: 0,
    errors: 0,
    failovers: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    pricedRequests: 0,
  };
}

function add(totals: Totals, record: Counts): void {
  totals.requests += 1;
  if (isError(record.outcome)) totals.errors += 1;
  if (record.outcome === "ok" && record.attempts.length > 1) totals.failovers += 1;
  totals.inputTokens += record.inputTokens ?? 0;
  totals.outputTokens += record.outputTokens ?? 0;
  if (record.costUsd === null) return;
  totals.costUsd += record.costUsd;
  totals.pricedRequests += 1;
}

function addTotals(totals: Totals, more: Totals): void {
  totals.requests += more.requests;
  totals.errors += more.errors;
  totals.failovers += more.failovers;
  totals.inputTokens += more.inputTokens;
  totals.outputTokens += more.outputTokens;
  totals.costUsd += more.costUsd;
  totals.pricedRequests += more.pricedRequests;
}

function dropOldest(map: Map<number, unknown>, keep: number): void {
  while (map.size > keep) map.delete(map.keys().next().value as number);
}
