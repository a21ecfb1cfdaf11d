import type { AttemptRecord, RequestRecord } from "../src/types.ts";
import { duration } from "./format.ts";
import { outcomeLook } from "./outcomes.ts";

const ORDINALS = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];

/** "Answered with 200 by gem-prod-01 on the third attempt." */
export function storyHeadline(request: RequestRecord, nameOf: (keyId: string) => string): string {
  const last = request.attempts.at(-1);
  const word = outcomeLook(request.outcome).word;
  if (last === undefined) return `Refused with ${request.status} before any key was tried: ${word}.`;
  const tries = request.attempts.length;
  const nth = tries === 1 ? "at the first attempt" : `on the ${ORDINALS[tries - 1] ?? `${tries}th`} attempt`;
  if (request.outcome === "ok") return `Answered with ${request.status} by ${nameOf(last.keyId)} ${nth}.`;
  if (request.outcome === "client_closed")
    return `The client left ${duration(request.durationMs)} after it asked.`;
  return `Ended with ${request.status} after ${tries === 1 ? "one attempt" : `${tries} attempts`}: ${word}.`;
}

/** "The first key: rate limited, the second: upstream error. That cost the client 0.41 s." Empty after one attempt. */
export function storyDetail(request: RequestRecord): string {
  const failed = request.attempts.slice(0, request.outcome === "ok" ? -1 : undefined);
  const last = request.attempts.at(-1);
  if (failed.length === 0 || last === undefined || request.attempts.length < 2) return "";
  const named = failed.slice(0, ORDINALS.length);
  const parts = named.map(
    (attempt, at) => `${at === 0 ? "The first key" : `the ${ORDINALS[at]}`}: ${attemptWord(attempt)}`,
  );
  const rest = failed.length > named.length ? `, and ${failed.length - named.length} more` : "";
  const cost =
    request.outcome === "ok" ? ` That cost the client ${duration(last.startedAt - request.startedAt)}.` : "";
  return `${parts.join(", ")}${rest}.${cost}`;
}

function attemptWord(attempt: AttemptRecord): string {
  return outcomeLook(attempt.outcome).word;
}
