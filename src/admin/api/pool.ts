import { t } from "elysia";
import type { PoolExplanation, PoolOperations } from "../../operations/types.ts";
import { explanationAnswer } from "./answers.ts";
import { type Route, route } from "./route.ts";

export function explainRoutes(pools: Pick<PoolOperations, "explain">): Route[] {
  return [
    route({
      method: "GET",
      path: "/pool/explain",
      summary: "Which key would be chosen now, and for each other key why not: a dry run, nothing is sent",
      query: t.Object({
        model: t.Optional(t.String({ description: "the model that a request would ask for" })),
        pool_id: t.Optional(t.String({ description: "the id of a pool; without it, the keys of all" })),
      }),
      answer: explanationAnswer,
      errors: [404],
      handle: async ({ query }) =>
        explanationJson(await pools.explain({ model: query.model || null, poolId: query.pool_id || null })),
    }),
  ];
}

function explanationJson(explanation: PoolExplanation) {
  const { strategy, chosenKeyId, chosenBecause, refusal, keys, totalKeys } = explanation;
  return {
    strategy,
    chosen_key_id: chosenKeyId,
    chosen_because: chosenBecause,
    refusal:
      refusal === null
        ? null
        : { code: refusal.code, message: refusal.message, retry_after_ms: refusal.retryAfterMs },
    keys: keys.map(({ until, ...key }) => ({
      ...key,
      until: until === null ? null : new Date(until).toISOString(),
    })),
    total_keys: totalKeys,
  };
}
