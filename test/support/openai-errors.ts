import type { Headers } from "./answers.ts";
import { status } from "./answers.ts";
import type { Answer, Script } from "./call.ts";

interface ErrorParts {
  type?: string;
  code?: string | null;
  headers?: Headers;
}

/** An error in OpenAI's shape. */
export function openAiError(httpStatus: number, message: string, parts: ErrorParts = {}): Answer {
  const {
    type = httpStatus < 500 ? "invalid_request_error" : "server_error",
    code = null,
    headers = {},
  } = parts;
  return status(httpStatus, { error: { message, type, param: null, code } }, headers);
}

/** What an unknown key gets. The secret is echoed half hidden, as OpenAI does. */
export function unauthorized(): Script {
  return (call) => {
    const shown = call.secret === null ? "none" : `${call.secret.slice(0, 4)}***${call.secret.slice(-4)}`;
    return openAiError(401, `Incorrect API key provided: ${shown}.`, { code: "invalid_api_key" });
  };
}

/** `retryAfter`: seconds, or the header's text (a date); without it the answer states no time at all. */
export function rateLimited(
  options: { retryAfter?: number | string; message?: string; headers?: Headers } = {},
): Answer {
  const { retryAfter, message = "Rate limit reached for requests", headers = {} } = options;
  const stated: Headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const parts = { type: "requests", code: "rate_limit_exceeded", headers: { ...stated, ...headers } };
  return openAiError(429, message, parts);
}

/** Refuses requests that carry this top-level field, as strict servers refuse `stream_options`. */
export function refusing(field: string, otherwise: Script): Script {
  const message = `Unknown parameter: '${field}'.`;
  const refusal = openAiError(400, message, { code: "unknown_parameter" });
  return (call) => (field in call.json ? refusal : otherwise);
}
