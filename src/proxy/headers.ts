import type { AuthStyle, TraceContext } from "../types.ts";
import type { HeaderList } from "../upstream/types.ts";

/** RFC 9110 7.6.1 and the older `keep-alive` and `proxy-connection`: for one connection only. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** The client's own credentials, its cookies, where it came from, and what the upstream client writes itself. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cookie",
  "forwarded",
  "host",
  "content-length",
  "expect",
  "x-lb-pool",
]);

/** Which pages may read an answer is for this server to say, whatever the upstream says. */
const NOT_RETURNED = new Set([
  ...HOP_BY_HOP,
  "set-cookie",
  "content-length",
  "x-request-id",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
]);

/** The request's end-to-end headers with the key in the form that the upstream wants. */
export function requestHeaders(headers: Headers): HeaderList {
  const list: HeaderList = [];
  const named = connectionNames(headers.get("connection"));
  headers.forEach((value, name) => {
    if (NOT_FORWARDED.has(name) || name.startsWith("x-forwarded-") || named?.has(name)) return;
    list.push([name, value]);
  });
  return list;
}

/** The headers with this program's own span as the parent of what the upstream adds to the trace. */
export function withTrace(headers: HeaderList, trace: TraceContext): HeaderList {
  const { traceId, spanId, isSampled } = trace;
  const own: [string, string] = ["traceparent", `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`];
  return [...headers.filter(([name]) => name !== "traceparent"), own];
}

export function authHeader(style: AuthStyle, secret: string): [string, string] {
  return style === "bearer" ? ["authorization", `Bearer ${secret}`] : [style, secret];
}

/** The answer's end-to-end headers; the upstream's request id gets a name of its own beside ours. */
export function answerHeaders(headers: HeaderList): [string, string][] {
  const list: [string, string][] = [];
  const named = connectionNames(findHeader(headers, "connection"));
  for (const header of headers) {
    const name = header[0];
    if (name === "x-request-id") list.push(["x-upstream-request-id", header[1]]);
    else if (!NOT_RETURNED.has(name) && !named?.has(name)) list.push(header);
  }
  return list;
}

export function findHeader(headers: HeaderList, name: string): string | null {
  for (const header of headers) if (header[0] === name) return header[1];
  return null;
}

/** Headers that `connection` names are for this connection only; the usual values name none. */
function connectionNames(connection: string | null): Set<string> | null {
  if (connection === null || connection === "keep-alive" || connection === "close") return null;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}
