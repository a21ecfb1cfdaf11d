import type { HeaderList } from "../upstream/types.ts";
import { type Endpoint, findEndpoint } from "./endpoints.ts";
import { ProxyError } from "./errors.ts";
import { requestHeaders } from "./headers.ts";

/** What the proxy does with the connection that a request came by. */
export interface ClientConnection {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** The runtime closes a connection on which nothing moves; an answer may take minutes, so its limit is lifted. */
  liftIdleLimit(): void;
  /** To be called before the answer ends, or the next pause on this connection would have no limit. */
  restoreIdleLimit(): void;
}

/** A client's request as the forward loop wants it: read once, its body's bytes as they came. */
export interface ProxyRequest {
  id: string;
  endpoint: Endpoint;
  method: string;
  /** Below the base, with the query string. */
  target: string;
  /** Below the base, without it: what the log shows. */
  path: string;
  headers: HeaderList;
  body: Uint8Array | null;
  model: string | null;
  stream: boolean;
  /** Null: the keys of all pools. */
  poolId: string | null;
  clientAddress: string;
  userAgent: string;
  connection: ClientConnection;
  /** When the request came: wall clock and monotonic ms. */
  at: number;
  startedAt: number;
}

const LONGEST_MODEL_CHARS = 200;
const LONGEST_USER_AGENT_CHARS = 200;
const NO_BYTES = Promise.resolve(new Uint8Array());
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** What of a JSON body decides the way of a request. */
interface RoutingFacts {
  model: string | null;
  stream: boolean;
}
const NOTHING: RoutingFacts = { model: null, stream: false };

export interface Arrival {
  id: string;
  request: Request;
  connection: ClientConnection;
  /** Below the base, beginning with `/`, without query. */
  path: string;
  search: string;
  poolId: string | null;
  clientAddress: string;
  at: number;
  startedAt: number;
}

export async function readRequest(arrival: Arrival, maxBodyBytes: number): Promise<ProxyRequest> {
  const { request, path } = arrival;
  const endpoint = findEndpoint(request.method, path);
  const body = endpoint.body === "none" ? null : await readBody(request, maxBodyBytes).catch(clientLeft);
  const facts = endpoint.body === "json" ? routingFacts(body ?? new Uint8Array()) : NOTHING;
  const model = endpoint.model === "path" ? modelOfPath(path, endpoint) : facts.model;
  return {
    id: arrival.id,
    endpoint,
    method: request.method,
    target: path + arrival.search,
    path,
    headers: requestHeaders(request.headers),
    body,
    model: model === null ? null : model.slice(0, LONGEST_MODEL_CHARS),
    stream: facts.stream,
    poolId: arrival.poolId,
    clientAddress: arrival.clientAddress,
    userAgent: (request.headers.get("user-agent") ?? "").slice(0, LONGEST_USER_AGENT_CHARS),
    connection: arrival.connection,
    at: arrival.at,
    startedAt: arrival.startedAt,
  };
}

function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const stated = Number(request.headers.get("content-length") ?? "NaN");
  if (stated > maxBytes) throw tooLarge(maxBytes);
  // A stated length is what arrives: the server reads no further.
  if (Number.isFinite(stated)) return request.bytes();
  return request.body === null ? NO_BYTES : readCounting(request.body, maxBytes);
}

/** A body without a stated length may be of any: it is counted as it comes. */
async function readCounting(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const chunk = part.value;
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body that breaks off is its sender's doing, and nobody is left to be told. */
function clientLeft(error: unknown): never {
  if (error instanceof ProxyError) throw error;
  throw new ProxyError("client_closed", "The client closed the connection before its request was whole.");
}

function tooLarge(maxBytes: number): ProxyError {
  return new ProxyError(
    "request_too_large",
    `The body is larger than ${maxBytes} bytes, the setting max_request_body_bytes.`,
    { headers: { connection: "close" } },
  );
}

function routingFacts(body: Uint8Array): RoutingFacts {
  let parsed: unknown;
  try {
    parsed = JSON.parse(utf8.decode(body));
  } catch {
    throw new ProxyError("invalid_json", "The body must be JSON in UTF-8.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ProxyError("invalid_json", "The body must be a JSON object.");
  }
  const { model, stream } = parsed as { model?: unknown; stream?: unknown };
  return { model: typeof model === "string" && model !== "" ? model : null, stream: stream === true };
}

function modelOfPath(path: string, endpoint: Endpoint): string | null {
  const id = path.slice(endpoint.path.length - 1);
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ProxyError("invalid_request", "The model's name in the path is not well encoded.");
  }
}
