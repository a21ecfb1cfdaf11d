import type { Blame, Outcome, Verdict } from "../../src/types.ts";
import type { chance } from "../support/chance.ts";
import { verdict } from "../support/pool.ts";

type Dice = ReturnType<typeof chance>;

/** How a key's provider answers while this fault holds. */
interface Fault {
  outcome: Outcome;
  /** In how many of 100 attempts. */
  percent: number;
  blame?: Blame;
  /** The longest wait that it states; null: none. */
  longestWaitMs?: number;
}

const MINUTE = 60_000;
const FAULTS: Fault[] = [
  { outcome: "rate_limited", percent: 100, longestWaitMs: 2 * MINUTE },
  { outcome: "rate_limited", percent: 100 },
  { outcome: "rate_limited", percent: 50, blame: "key_model", longestWaitMs: 10 * MINUTE },
  { outcome: "rate_limited", percent: 50, blame: "key_model" },
  { outcome: "quota_exhausted", percent: 100, longestWaitMs: 1_440 * MINUTE },
  { outcome: "quota_exhausted", percent: 100 },
  { outcome: "no_credit", percent: 100 },
  { outcome: "invalid_key", percent: 100 },
  { outcome: "forbidden_key", percent: 100 },
  { outcome: "forbidden_key", percent: 100, blame: "key_model" },
  { outcome: "upstream_error", percent: 60 },
  { outcome: "upstream_error", percent: 100 },
  { outcome: "upstream_timeout", percent: 100 },
  { outcome: "overloaded", percent: 30, longestWaitMs: MINUTE },
  { outcome: "model_unavailable", percent: 50 },
];
const HOST_FAULTS: Fault[] = [
  { outcome: "upstream_error", percent: 100 },
  { outcome: "upstream_timeout", percent: 100 },
  { outcome: "overloaded", percent: 90 },
  { outcome: "rate_limited", percent: 100 },
];
/** Mistakes of clients, and clients that leave. */
const CLIENT_FAULTS: Outcome[] = ["client_error", "content_filtered", "client_closed"];
const CLIENT_FAULT_PERCENT = 4;

export class Faults {
  #ofKey = new Map<string, Fault>();
  #ofHost = new Map<string, Fault>();

  constructor(private readonly dice: Dice) {}

  /** 30 in 100 keys have one at any time. */
  changeKey(id: string): void {
    if (this.dice.random() < 0.3) this.#ofKey.set(id, this.dice.one(FAULTS));
    else this.#ofKey.delete(id);
  }

  beginOutage(upstreamId: string): void {
    this.#ofHost.set(upstreamId, this.dice.one(HOST_FAULTS));
  }

  endOutage(upstreamId: string): void {
    this.#ofHost.delete(upstreamId);
  }

  isValid(keyId: string): boolean {
    return this.#ofKey.get(keyId)?.outcome !== "invalid_key";
  }

  /** What an attempt comes to that ends now. */
  verdict(keyId: string, upstreamId: string): Verdict {
    const fault = this.#ofHost.get(upstreamId) ?? this.#ofKey.get(keyId);
    if (fault !== undefined && this.dice.random() * 100 < fault.percent) return this.#verdictOf(fault);
    if (this.dice.random() * 100 < CLIENT_FAULT_PERCENT) return verdict(this.dice.one(CLIENT_FAULTS));
    return verdict("ok");
  }

  #verdictOf({ outcome, blame, longestWaitMs }: Fault): Verdict {
    const waitMs = longestWaitMs === undefined ? null : 1 + this.dice.below(longestWaitMs);
    return verdict(outcome, blame === undefined ? { waitMs } : { waitMs, blame });
  }
}
