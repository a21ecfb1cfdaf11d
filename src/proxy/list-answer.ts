import type { Ask, Claim } from "../pool/pool.ts";
import type { KeyGlance } from "../pool/types.ts";
import type { Upstream } from "../types.ts";
import type { SendOptions } from "../upstream/types.ts";
import type { AttemptResult } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import { mergedList } from "./owned-list.ts";
import type { ProxyRequest } from "./request.ts";
import { notHere, type Owners } from "./sticky.ts";
import { upstreamRequest } from "./upstream-request.ts";

export interface ListAnswerDeps {
  pool: { claim(ask: Ask): Claim; glances(): KeyGlance[] };
  owners: Owners;
  upstream(id: string): Upstream;
  options: SendOptions;
}

const NONE_TRIED: ReadonlySet<string> = new Set();

/** Whose accounts are not asked, since they would only refuse. */
const OUT = ["disabled", "invalid", "no_credit"];

/** The page of a list that is spread over accounts; null where one key has all of it, or no key answers. */
export async function answerList(
  request: ProxyRequest,
  exchange: Exchange,
  deps: ListAnswerDeps,
): Promise<Response | null> {
  const { poolId } = request;
  const keyIds = deps.pool
    .glances()
    .filter(({ key, status }) => (poolId === null || key.poolId === poolId) && !OUT.includes(status))
    .sort((a, b) => a.key.createdAt - b.key.createdAt || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  if (keyIds.length < 2) return null;
  const ask = async (keyId: string, target: string): Promise<AttemptResult | null> => {
    if (exchange.clientLeft) return null;
    const mayUse = (id: string) => id === keyId;
    const { lease } = deps.pool.claim({ model: null, poolId, tried: NONE_TRIED, mayUse });
    if (lease === null) return null;
    const sent = upstreamRequest(
      { ...request, target },
      deps.upstream(lease.upstreamId),
      lease.secret,
      false,
    );
    const result = await exchange.attempt(lease, sent, deps.options);
    if (result.answer?.kind === "flowing") result.answer.source.abort();
    // An account that does not know this kind of list has no part in it, and its key is not at fault.
    const judged = result.status === 404 ? notHere(result) : result;
    exchange.failed(lease, judged);
    if (judged.answer?.kind === "whole" && judged.status === 200) exchange.learnt(judged.answer, keyId);
    return judged;
  };
  const list = await mergedList(request, { keyIds, owners: deps.owners, ask });
  if (exchange.clientLeft) return exchange.clientGone();
  if (list === null) return null;
  const { body, missing } = list;
  return exchange.merged(body, missing === 0 ? [] : [["x-lb-list-missing", String(missing)]]);
}
