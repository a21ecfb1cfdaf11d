import type { MinuteTotals } from "../types.ts";

/** The dashboard's figures, from memory. Today begins at midnight in `daily_reset_time_zone`. */
export interface LiveFigures {
  /** Requests that ended in the last 60 s. */
  requestsLastMinute: number;
  requestsToday: number;
  errorsToday: number;
  failoversToday: number;
  inputTokensToday: number;
  outputTokensToday: number;
  /** Of the requests whose cost is known; null where none is. */
  costUsdToday: number | null;
  pricedRequestsToday: number;
  /** Of the last 1,000 answers that had a first content byte, in ms; null before the first. */
  ttftP50Ms: number | null;
  ttftP95Ms: number | null;
  /** Client requests running now. */
  inFlight: number;
  /** The last 60 minutes, oldest first, minutes without requests included. */
  minutes: MinuteTotals[];
  /** The last failed attempts, newest first, at most 20. */
  lastFailures: AttemptFailure[];
  /** Attempts today by key. */
  attemptsTodayByKey: Map<string, number>;
  recorder: { queued: number; dropped: number; lastError: string | null };
}

export interface AttemptFailure {
  at: number;
  requestId: string;
  keyId: string;
  model: string | null;
  status: number | null;
  outcome: string;
  reason: string;
  /** The key that then answered, null where none did. */
  servedByKeyId: string | null;
}

export interface Live {
  figures(): LiveFigures;
}
