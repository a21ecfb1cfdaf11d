import type { Refusal } from "../pool/refusal.ts";
import type { AttemptResult, FlowingAnswer, WholeAnswer } from "./attempt.ts";
import { encodingOf, textOf } from "./decode.ts";
import { ProxyError } from "./errors.ts";
import { firstEvent } from "./first-event.ts";
import { findHeader } from "./headers.ts";
import { answerIds } from "./named-ids.ts";
import type { ProxyRequest } from "./request.ts";
import { wrongPath } from "./request-signals.ts";
import { verdictOf } from "./verdict.ts";

/** Who remembers which key's account has what. */
export interface Owners {
  find(id: string): Promise<string | null>;
  remember(ids: readonly string[], keyId: string): void;
}

/** The key that must serve the request, for what it names exists in that account alone; null where none is known. */
export async function ownerOf(request: ProxyRequest, owners: Owners): Promise<string | null> {
  for (const id of request.ids) {
    const owner = await owners.find(id);
    if (owner !== null) return owner;
  }
  return null;
}

/** The answer says that this account does not have what the request names: another may. Nothing was done. */
export function isNotHere(request: ProxyRequest, result: AttemptResult): boolean {
  if (request.ids.length === 0 || result.answer?.kind !== "whole") return false;
  const { text } = result.answer;
  // A page, or a path that the host does not have at all: that is the same with every key.
  if (!text.startsWith("{") || wrongPath.text?.test(text) === true) return false;
  if (result.status === 404) return true;
  return result.status === 400 && /not[_ ]found|no such|does not exist/i.test(text);
}

/** The same result, which says nothing of the key: what is looked for is only elsewhere, or nowhere. */
export function notHere(result: AttemptResult): AttemptResult {
  const { reason } = result.verdict;
  return { ...result, verdict: verdictOf({ outcome: "client_error", status: result.status ?? 404, reason }) };
}

/** No other account can answer for the owner that is gone or out. */
export function ownerIsGone(request: ProxyRequest, refusal: Refusal): ProxyError | null {
  if (refusal.code !== "no_usable_key") return null;
  const [id = ""] = request.ids;
  return new ProxyError(
    "resource_key_gone",
    `"${id}" exists only in the account of the key that made it, and that key was deleted, disabled or refused.`,
  );
}

/** Remembers what the answer shows to be in this key's account. */
export function learnOwner(
  request: ProxyRequest,
  answer: WholeAnswer | FlowingAnswer,
  keyId: string,
  owners: Owners,
): void {
  const isOwned = request.makesOwned || request.ids.length > 0;
  if (!isOwned) return;
  const made = request.makesOwned ? answerIds(beginningOf(answer)) : [];
  owners.remember([...request.ids, ...made], keyId);
}

/** An answer's JSON, or that of its first event; null where it is neither, or too long to be looked at. */
function beginningOf(answer: WholeAnswer | FlowingAnswer): unknown {
  const type = findHeader(answer.headers, "content-type") ?? "";
  const isEvents = type.startsWith("text/event-stream");
  if (!isEvents && !type.includes("json")) return null;
  const text =
    answer.kind === "whole" ? answer.text : (textOf(answer.held.whole(), encodingOf(answer.headers)) ?? "");
  try {
    return JSON.parse(isEvents ? (firstEvent(text)?.data ?? "") : text);
  } catch {
    return null;
  }
}
