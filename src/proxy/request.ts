import type { TraceContext } from "../types.ts";
import type { HeaderList } from "../upstream/types.ts";
import { type Endpoint, findEndpoint, idInPath } from "./endpoints.ts";
import { ProxyError } from "./errors.ts";
import { FormField } from "./form-field.ts";
import { requestHeaders, withTrace } from "./headers.ts";
import { namedIds } from "./named-ids.ts";
import { type HeldBytes, UploadBody, uploadTooLarge } from "./upload-body.ts";

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
  /** In place of `body`, where it is sent on as it comes. */
  upload: UploadBody | null;
  /** The upload's field with the model's name, where it has one. */
  modelField: FormField | null;
  model: string | null;
  stream: boolean;
  /** A streamed chat request that does not say whether the usage is to be told. */
  lacksUsage: boolean;
  /** What it names that exists only in one account: in the path first, then in the body. */
  ids: readonly string[];
  /** It makes something at the provider, and must not be repeated once it may have been done. */
  creates: boolean;
  /** What its answer makes, or tells of, exists only in the account that answers. */
  makesOwned: boolean;
  /** Null: the keys of all pools. */
  poolId: string | null;
  /** The only key that may serve it, picked by hand in the playground; no client can ask for that. */
  pickedKeyId: string | null;
  clientAddress: string;
  userAgent: string;
  connection: ClientConnection;
  /** Null where tracing is off. */
  trace: TraceContext | null;
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
  lacksUsage: boolean;
  /** The field `store`. */
  store: boolean | null;
  /** The field `background`: it goes on though nobody waits for it. */
  background: boolean;
  ids: readonly string[];
}
const NO_IDS: readonly string[] = [];
const NOTHING: RoutingFacts = {
  model: null,
  stream: false,
  lacksUsage: false,
  store: null,
  background: false,
  ids: NO_IDS,
};

export interface BodyLimits {
  /** JSON, in bytes. */
  body: number;
  /** Multipart and raw, in bytes. */
  upload: number;
  /** What is held of all uploads. */
  held: HeldBytes;
}

export interface Arrival {
  id: string;
  request: Request;
  connection: ClientConnection;
  /** Below the base, beginning with `/`, without query. */
  path: string;
  search: string;
  poolId: string | null;
  pickedKeyId: string | null;
  clientAddress: string;
  trace: TraceContext | null;
  at: number;
  startedAt: number;
}

export async function readRequest(arrival: Arrival, limits: BodyLimits): Promise<ProxyRequest> {
  const { request, path } = arrival;
  const endpoint = findEndpoint(request.method, path);
  const isUpload = endpoint.body === "upload" && !isJson(request) && request.body !== null;
  const upload = isUpload ? uploadOf(request, limits) : null;
  const body =
    endpoint.body === "none" || isUpload ? null : await readBody(request, limits.body).catch(clientLeft);
  const facts = body === null ? NOTHING : factsOf(body, endpoint);
  const modelField =
    upload !== null && endpoint.model === "form" ? await readModelField(upload, request) : null;
  const model = endpoint.model === "path" ? modelOfPath(path, endpoint) : (modelField?.value ?? facts.model);
  const idOfPath = idInPath(endpoint, path);
  const headers = requestHeaders(request.headers);
  return {
    id: arrival.id,
    endpoint,
    method: request.method,
    target: path + arrival.search,
    path,
    headers: arrival.trace === null ? headers : withTrace(headers, arrival.trace),
    body,
    upload,
    modelField,
    model: model === null ? null : model.slice(0, LONGEST_MODEL_CHARS),
    stream: facts.stream || (request.method === "GET" && arrival.search.includes("stream=true")),
    lacksUsage: facts.lacksUsage && endpoint.usageOnRequest === true,
    ids: idOfPath === null ? facts.ids : [idOfPath, ...facts.ids],
    creates: endpoint.creates || facts.background,
    makesOwned: endpoint.owned !== "none" && isStored(endpoint, facts.store),
    poolId: arrival.poolId,
    pickedKeyId: arrival.pickedKeyId,
    clientAddress: arrival.clientAddress,
    userAgent: (request.headers.get("user-agent") ?? "").slice(0, LONGEST_USER_AGENT_CHARS),
    connection: arrival.connection,
    trace: arrival.trace,
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

function uploadOf(request: Request, limits: BodyLimits): UploadBody {
  const maxBytes = limits.upload;
  const length = request.headers.get("content-length");
  if (Number(length ?? "0") > maxBytes) throw uploadTooLarge(maxBytes);
  const stream = request.body as ReadableStream<Uint8Array>;
  return new UploadBody(stream, length === null ? null : Number(length), maxBytes, limits.held);
}

/** Where a model is asked, the body must be a JSON object; elsewhere whatever it is goes on as it came. */
function factsOf(body: Uint8Array, endpoint: Endpoint): RoutingFacts {
  try {
    return routingFacts(body);
  } catch (error) {
    if (endpoint.model === "body") throw error;
    return NOTHING;
  }
}

function routingFacts(body: Uint8Array): RoutingFacts {
  let text: string;
  let parsed: unknown;
  try {
    text = utf8.decode(body);
    parsed = JSON.parse(text);
  } catch {
    throw new ProxyError("invalid_json", "The body must be JSON in UTF-8.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ProxyError("invalid_json", "The body must be a JSON object.");
  }
  const { model, stream, stream_options, store, background } = parsed as Record<string, unknown>;
  return {
    model: typeof model === "string" && model !== "" ? model : null,
    stream: stream === true,
    lacksUsage: stream === true && lacksUsage(stream_options),
    store: typeof store === "boolean" ? store : null,
    background: background === true,
    ids: namedIds(parsed, text),
  };
}

/** What is no object is left to the upstream to refuse. */
function lacksUsage(streamOptions: unknown): boolean {
  if (streamOptions === undefined || streamOptions === null) return true;
  return typeof streamOptions === "object" && !("include_usage" in streamOptions);
}

function isStored({ stores }: Endpoint, store: boolean | null): boolean {
  if (stores === undefined) return true;
  return stores === "if_asked" ? store === true : store !== false;
}

function isJson(request: Request): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers.get("content-type") ?? "");
}

/** The name comes before or behind the file; it is looked for in as much of the body as may be held. */
async function readModelField(upload: UploadBody, request: Request): Promise<FormField | null> {
  const field = new FormField(request.headers.get("content-type") ?? "", "model");
  await upload.readAhead(field.look).catch((error: unknown) => {
    upload.cancel();
    return clientLeft(error);
  });
  const isName = field.value !== null && field.value !== "" && field.value.length <= LONGEST_MODEL_CHARS;
  return isName ? field : null;
}

function modelOfPath(path: string, endpoint: Endpoint): string | null {
  const id = path.slice(endpoint.path.length - 1);
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ProxyError("invalid_request", "The model's name in the path is not well encoded.");
  }
}
