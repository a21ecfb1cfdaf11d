import { dailyLimitOf, dailyUsed } from "./availability.ts";
import type { Day } from "./day.ts";
import type { Entry } from "./entry.ts";
import type { LeaseFacts } from "./lease.ts";
import type { Ending } from "./types.ts";

/** Books the use of keys: what begins counts against limits at once, what it came to is known at its end. */
export class Ledger {
  constructor(private readonly day: Day) {}

  begin(entry: Entry, { byHand, reservedTokens, beganAt }: LeaseFacts): void {
    entry.inFlight += 1;
    entry.unanswered += 1;
    if (byHand) return;
    entry.state.dailyUsed = dailyUsed(entry, this.day) + 1;
    entry.state.dailyDay = this.day.name;
    if (entry.minute === null) return;
    entry.minute.requests.add(1, beganAt);
    entry.minute.reservedTokens += reservedTokens;
  }

  /** Takes the reservation back; what was used counts from now on, when the provider knows it as well. */
  end(entry: Entry, lease: LeaseFacts, ending: Ending, now: number): void {
    entry.inFlight -= 1;
    if (!lease.isAnswered) entry.unanswered -= 1;
    if (entry.minute === null || lease.byHand) return;
    entry.minute.reservedTokens = Math.max(0, entry.minute.reservedTokens - lease.reservedTokens);
    const tokens = tokensOf(ending, lease);
    if (tokens > 0) entry.minute.tokens.add(tokens, now);
  }

  count(entry: Entry, lease: LeaseFacts, { verdict, usage, costUsd }: Ending, wallNow: number): void {
    const { state } = entry;
    state.requestCount += 1;
    state.lastUsedAt = wallNow;
    if (verdict.outcome === "ok") state.successCount += 1;
    else if (verdict.blame !== "client" && verdict.blame !== "none") state.failureCount += 1;
    // What the provider refused for the key's sake is not used up.
    const isRefused = verdict.blame === "key" || verdict.blame === "key_model";
    if (isRefused && !lease.byHand && state.dailyDay === this.day.name) {
      state.dailyUsed = Math.max(0, state.dailyUsed - 1);
    }
    if (usage !== null) {
      state.inputTokens += usage.inputTokens;
      state.outputTokens += usage.outputTokens;
    }
    if (costUsd !== null) state.costUsd += costUsd;
  }

  /** Whether one more or one less request in flight may decide if the key is available. */
  isBounded(entry: Entry): boolean {
    return (
      entry.key.maxConcurrency !== null ||
      entry.minute !== null ||
      entry.state.condition !== null ||
      dailyLimitOf(entry, this.day) !== null
    );
  }
}

/** Where no usage is told, what was reserved: unless nothing can have been used. */
function tokensOf({ usage, verdict }: Ending, lease: LeaseFacts): number {
  if (usage !== null) return usage.inputTokens + usage.outputTokens;
  const mayHaveRun = verdict.outcome === "ok" || verdict.outcome === "client_closed";
  return mayHaveRun || verdict.outcome === "in_stream_error" ? lease.reservedTokens : 0;
}
