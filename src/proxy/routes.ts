import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { turnEnd } from "../turn-end.ts";
import type { TraceContext } from "../types.ts";
import { type ClientAuthOptions, checkClient } from "./client-auth.ts";
import { addConsent, Cors, isPreflight, preflightAnswer } from "./cors.ts";
import { findEndpoint } from "./endpoints.ts";
import { type ErrorForm, errorResponse, ProxyError } from "./errors.ts";
import type { Forward } from "./forward.ts";
import { credentialHeaders, isUpgrade, protocolsOf, type Realtime } from "./realtime.ts";
import type { RealtimeSession } from "./realtime-session.ts";
import { type Arrival, type BodyLimits, type ClientConnection, readRequest } from "./request.ts";

/** More requests at once than this are refused, so that memory stays bounded. */
const MAX_REQUESTS_IN_FLIGHT = 20_000;

export interface ProxyRouteDeps extends ClientAuthOptions {
  clock: Clock;
  log: Logger;
  forward: Forward;
  realtime: Realtime;
  bodyLimits(): BodyLimits;
  /** The setting. */
  corsAllowedOrigins(): string;
  /** The runtime closes connections on which nothing moves after this. */
  idleTimeoutS: number;
  /** The id of the pool with this name; null where there is none. */
  poolNamed(name: string): string | null;
  /** What every connection comes from where only this machine can connect: asking for it is a system call. */
  loopbackAddress: string | null;
  /** Who asks, seen through trusted proxies, from the connection's address. */
  clientAddress(connection: string, headers: Headers): string;
  /** Gives a request its place in a trace; null where tracing is off. */
  beginTrace: ((traceparent: string | null) => TraceContext) | null;
  /** Counts a client's request. @throws ProxyError where it is one too many. */
  admitClient(address: string): void;
  isDraining(): boolean;
  began(): void;
  /** Undoes `began` for a request that is refused before it is read whole. */
  refused(): void;
  inFlight(): number;
}

/** What the server tells of a connection. */
export interface ConnectionInfo {
  requestIP(request: Request): { address: string } | null;
  /** Sets the idle limit of this request's connection, in seconds; 0 takes it off. */
  timeout(request: Request, seconds: number): void;
  upgrade(request: Request, options: { data: RealtimeSession; headers: Headers }): boolean;
}

type RouteHandler = (request: Request, server: ConnectionInfo) => Promise<Response | undefined>;

/**
 * The OpenAI base URL, at `/v1`, `/api/v1` and, for one pool alone, `/pools/NAME/v1`. These are routes of the
 * runtime's own router: beside the control plane's framework, since it would cost a quarter of the speed here.
 */
export function createProxyRoutes(deps: ProxyRouteDeps): Record<string, RouteHandler> {
  const handle = createHandler(deps);
  return {
    "/v1/*": (request, server) => handle(request, server, "/v1", null),
    "/api/v1/*": (request, server) => handle(request, server, "/api/v1", null),
    "/pools/:pool/v1/*": (request, server) => {
      const segment = new URL(request.url).pathname.split("/")[2] ?? "";
      return handle(request, server, `/pools/${segment}/v1`, decoded(segment));
    },
  };
}

function createHandler(deps: ProxyRouteDeps): Handler {
  const cors = new Cors(deps.corsAllowedOrigins);
  const handle = createOwnHandler(deps);
  const handlePage: Handler = async (request, server, base, pool) => {
    const origin = cors.allowedOrigin(request.headers);
    if (isPreflight(request)) return preflightAnswer(request, origin);
    const response = await handle(request, server, base, pool, origin !== null);
    if (origin !== null && response !== undefined) addConsent(response, origin);
    return response;
  };
  // Most requests come from no page, and pay for nothing more than this look.
  return (request, server, base, pool) =>
    request.headers.has("origin")
      ? handlePage(request, server, base, pool)
      : handle(request, server, base, pool, false);
}

type Handler = (
  request: Request,
  server: ConnectionInfo,
  base: string,
  pool: string | null,
) => Promise<Response | undefined>;

function createOwnHandler(deps: ProxyRouteDeps) {
  return async (
    request: Request,
    server: ConnectionInfo,
    base: string,
    pool: string | null,
    isInvitedPage: boolean,
  ): Promise<Response | undefined> => {
    const id = deps.clock.id();
    const startedAt = deps.clock.monotonic();
    let entered = false;
    try {
      admit(deps, request);
      const protocols = isUpgrade(request.headers) ? protocolsOf(request.headers) : null;
      const shown = protocols === null ? request.headers : credentialHeaders(request.headers, protocols);
      checkClient(shown, deps, isInvitedPage);
      deps.began();
      entered = true;
      const arrival = arrivalOf(deps, request, { id, startedAt, base, pool, server });
      deps.admitClient(arrival.clientAddress);
      const parsed = await readRequest(arrival, deps.bodyLimits());
      entered = false;
      if (protocols === null) {
        const response = await deps.forward(parsed);
        await turnEnd();
        return response;
      }
      return await deps.realtime(parsed, protocols, (data, headers) =>
        server.upgrade(request, { data, headers: new Headers(headers) }),
      );
    } catch (error) {
      const known = error instanceof ProxyError ? error : internal(deps, error, id);
      if (entered) deps.refused();
      const headers: [string, string][] = [
        ["x-request-id", id],
        ["x-lb-attempts", "0"],
      ];
      return errorResponse(known, headers, errorFormAt(request, base));
    }
  };
}

function admit(deps: ProxyRouteDeps, request: Request): void {
  if (deps.isDraining()) {
    throw new ProxyError("shutting_down", "The server is shutting down; ask again.", {
      headers: { connection: "close" },
      retryAfterMs: 1_000,
    });
  }
  if (deps.inFlight() >= MAX_REQUESTS_IN_FLIGHT) {
    throw new ProxyError("overloaded", `More than ${MAX_REQUESTS_IN_FLIGHT} requests are running.`, {
      retryAfterMs: 1_000,
    });
  }
  if (request.method === "TRACE" || request.method === "CONNECT") {
    throw new ProxyError("method_not_allowed", `${request.method} is not served.`);
  }
}

function arrivalOf(
  deps: ProxyRouteDeps,
  request: Request,
  facts: { id: string; startedAt: number; base: string; pool: string | null; server: ConnectionInfo },
): Arrival {
  const { url } = request;
  const pathAt = url.indexOf("/", url.indexOf("://") + 3) + facts.base.length;
  const queryAt = url.indexOf("?", pathAt);
  const name = facts.pool ?? request.headers.get("x-lb-pool");
  const poolId = name === null ? null : deps.poolNamed(name);
  if (name !== null && poolId === null) {
    throw new ProxyError("invalid_request", `There is no pool named "${name}".`);
  }
  return {
    id: facts.id,
    request,
    connection: new Connection(request, facts.server, deps.idleTimeoutS),
    path: queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt),
    search: queryAt < 0 ? "" : url.slice(queryAt),
    poolId,
    pickedKeyId: null,
    clientAddress: deps.clientAddress(
      deps.loopbackAddress ?? facts.server.requestIP(request)?.address ?? "unknown",
      request.headers,
    ),
    trace: deps.beginTrace?.(request.headers.get("traceparent")) ?? null,
    at: deps.clock.now(),
    startedAt: facts.startedAt,
  };
}

/** The protocol that a client speaks shows in the path that it asks for. */
function errorFormAt(request: Request, base: string): ErrorForm {
  const path = new URL(request.url).pathname.slice(base.length);
  return findEndpoint(request.method, path).protocol === "anthropic" ? "anthropic" : "openai";
}

class Connection implements ClientConnection {
  constructor(
    private readonly request: Request,
    private readonly server: ConnectionInfo,
    private readonly idleTimeoutS: number,
  ) {}
  get signal(): AbortSignal {
    return this.request.signal;
  }
  liftIdleLimit(): void {
    this.server.timeout(this.request, 0);
  }
  restoreIdleLimit(): void {
    this.server.timeout(this.request, this.idleTimeoutS);
  }
}

/** A name of the path; one that is not well encoded names nothing. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function internal(deps: ProxyRouteDeps, error: unknown, id: string): ProxyError {
  deps.log.error("a request failed inside this program", { request_id: id, error });
  return new ProxyError("internal_error", `An internal error occurred; it is logged with the id ${id}.`);
}
