import type { Blame, Outcome, Verdict } from "../types.ts";
import type { HeaderList, UpstreamFailure } from "../upstream/types.ts";
import { type ErrorShape, looksLikeJson, parseJson, readError, readErrorJson } from "./error-shapes.ts";
import { firstEvent } from "./first-event.ts";
import { findHeader } from "./headers.ts";
import { hidesError, hidesErrorInEvent, mayHideError } from "./hidden-error.ts";
import { namesLongPeriod, namesModel } from "./limit-scope.ts";
import { outcomeOfStatus, SIGNALS, type Signal } from "./outcome-signals.ts";
import { exhaustedWindow, statedWait } from "./stated-wait.ts";
import { plainReason, verdictOf } from "./verdict.ts";

/** A stated wait this long is a quota, whatever the provider calls it. */
const QUOTA_FROM_MS = 3_600_000;
/** A larger answer is not parsed on the hot path unless one of its texts could belong to an error. */
const PARSE_ALWAYS_CHARS = 8_192;

export interface AnswerFacts {
  status: number;
  headers: HeaderList;
  /**
   * The decoded body (decompressed, UTF-8), or its first 64 KiB. For an event stream: what came until its first event
   * with data was whole, comments before it included or not, or until the stream ended. What follows is ignored.
   * Not for answers to HEAD, whose body is empty by right.
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
 * name may be unknown. Order and rules: provider-answers.md, kept as data in `outcome-signals.ts`.
 */
export function judgeAnswer(facts: AnswerFacts): Verdict {
  const { status } = facts;
  const body = facts.body.trim();
  if (status === 407 || (status >= 300 && status < 400 && status !== 304)) {
    const target = findHeader(facts.headers, "location");
    return notAnApiAnswer(facts, target === null ? "No API answer" : `Redirect to ${target}`);
  }
  if (isPage(body) && status !== 401) return notAnApiAnswer(facts, pageReason(body));
  if (status >= 400) return judgeError(readError(errorBody(facts, body)), status, facts);
  return facts.stream ? judgeStream(facts, body) : judgeSuccess(facts, body);
}

/** Facts that a verdict on an error takes from around it. */
type Surroundings = Pick<AnswerFacts, "headers" | "now" | "secrets">;

/** 2xx without a stream: cheap where all is well, for this is on the way of every request. */
function judgeSuccess(facts: AnswerFacts, body: string): Verdict {
  if (body === "") return mayBeEmpty(facts.status) ? ok(facts.status) : notAnApiAnswer(facts, "Empty answer");
  const type = findHeader(facts.headers, "content-type") ?? "";
  if (!looksLikeJson(body)) {
    if (/^(?:data|event) ?:/.test(body)) return judgeStream(facts, body);
    return isJsonType(type) || type === "" || type.startsWith("text/html")
      ? judgeScalar(facts, body)
      : ok(facts.status);
  }
  if (facts.truncated === true) {
    return /^\[?\s{0,80}\{\s{0,80}"error"\s{0,80}:\s{0,80}[{"]/.test(body)
      ? judgeError(readError(body), facts.status, facts)
      : ok(facts.status);
  }
  if (body.length > PARSE_ALWAYS_CHARS && isClosed(body) && !mayHideError(body)) return ok(facts.status);
  const json = parseJson(body);
  if (json === undefined) {
    return isJsonType(type) || type === ""
      ? notAnApiAnswer(facts, "JSON that does not parse")
      : ok(facts.status);
  }
  return hidesError(json) ? judgeError(readErrorJson(json), facts.status, facts) : ok(facts.status);
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
  if (event.name === "error") return inStream(judgeError(readError(event.data), 200, facts));
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

/** The same failure once output has gone to the client: the host's, not to be retried, and the status stays 200. */
export function afterOutput(verdict: Verdict): Verdict {
  const { cause, ...rest } = verdict;
  if (rest.blame === "client" || rest.blame === "none") return { ...rest, retry: false, clientStatus: 200 };
  const outcome: Outcome = rest.outcome === "upstream_timeout" ? "upstream_timeout" : "upstream_error";
  const cooldownMs = rest.blame === "host" ? rest.cooldownMs : null;
  return { ...rest, outcome, blame: "host", retry: false, cooldownMs, strike: true, clientStatus: 200 };
}

/**
 * A connection that failed, before an answer or inside it.
 * @param options.stream The client asked for a stream: names the setting that a timeout came from.
 */
export function judgeFailure(failure: UpstreamFailure, options: { stream: boolean }): Verdict {
  const { kind } = failure;
  if (kind === "aborted")
    return verdictOf({ outcome: "client_closed", status: 499, reason: failure.message });
  const timedOut = kind === "first_byte_timeout" || kind === "idle_timeout";
  const verdict = verdictOf({
    outcome: timedOut ? "upstream_timeout" : "upstream_error",
    status: 502,
    reason: timedOut ? `${failure.message} (${settingOf(kind, options.stream)})` : failure.message,
  });
  return kind === "forbidden_address" ? { ...verdict, retry: false, strike: false } : verdict;
}

function settingOf(kind: "first_byte_timeout" | "idle_timeout", stream: boolean): string {
  if (kind === "idle_timeout") return "idle_stream_timeout_ms";
  return stream ? "stream_first_byte_timeout_ms" : "first_byte_timeout_ms";
}

/** An error in whatever shape: text, type and code beat the status, what an aggregator quotes beats its own words. */
function judgeError(error: ErrorShape, httpStatus: number, around: Surroundings): Verdict {
  const { quoted } = error;
  const status = statusOf(error, httpStatus);
  const said = quoted === null ? error.text : `${quoted.text}\n${error.text}`;
  const signal: Signal = (quoted === null ? undefined : signalOf(quoted, status)) ??
    signalOf(error, status) ?? { outcome: outcomeOfStatus(status) };
  const waitMs = statedWait(around.headers, error, around.now);
  const window = exhaustedWindow(around.headers, around.now);
  const outcome = requestedAboveLimit(said)
    ? "client_error"
    : withQuota(signal.outcome, waitMs, namesLongPeriod(said) || /\bday\b/.test(window?.header ?? ""));
  const names = quoted === null ? error.names : [...quoted.names, ...error.names];
  const scoped = withScope(
    outcome,
    signal.blame,
    quoted !== null,
    namesModel(`${said}\n${[...names].join("\n")}`),
  );
  return verdictOf({
    ...scoped,
    status,
    waitMs,
    reason: plainReason(reasonText(error), status, around.secrets ?? []),
  });
}

function signalOf(error: ErrorShape, status: number): Signal | undefined {
  return SIGNALS.find(({ status: statuses, names, text }) => {
    if (statuses !== undefined && !statuses.includes(status)) return false;
    if (names === undefined && text === undefined) return true;
    return names?.some((name) => error.names.has(name)) === true || text?.test(error.text) === true;
  });
}

/** What a 200 or a gateway's 5xx carries inside states the true status better than its status line. */
function statusOf(error: ErrorShape, httpStatus: number): number {
  const stated = error.quoted?.status ?? error.status;
  return stated !== null && (httpStatus < 400 || httpStatus >= 500 || error.quoted !== null)
    ? stated
    : httpStatus;
}

function withQuota(outcome: Outcome, waitMs: number | null, longPeriod: boolean): Outcome {
  if (outcome !== "rate_limited") return outcome;
  return longPeriod || (waitMs !== null && waitMs >= QUOTA_FROM_MS) ? "quota_exhausted" : outcome;
}

const LIMITS: readonly Outcome[] = ["rate_limited", "quota_exhausted", "forbidden_key"];
const KEY_TROUBLES: readonly Outcome[] = [...LIMITS, "no_credit", "invalid_key"];

/** Limits and refusals that name a model, or that an aggregator only quotes, concern the key for this model alone. */
function withScope(
  outcome: Outcome,
  blame: Blame | undefined,
  quoted: boolean,
  modelNamed: boolean,
): { outcome: Outcome; blame: Blame | undefined } {
  if (quoted && KEY_TROUBLES.includes(outcome)) {
    // The aggregator's own key at its provider is bad: ours is not.
    return { outcome: outcome === "invalid_key" ? "forbidden_key" : outcome, blame: "key_model" };
  }
  if (outcome === "client_error") return { outcome, blame: "client" };
  return { outcome, blame: blame ?? (modelNamed && LIMITS.includes(outcome) ? "key_model" : undefined) };
}

/** Outside a stream's own verdicts: what is the client's stays so, everything else is told as the stream's error. */
function inStream(verdict: Verdict): Verdict {
  if (verdict.blame === "client") return { ...verdict, clientStatus: 200 };
  const shown = verdict.clientStatus === 429 || verdict.clientStatus === 503 ? verdict.clientStatus : 502;
  return { ...verdict, outcome: "in_stream_error", cause: verdict.outcome, clientStatus: shown };
}

/** "Limit 7000, Used 0, Requested ~12903": it can never pass on this key, in spite of the wait that is stated. */
function requestedAboveLimit(text: string): boolean {
  const numbers = /\blimit:? ?~?([\d,]{1,15})\b[^\n]{0,80}?\brequested:? ?~?([\d,]{1,15})\b/i.exec(text);
  if (numbers === null) return false;
  const [limit = Number.NaN, requested = Number.NaN] = numbers
    .slice(1)
    .map((part) => Number(part.replaceAll(",", "")));
  return requested > limit;
}

function ok(status: number): Verdict {
  return verdictOf({ outcome: "ok", status, reason: "" });
}

function notAnApiAnswer(facts: AnswerFacts, what: string): Verdict {
  return verdictOf({
    outcome: "not_an_api_answer",
    status: facts.status,
    waitMs: statedWait(facts.headers, null, facts.now),
    reason: plainReason(what, facts.status, facts.secrets ?? []),
  });
}

function reasonText(error: ErrorShape): string {
  const own = error.message === "" ? [...error.names].join(", ") : error.message;
  const quoted = error.quoted?.message ?? "";
  const said = quoted === "" || own.includes(quoted) ? own : `${own}: ${quoted}`;
  return said === "" ? "No explanation" : said;
}

/** The body of an error, taken out of the event that it may have been put in. */
function errorBody(facts: AnswerFacts, body: string): string {
  return facts.stream && !looksLikeJson(body) ? (firstEvent(body)?.data ?? body) : body;
}

function isPage(body: string): boolean {
  return body.startsWith("<") && /^<(?:!doctype html|html|head|body|title|h1|!--)/i.test(body);
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

function isClosed(body: string): boolean {
  return body.endsWith(body.startsWith("{") ? "}" : "]");
}
