/** A browser asks no more often than this whether it may; the longest that browsers take (fetch.spec.whatwg.org). */
const PREFLIGHT_MAX_AGE_S = 7_200;
/** What scripts may read of an answer beside what they always may. */
const EXPOSED =
  "x-request-id, x-upstream-request-id, x-lb-attempts, x-lb-model, x-lb-list-missing, retry-after, x-should-retry";

/** Which pages of other sites may use the proxy from a browser: the setting `cors_allowed_origins`. */
export class Cors {
  #text = "";
  #origins = new Set<string>();

  constructor(private readonly setting: () => string) {}

  /** The request's origin, where it is one of those that may; null otherwise, and for what no page has sent. */
  allowedOrigin(headers: Headers): string | null {
    const origin = headers.get("origin");
    const text = this.setting();
    if (origin === null || text === "") return null;
    if (text !== this.#text) {
      this.#text = text;
      this.#origins = new Set(text.split(", "));
    }
    return this.#origins.has(origin) || this.#origins.has("*") ? origin : null;
  }
}

export function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("access-control-request-method");
}

/** The answer to a browser that asks whether a page may; to one that may not, an answer without consent. */
export function preflightAnswer(request: Request, origin: string | null): Response {
  const headers = new Headers({
    vary: "origin, access-control-request-method, access-control-request-headers",
  });
  if (origin !== null) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.set("access-control-allow-headers", request.headers.get("access-control-request-headers") ?? "*");
    headers.set("access-control-max-age", String(PREFLIGHT_MAX_AGE_S));
  }
  return new Response(null, { status: 204, headers });
}

export function addConsent(response: Response, origin: string): void {
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("access-control-expose-headers", EXPOSED);
  response.headers.append("vary", "origin");
}
