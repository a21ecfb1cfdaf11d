/** Every error that the proxy itself makes: its status and OpenAI's `type` for it. */
const ERRORS = {
  invalid_api_key: { status: 401, type: "authentication_error" },
  invalid_json: { status: 400, type: "invalid_request_error" },
  invalid_request: { status: 400, type: "invalid_request_error" },
  not_found: { status: 404, type: "invalid_request_error" },
  method_not_allowed: { status: 405, type: "invalid_request_error" },
  cross_site_refused: { status: 403, type: "permission_error" },
  request_too_large: { status: 413, type: "invalid_request_error" },
  keys_cooling_down: { status: 429, type: "rate_limit_error" },
  queue_full: { status: 429, type: "rate_limit_error" },
  client_rate_limited: { status: 429, type: "rate_limit_error" },
  no_usable_key: { status: 503, type: "api_error" },
  resource_key_gone: { status: 409, type: "invalid_request_error" },
  upstream_unavailable: { status: 503, type: "api_error" },
  overloaded: { status: 503, type: "api_error" },
  upstream_error: { status: 502, type: "api_error" },
  upstream_timeout: { status: 504, type: "api_error" },
  client_closed: { status: 499, type: "api_error" },
  shutting_down: { status: 503, type: "api_error" },
  internal_error: { status: 500, type: "api_error" },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** The official SDKs sleep for any `retry-after` up to this; longer waits they should leave to a person. */
const LONGEST_SDK_WAIT_MS = 60_000;

export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly status: number;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly options: {
      status?: number;
      retryAfterMs?: number | null;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(message);
    this.status = options.status ?? ERRORS[code].status;
  }
}

/** OpenAI's error shape. */
export function errorBody(code: ErrorCode, message: string): string {
  return JSON.stringify({ error: { message, type: ERRORS[code].type, code, param: null } });
}

/** docs.anthropic.com/en/api/errors: the type follows from the status. */
const ANTHROPIC_TYPES: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  405: "invalid_request_error",
  409: "invalid_request_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
};

function anthropicErrorBody(error: ProxyError): string {
  const type =
    ANTHROPIC_TYPES[error.status] ?? (error.code === "overloaded" ? "overloaded_error" : "api_error");
  return JSON.stringify({ type: "error", error: { type, message: error.message } });
}

/** Whose shape an error has: that of the protocol which the client speaks. */
export type ErrorForm = "openai" | "anthropic";

export function errorText(error: ProxyError, form: ErrorForm): string {
  return form === "anthropic" ? anthropicErrorBody(error) : errorBody(error.code, error.message);
}

export function errorResponse(
  error: ProxyError,
  headers: [string, string][],
  form: ErrorForm = "openai",
): Response {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  for (const [name, value] of Object.entries(error.options.headers ?? {})) all.set(name, value);
  const { retryAfterMs } = error.options;
  if (retryAfterMs !== undefined && retryAfterMs !== null) {
    all.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
    if (retryAfterMs > LONGEST_SDK_WAIT_MS) all.set("x-should-retry", "false");
  }
  return new Response(errorText(error, form), { status: error.status, headers: all });
}
