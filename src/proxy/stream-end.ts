import type { Verdict } from "../types.ts";
import type { AttemptFacts } from "./attempt.ts";
import { firstEvent } from "./first-event.ts";
import { afterOutput, judgeFailure, judgeStreamEvent } from "./outcome.ts";
import type { RelayEnd } from "./relay.ts";
import { CLIENT_CLOSED, OK, verdictOf } from "./verdict.ts";

/**
 * How a relayed stream ended. What broke after output cannot be mended by another key.
 * @param proven The stream showed itself to be whole, or nothing in it could show that.
 * @param error The event that told of one; null where none did.
 */
export function judgeEnd(end: RelayEnd, proven: boolean, error: string | null, facts: AttemptFacts): Verdict {
  if (end.kind === "client_closed") return CLIENT_CLOSED;
  if (end.kind === "failed") {
    if (end.failure.kind === "aborted") return CLIENT_CLOSED;
    return afterOutput(judgeFailure(end.failure, facts));
  }
  if (error !== null) {
    const data = firstEvent(error)?.data ?? "";
    const verdict = judgeStreamEvent(data, facts.now(), [facts.secret]);
    return afterOutput(verdict ?? failure("The upstream reported an error in the stream"));
  }
  return proven ? OK : afterOutput(failure("The stream ended without [DONE] or a finish reason"));
}

function failure(reason: string): Verdict {
  return verdictOf({ outcome: "upstream_error", status: 502, reason });
}
