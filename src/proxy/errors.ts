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

export function errorResponse(error: ProxyError, headers: [string, string][]): Response {
  const all = new Headers(headers);
  all.set("content-type", "application/json");
  for (const [name, value] of Object.entries(error.options.headers ?? {})) all.set(name, value);
  const { retryAfterMs } = error.options;
  if (retryAfterMs !== undefined && retryAfterMs !== null) {
    all.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
    if (retryAfterMs > LONGEST_SDK_WAIT_MS) all.set("x-should-retry", "false");
  }
  return new Response(errorBody(error.code, error.message), { status: error.status, headers: all });
}
