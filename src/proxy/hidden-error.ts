import { isObject, type JsonObject } from "./error-shapes.ts";

/**
 * Texts of which an answer that is an error holds at least one. Inside the model's own words the quotes would be
 * escaped, so a text without any of them cannot hide an error, and need not be parsed to know it.
 */
const MARKS = ['"error"', '"error_code"', '"base_resp"', '"code"', '"success"', '"status"'];

/** Cheap and never wrong in saying no. */
export function mayHideError(text: string): boolean {
  return MARKS.some((mark) => text.includes(mark));
}

/**
 * Whether a JSON answer with status 200 is an error all the same. Looks at the top level only, never at
 * what the model said. `error: null` and empty errors are none.
 */
export function hidesError(json: unknown): boolean {
  if (Array.isArray(json)) return isObject(json[0]) && isFilled(json[0].error);
  if (!isObject(json)) return false;
  return SIGNS.some((sign) => sign(json));
}

/** Whether the data of an event is an error. A chunk has no place of its own for `error`, with choices or without. */
export function hidesErrorInEvent(json: unknown): boolean {
  return (isObject(json) && isFilled(json.error)) || hidesError(json);
}

/** The ways in which providers hide an error, one a line. */
const SIGNS: ((json: JsonObject) => boolean)[] = [
  // OpenRouter and most others: an error where the answer should be. With choices it is part of an answer.
  (json) => isFilled(json.error) && !hasChoices(json) && !isRecordOfJob(json),
  // Anthropic's envelope, vLLM's flat object.
  (json) => json.type === "error" || json.object === "error",
  // OpenAI's Responses API, in a stream.
  (json) => json.type === "response.failed" && isObject(json.response) && isFilled(json.response.error),
  // MiniMax.
  (json) => isObject(json.base_resp) && isErrorCode(json.base_resp.status_code),
  // Baidu's older API.
  (json) => isErrorCode(json.error_code) && typeof json.error_msg === "string",
  // Cloudflare's and Zhipu's envelope.
  (json) => json.success === false && !hasChoices(json),
  // SiliconFlow, Novita and other envelopes of a code and a sentence with nothing in them.
  (json) => isErrorCode(json.code) && hasSentence(json) && isEmpty(json),
  // A problem document (RFC 9457).
  (json) => typeof json.status === "number" && json.status >= 400 && typeof json.title === "string",
];

function isFilled(error: unknown): boolean {
  if (typeof error === "string") return error !== "";
  return isObject(error) && Object.values(error).some((value) => value !== null && value !== "");
}

function hasChoices(json: JsonObject): boolean {
  return Array.isArray(json.choices) && json.choices.length > 0;
}

/**
 * A batch, a fine-tuning job, a video … that failed some time ago is told truthfully by an answer that is well.
 * A response or completion that carries an error is itself what failed.
 */
function isRecordOfJob(json: JsonObject): boolean {
  return (
    typeof json.id === "string" &&
    typeof json.status === "string" &&
    typeof json.object === "string" &&
    !/^(?:response|error|chat\.completion|text_completion)/.test(json.object)
  );
}

/** 0, 200, "0", "ok" and "success" are how some envelopes say that all is well. */
function isErrorCode(code: unknown): boolean {
  if (typeof code === "number") return code !== 0 && code !== 200;
  return typeof code === "string" && !/^(?:0*|20\d|ok|success)$/i.test(code);
}

function hasSentence(json: JsonObject): boolean {
  return typeof json.message === "string" || typeof json.msg === "string";
}

function isEmpty(json: JsonObject): boolean {
  const { data } = json;
  const nothing = data === undefined || data === null || (isObject(data) && Object.keys(data).length === 0);
  return nothing && !("choices" in json) && !("output" in json) && !("object" in json) && !("result" in json);
}
