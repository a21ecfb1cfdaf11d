import { Elysia } from "elysia";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { type ClientAuthOptions, checkClient } from "./client-auth.ts";
import { errorResponse, ProxyError } from "./errors.ts";
import type { Forward } from "./forward.ts";
import { type Arrival, readRequest } from "./request.ts";

/** More requests at once than this are refused, so that memory stays bounded. */
const MAX_REQUESTS_IN_FLIGHT = 20_000;

export interface ProxyRouteDeps extends ClientAuthOptions {
  clock: Clock;
  log: Logger;
  forward: Forward;
  maxBodyBytes(): number;
  /** The id of the pool with this name; null where there is none. */
  poolNamed(name: string): string | null;
  addressOf(request: Request): string;
  /** Takes the runtime's own idle limit off this connection: answers may take minutes. */
  keepOpen(request: Request): void;
  isDraining(): boolean;
  began(): void;
  /** Undoes `began` for a request that is refused before it is read whole. */
  refused(): void;
  inFlight(): number;
}

/** The OpenAI base URL, at `/v1`, `/api/v1` and, for one pool alone, `/pools/NAME/v1`. */
export function createProxyRoutes(deps: ProxyRouteDeps) {
  const handle = createHandler(deps);
  const raw = { parse: "none" } as const;
  return new Elysia({ name: "proxy" })
    .all("/v1/*", ({ request }) => handle(request, "/v1", null), raw)
    .all("/api/v1/*", ({ request }) => handle(request, "/api/v1", null), raw)
    .all(
      "/pools/:pool/v1/*",
      ({ request, params }) => handle(request, `/pools/${encodedIn(request, 2)}/v1`, params.pool),
      raw,
    );
}

function createHandler(deps: ProxyRouteDeps) {
  return async (request: Request, base: string, pool: string | null): Promise<Response> => {
    const id = deps.clock.id();
    const startedAt = deps.clock.monotonic();
    let entered = false;
    try {
      admit(deps, request);
      checkClient(request.headers, deps);
      deps.began();
      entered = true;
      const arrival = arrivalOf(deps, request, { id, startedAt, base, pool });
      const parsed = await readRequest(arrival, deps.maxBodyBytes());
      deps.keepOpen(request);
      entered = false;
      return await deps.forward(parsed);
    } catch (error) {
      const known = error instanceof ProxyError ? error : internal(deps, error, id);
      if (entered) deps.refused();
      return errorResponse(known, [
        ["x-request-id", id],
        ["x-lb-attempts", "0"],
      ]);
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
  facts: { id: string; startedAt: number; base: string; pool: string | null },
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
    path: queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt),
    search: queryAt < 0 ? "" : url.slice(queryAt),
    poolId,
    clientAddress: deps.addressOf(request),
    at: deps.clock.now(),
    startedAt: facts.startedAt,
  };
}

/** A segment of the path as it was sent, since its decoded form may have another length. */
function encodedIn(request: Request, segment: number): string {
  return new URL(request.url).pathname.split("/")[segment] ?? "";
}

function internal(deps: ProxyRouteDeps, error: unknown, id: string): ProxyError {
  deps.log.error("a request failed inside this program", { request_id: id, error });
  return new ProxyError("internal_error", `An internal error occurred; it is logged with the id ${id}.`);
}
