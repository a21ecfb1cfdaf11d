import type { Outcome, Verdict } from "../types.ts";
import type { HeaderList, UpstreamFailure } from "../upstream/types.ts";
import { looksLikeJson, parseJson, readError, readErrorJson } from "./error-shapes.ts";
import { firstEvent } from "./first-event.ts";
import { findHeader } from "./headers.ts";
import { hidesError, hidesErrorInEvent, mayHideError } from "./hidden-error.ts";
import { judgeError } from "./judge-error.ts";
import { statedWait } from "./stated-wait.ts";
import { plainReason, verdictOf } from "./verdict.ts";

/**
 * Answers up to this size are parsed, to see whether they are whole and no error in disguise (≈ 1.2 µs for 600 B,
 * 2 µs a KiB). A larger one is no error unless its first field says so, and is whole if it ends as it began.
 */
const PARSE_UP_TO_CHARS = 16_384;

export interface AnswerFacts {
  status: number;
  headers: HeaderList;
  /**
   * The decoded body (decompressed, UTF-8), or at least its first 64 KiB. For an event stream: what came until its
   * first event with data was whole, comments before it included or not, or until the stream ended. What follows is
   * ignored. Not for answers to HEAD, whose body is empty by right.
   */
  body: string;
  /** `body` is only the beginning: the answer was longer, or did not come to its end. */
  truncated?: boolean;
  /** The answer is `text/event-stream`. */
  stream: boolean;
  /** Wall clock, epoch ms, for dates and daily resets. */
  now: number;
  /** What must never stand in `reason`, above all the key that was used. Key-like texts are removed in any case. */
  secrets?: readonly string[];
}

/**
 * What an upstream's answer means. The one place that decides it, from status, headers and body alone: the provider's
 * name may be unknown. The order: what is no API answer at all, then what is well, then errors by what they say
 * (`judge-error.ts`, with the providers' words as data in `outcome-signals.ts`).
 */
export function judgeAnswer(facts: AnswerFacts): Verdict {
  const { status } = facts;
  const body = facts.body.trim();
  if (status === 407 || (status >= 300 && status < 400 && status !== 304)) {
    const target = findHeader(facts.headers, "location");
    return notAnApiAnswer(facts, target === null ? "No API answer" : `Redirect to ${target}`);
  }
  // Even as a page a 401 is about the key, and a 413 about the request.
  if (isPage(facts, body) && status !== 401 && status !== 413) return notAnApiAnswer(facts, pageReason(body));
  if (status >= 400) return judgeError(readError(errorBody(body)), status, facts);
  return facts.stream ? judgeStream(facts, body) : judgeSuccess(facts, body);
}

/** 2xx without a stream: cheap where all is well, for this is on the way of every request. */
function judgeSuccess(facts: AnswerFacts, body: string): Verdict {
  const { status } = facts;
  if (body === "") return mayBeEmpty(status) ? ok(status) : notAnApiAnswer(facts, "Empty answer");
  const type = findHeader(facts.headers, "content-type") ?? "";
  const mustBeJson = type === "" || isJsonType(type);
  if (!looksLikeJson(body)) {
    if (/^(?:data|event) ?:/.test(body)) return judgeStream(facts, body);
    return mustBeJson || type.startsWith("text/html") ? judgeScalar(facts, body) : ok(status);
  }
  if (facts.truncated === true || body.length > PARSE_UP_TO_CHARS) {
    if (beginsWithError(body)) return judgeError(readError(body), status, facts);
    return facts.truncated === true || isClosed(body) || !mustBeJson ? ok(status) : cutShort(facts);
  }
  const json = parseJson(body);
  if (json === undefined) return mustBeJson ? cutShort(facts) : ok(status);
  return hidesError(json) ? judgeError(readErrorJson(json), status, facts) : ok(status);
}

/** JSON may be a bare string or number; any other text is no API answer. */
function judgeScalar(facts: AnswerFacts, body: string): Verdict {
  const json = parseJson(body);
  return typeof json === "string" || typeof json === "number"
    ? ok(facts.status)
    : notAnApiAnswer(facts, `No API answer: ${body}`);
}

/** 200 with an event stream, of which the first event is here. */
function judgeStream(facts: AnswerFacts, body: string): Verdict {
  // Errors that never became a stream, but kept its content type.
  if (looksLikeJson(body)) return judgeSuccess({ ...facts, stream: false }, body);
  const event = firstEvent(body);
  if (event === null || event.data === "[DONE]")
    return notAnApiAnswer(facts, "Event stream without any event");
  if (event.name === "error") return inStream(judgeError(readError(event.data), facts.status, facts));
  const verdict = judgeStreamEvent(event.data, facts.now, facts.secrets);
  if (verdict !== null) return verdict;
  if (parseJson(event.data) === undefined && facts.truncated !== true) {
    return notAnApiAnswer(
      facts,
      event.ended ? "First event is no JSON" : "Event stream cut in its first event",
    );
  }
  return ok(facts.status);
}

/**
 * The data of one event: null where it is no error, else the verdict as long as nothing was sent to the client. For an
 * event that comes after output pass the verdict through `afterOutput`.
 */
export function judgeStreamEvent(data: string, now: number, secrets: readonly string[] = []): Verdict | null {
  if (!mayHideError(data)) return null;
  const json = parseJson(data);
  if (!hidesErrorInEvent(json)) return null;
  return inStream(judgeError(readErrorJson(json), 200, { headers: [], now, secrets }));
}

/** What is the client's fault stays so; everything else is told as the stream's error, with its true class as cause. */
function inStream(verdict: Verdict): Verdict {
  if (verdict.blame === "client") return { ...verdict, clientStatus: 200 };
  const shown = verdict.clientStatus === 429 || verdict.clientStatus === 503 ? verdict.clientStatus : 502;
  return { ...verdict, outcome: "in_stream_error", cause: verdict.outcome, clientStatus: shown };
}

/**
 * The same failure once output has gone to the client: the host's, not to be retried, and the status stays 200. What
 * the client did itself (left, or asked wrongly) stays the client's.
 */
export function afterOutput(verdict: Verdict): Verdict {
  const { cause: _, ...rest } = verdict;
  if (rest.blame === "client" || rest.blame === "none") return { ...rest, retry: false, clientStatus: 200 };
  const outcome: Outcome = rest.outcome === "upstream_timeout" ? "upstream_timeout" : "upstream_error";
  // A key's wait must not be taken for the host's.
  const cooldownMs = rest.blame === "host" ? rest.cooldownMs : null;
  return { ...rest, outcome, blame: "host", retry: false, cooldownMs, strike: true, clientStatus: 200 };
}

/**
 * A connection that failed, before an answer or inside it. Where output has gone to the client already, pass the
 * verdict through `afterOutput`.
 * @param options.stream The client asked for a stream: names the setting that a timeout came from.
 */
export function judgeFailure(failure: UpstreamFailure, options: { stream: boolean }): Verdict {
  const { kind, message } = failure;
  if (kind === "aborted") return verdictOf({ outcome: "client_closed", status: 499, reason: message });
  const timedOut = kind === "first_byte_timeout" || kind === "idle_timeout";
  const verdict = verdictOf({
    outcome: timedOut ? "upstream_timeout" : "upstream_error",
    status: 502,
    reason: timedOut ? `${message} (${settingOf(kind, options.stream)})` : message,
  });
  return kind === "forbidden_address" ? { ...verdict, retry: false, strike: false } : verdict;
}

function settingOf(kind: "first_byte_timeout" | "idle_timeout", stream: boolean): string {
  if (kind === "idle_timeout") return "idle_stream_timeout_ms";
  return stream ? "stream_first_byte_timeout_ms" : "first_byte_timeout_ms";
}

function ok(status: number): Verdict {
  return verdictOf({ outcome: "ok", status, reason: "" });
}

function cutShort(facts: AnswerFacts): Verdict {
  return notAnApiAnswer(facts, "JSON that does not parse");
}

function notAnApiAnswer(facts: AnswerFacts, what: string): Verdict {
  return verdictOf({
    outcome: "not_an_api_answer",
    status: facts.status,
    waitMs: statedWait(facts.headers, null, facts.now),
    reason: plainReason(what, facts.status, facts.secrets ?? []),
  });
}

/** The body of an error, taken out of the event that it may have been put in (DashScope does so with a 400). */
function errorBody(body: string): string {
  return /^(?:data|event|id|error)? ?:/.test(body) ? (firstEvent(body)?.data ?? body) : body;
}

function isPage(facts: AnswerFacts, body: string): boolean {
  if (!body.startsWith("<")) return false;
  return (
    /^<(?:!doctype html|html|head|body|title|!--)/i.test(body) ||
    (findHeader(facts.headers, "content-type") ?? "").startsWith("text/html")
  );
}

function pageReason(body: string): string {
  const title = /<title>([^<]{1,200})/i.exec(body)?.[1]?.trim();
  return title === undefined ? "A web page, no API answer" : `A web page, no API answer: ${title}`;
}

function isJsonType(type: string): boolean {
  return /\bjson\b/i.test(type) && !/json-seq/i.test(type);
}

/** Accepted, no content, reset content, not modified. */
function mayBeEmpty(status: number): boolean {
  return status === 202 || status === 204 || status === 205 || status === 304;
}

function beginsWithError(body: string): boolean {
  return /^\[?\s{0,80}\{\s{0,80}(?:"type"\s{0,8}:\s{0,8}"error",\s{0,80})?"error"\s{0,80}:\s{0,80}[{"]/.test(
    body,
  );
}

function isClosed(body: string): boolean {
  return body.endsWith(body.startsWith("{") ? "}" : "]");
}
