import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";
import type { Access } from "../access.ts";
import { ApiError, answerTo, internalError } from "./errors.ts";
import { type Check, createCheck, parseJson, readBody, readQuery, shapeOf } from "./input.ts";
import type { Route } from "./route.ts";

export interface CallDeps {
  access: Access;
  clock: Clock;
  logger: Pick<Logger, "error">;
  /**
   * Takes the runtime's idle limit off a connection: testing a key may take as long as its upstream does. It stays
   * off while the connection lives, so only calls that need it ask for it.
   */
  keepOpen(request: Request): void;
}

const BARE_HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};
const HEADERS = { ...BARE_HEADERS, "content-type": "application/json; charset=utf-8" };

/** One call's way: may they? → input → operation → answer. Every error leaves it as JSON. */
export function createRouteHandler(route: Route, deps: CallDeps) {
  const checkQuery = route.query === null ? null : createCheck(route.query);
  const checkBody = route.body === null || route.body === "text" ? null : createCheck(shapeOf(route.body));
  return (request: Request, id: string): Promise<Response> =>
    answering(deps, request, async (actor) => {
      const query = checkQuery === null ? null : checkQuery(readQuery(request.url));
      const body = await readInput(route, request, checkBody);
      if (route.isSlow) deps.keepOpen(request);
      const result = await route.handle({ id, query, body, actor });
      // A stream: it has headers of its own.
      if (result instanceof Response) return result;
      if (result === undefined) return new Response(null, { status: 204, headers: BARE_HEADERS });
      return new Response(JSON.stringify(result), { status: route.status, headers: HEADERS });
    });
}

/** For paths and methods that no row of the table has. `allow`: the methods that the path does have. */
export function createFallback(allowed: (path: string) => string[], deps: CallDeps) {
  return (request: Request): Promise<Response> =>
    answering(deps, request, async () => {
      const allow = allowed(new URL(request.url).pathname);
      if (allow.length === 0) throw new ApiError(404, "not_found", "The admin API has no such path.");
      const headers = { allow: allow.join(", ") };
      throw new ApiError(405, "method_not_allowed", `This path takes ${headers.allow}.`, headers);
    });
}

async function answering(
  deps: CallDeps,
  request: Request,
  work: (actor: "admin" | "api") => Promise<Response>,
): Promise<Response> {
  try {
    const { caller, refusal } = await deps.access.decide(request);
    if (caller !== null) return await work(caller.actor);
    const headers: Record<string, string> = refusal.status === 401 ? { "www-authenticate": "Bearer" } : {};
    throw new ApiError(refusal.status, refusal.code, refusal.message, headers);
  } catch (error) {
    const known = answerTo(error);
    const answer = known ?? internalError(deps.clock.id());
    if (known === null) {
      const { pathname } = new URL(request.url);
      deps.logger.error("an admin call failed inside this program", {
        request_id: answer.body.error.request_id,
        method: request.method,
        path: pathname,
        error,
      });
    }
    return new Response(JSON.stringify(answer.body), {
      status: answer.status,
      headers: { ...HEADERS, ...answer.headers },
    });
  }
}

async function readInput(route: Route, request: Request, check: Check | null): Promise<unknown> {
  if (route.body === null) return null;
  const text = await readBody(request);
  return check === null ? text : check(parseJson(text));
}
