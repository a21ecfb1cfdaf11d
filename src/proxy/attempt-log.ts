import type { Clock } from "../clock.ts";
import type { Lease } from "../pool/pool.ts";
import type { AttemptRecord, Verdict } from "../types.ts";

/** The attempts of one request, as they are recorded. */
export class AttemptLog {
  readonly attempts: AttemptRecord[] = [];
  /** Monotonic ms. */
  beganAt = 0;
  #lastEndedAt: number;

  constructor(
    private readonly clock: Clock,
    requestCameAt: number,
  ) {
    this.#lastEndedAt = requestCameAt;
  }

  /** An attempt that never comes to its end was left by its client. */
  began(lease: Lease, isPicked: boolean): void {
    const { clock } = this;
    this.beganAt = clock.monotonic();
    this.attempts.push({
      keyId: lease.keyId,
      upstreamId: lease.upstreamId,
      startedAt: clock.now(),
      waitMs: Math.round(this.beganAt - this.#lastEndedAt),
      durationMs: 0,
      status: null,
      outcome: "client_closed",
      chosenBecause: isPicked ? "picked by hand" : lease.chosenBecause,
      error: null,
    });
  }

  ended(verdict: Verdict, status: number | null): void {
    const attempt = this.attempts.at(-1) as AttemptRecord;
    const now = this.clock.monotonic();
    attempt.durationMs = Math.round(now - this.beganAt);
    attempt.status = status;
    attempt.outcome = verdict.outcome;
    attempt.error = verdict.reason === "" ? null : verdict.reason;
    this.#lastEndedAt = now;
  }
}
