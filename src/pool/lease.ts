import type { Entry } from "./entry.ts";
import type { Host } from "./host.ts";
import type { Lease } from "./types.ts";

export interface LeaseFacts {
  chosenBecause: string;
  model: string | null;
  /** Monotonic ms. */
  beganAt: number;
  free: boolean;
  /** Made by hand or by a probe: the key was not chosen, whatever its status. */
  byHand: boolean;
  /** The key is out for a condition, and this request shall find out whether it works again. */
  trial: boolean;
  /** Of the key as the attempt began; it may be moved to another meanwhile. */
  host: Host;
  /** What `Host.ended` wants back. */
  hostTicket: number;
  /** When another key of the host was answered well last, as known at the beginning; monotonic ms. */
  othersOkAt: number;
  reservedTokens: number;
  /** The beginning of its answer has come: the provider has counted it. */
  isAnswered: boolean;
}

export class PoolLease implements Lease {
  released = false;

  constructor(
    readonly entry: Entry,
    readonly facts: LeaseFacts,
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
  get chosenBecause(): string {
    return this.facts.chosenBecause;
  }
}
