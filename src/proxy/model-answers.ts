import type { Clock } from "../clock.ts";
import type { RequestRecord } from "../types.ts";
import type { Forward } from "./forward.ts";
import { describe, type ListedModel } from "./model-list.ts";
import type { ProxyRequest } from "./request.ts";
import { recordOf } from "./request-record.ts";

export interface ModelAnswerDeps {
  clock: Clock;
  forward: Forward;
  models: { list(poolId: string | null): Promise<ListedModel[]> };
  /** Names that are served by other models, so that a client finds them in its list. */
  aliases(): readonly string[];
  ended(record: RequestRecord): void;
}

/**
 * Answers `GET /models` with the union over upstreams and keys, and hands everything else on. Where no upstream gave
 * a list the request is forwarded like any other, so that the client learns why.
 */
export function withModelList(deps: ModelAnswerDeps): Forward {
  const answerList = async (request: ProxyRequest): Promise<Response> => {
    const listed = await deps.models.list(request.poolId);
    if (listed.length === 0) return deps.forward(request);
    const data = listed.map(({ entry }) => entry);
    const ids = new Set(listed.map(({ id }) => id));
    for (const alias of deps.aliases()) {
      if (!ids.has(alias)) data.push({ ...describe(alias), owned_by: "alias" });
    }
    const body = new TextEncoder().encode(JSON.stringify({ object: "list", data }));
    const ms = Math.round(deps.clock.monotonic() - request.startedAt);
    const ending = { status: 200, outcome: "ok", error: null, usage: null, bytes: body.byteLength };
    const facts = { servedModel: null, ttftMs: ms, durationMs: ms, costUsd: null, attempts: [] };
    deps.ended(recordOf(request, ending, facts));
    return new Response(body, {
      headers: { "content-type": "application/json", "x-request-id": request.id, "x-lb-attempts": "0" },
    });
  };
  // No promise of its own: on the way of every request each one costs.
  return (request) =>
    request.path === "/models" && request.method === "GET" ? answerList(request) : deps.forward(request);
}
