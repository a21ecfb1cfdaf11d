import type { Clock } from "../../clock.ts";
import type { Logger } from "../../log.ts";
import type { Access } from "../access.ts";
import { ApiError, answerTo, internalError } from "./errors.ts";
import type { GivenAnswer, IdempotencyKeys } from "./idempotency.ts";
import { etagOf, readIfMatch } from "./if-match.ts";
import { createCheck, parseJson, readBody, readQuery, shapeOf } from "./input.ts";
import { Revised, type Route, takesIdempotencyKey, takesIfMatch } from "./route.ts";

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
export function createRouteHandler(route: Route, deps: CallDeps, given: IdempotencyKeys) {
  const checkQuery = route.query === null ? null : createCheck(route.query);
  const checkBody = route.body === null || route.body === "text" ? null : createCheck(shapeOf(route.body));
  return (request: Request, id: string): Promise<Response> =>
    answering(deps, request, async (actor) => {
      const query = checkQuery === null ? null : checkQuery(readQuery(request.url));
      const text = route.body === null ? "" : await readBody(request);
      const seen = takesIfMatch(route) ? readIfMatch(request.headers) : undefined;
      if (route.isSlow) deps.keepOpen(request);
      const run = async () => {
        const body = checkBody === null ? text : checkBody(parseJson(text));
        return route.handle({ id, query, body: route.body === null ? null : body, actor, request, seen });
      };
      const key = takesIdempotencyKey(route) ? request.headers.get("idempotency-key") : null;
      if (key === null) return toResponse(route, await run());
      const create = async () => toJson(await run());
      const { answer, isRepeated } = await given.once(key, route.path, text, create);
      const headers = { ...answer.headers, ...(isRepeated && { "idempotency-replayed": "true" }) };
      return new Response(answer.text, { status: route.status, headers });
    });
}

function toResponse(route: Route, result: unknown): Response {
  // A stream: it has headers of its own.
  if (result instanceof Response) return result;
  if (result === undefined) return new Response(null, { status: 204, headers: BARE_HEADERS });
  const { text, headers } = toJson(result);
  return new Response(text, { status: route.status, headers });
}

function toJson(result: unknown): GivenAnswer {
  if (!(result instanceof Revised)) return { text: JSON.stringify(result), headers: HEADERS };
  return { text: JSON.stringify(result.json), headers: { ...HEADERS, etag: etagOf(result.revision) } };
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
