import type { Ask } from "../pool/pool.ts";
import type { Strategy } from "../types.ts";
import { conversationHash } from "./conversation.ts";
import type { ProxyRequest } from "./request.ts";
import { estimateTokens } from "./token-estimate.ts";

export interface AskDeps {
  /** Whether some key has a limit of tokens a minute. */
  countsTokens: boolean;
  strategy: Strategy;
  guide: Pick<Ask, "model" | "rank" | "mayUse">;
}

/** What a request asks of the pool. What costs to find out is found out only where it decides something. */
export function askOf(request: ProxyRequest, tried: ReadonlySet<string>, deps: AskDeps): Ask {
  const { model, rank, mayUse } = deps.guide;
  return {
    model,
    rank,
    mayUse,
    poolId: request.poolId,
    strategy: deps.strategy,
    tried,
    tokens: deps.countsTokens ? estimateTokens(request.body) : 0,
    affinity: deps.strategy === "prompt_affinity" ? conversationHash(request.body) : null,
    // Reading a list costs nothing upstream, not even credit.
    free: request.method === "GET" || request.method === "HEAD",
  };
}
