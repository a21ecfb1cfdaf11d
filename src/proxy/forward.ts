import type { Ask, Claim } from "../pool/pool.ts";
import type { Waiting } from "../pool/queue.ts";
import type { Settings } from "../settings.ts";
import type { Strategy, Upstream } from "../types.ts";
import type { SendOptions, UpstreamRequest } from "../upstream/types.ts";
import { askOf } from "./ask.ts";
import { Exchange, type ExchangeDeps } from "./exchange.ts";
import { authHeader } from "./headers.ts";
import type { ProxyRequest } from "./request.ts";
import { RetryBudget, RetryPlan } from "./retry.ts";

export interface ForwardDeps extends ExchangeDeps {
  settings(): Settings;
  pool: {
    claimOrWait(ask: Ask, limitMs: number): Claim | Waiting;
    readonly countsTokens: boolean;
  } & ExchangeDeps["pool"];
  /** Of a pool that has one of its own. */
  strategyOf(poolId: string): Strategy | null;
  upstream(id: string): Upstream;
}

export type Forward = (request: ProxyRequest) => Promise<Response>;

/**
 * The loop: claim a key, send, judge, release, then answer or go on with another key. Another attempt is possible
 * until the first byte has gone to the client.
 */
export function createForward(deps: ForwardDeps): Forward {
  const { clock, pool } = deps;
  const budgets = new Budgets();
  return async (request) => {
    const exchange = new Exchange(request, deps);
    try {
      return await run(request, exchange);
    } catch (error) {
      exchange.crashed();
      throw error;
    }
  };

  async function run(request: ProxyRequest, exchange: Exchange): Promise<Response> {
    const settings = deps.settings();
    const plan = new RetryPlan(settings, request.startedAt, request.endpoint.creates);
    let tried: ReadonlySet<string> = NONE_TRIED;
    const ofPool = request.poolId === null ? null : deps.strategyOf(request.poolId);
    const choosing = { strategy: ofPool ?? settings.strategy, countsTokens: pool.countsTokens };
    for (;;) {
      const ask = askOf(request, tried, choosing);
      const claim = pool.claimOrWait(ask, plan.msLeft(clock.monotonic()));
      const { lease, refusal } = "leave" in claim ? await exchange.waitFor(claim) : claim;
      if (exchange.clientLeft) return exchange.clientGone(lease);
      if (lease === null) return exchange.giveUp(refusal);
      const budget = budgets.of(lease.upstreamId);
      if (tried.size === 0) budget.countRequest(clock.monotonic());
      const sent = upstreamRequest(request, deps.upstream(lease.upstreamId), lease.secret);
      const result = await exchange.attempt(lease, sent, sendOptions(request, settings));
      if (result.commits) return exchange.answer(lease, result);
      exchange.failed(lease, result);
      if (exchange.clientLeft) return exchange.clientGone();
      if (!plan.goesOn(result.verdict, result.answered, clock.monotonic(), budget))
        return exchange.giveUp(null);
      tried = new Set(tried).add(lease.keyId);
      if (settings.failoverDelayMs > 0) await exchange.pause(settings.failoverDelayMs);
      if (exchange.clientLeft) return exchange.clientGone();
    }
  }
}

const NONE_TRIED: ReadonlySet<string> = new Set();

class Budgets {
  #byUpstream = new Map<string, RetryBudget>();

  of(upstreamId: string): RetryBudget {
    let budget = this.#byUpstream.get(upstreamId);
    if (budget === undefined) {
      budget = new RetryBudget();
      this.#byUpstream.set(upstreamId, budget);
    }
    return budget;
  }
}

function upstreamRequest(request: ProxyRequest, upstream: Upstream, secret: string): UpstreamRequest {
  return {
    method: request.method,
    url: upstream.baseUrl + request.target,
    headers: [...request.headers, authHeader(upstream.authStyle, secret)],
    body: request.body,
  };
}

function sendOptions(request: ProxyRequest, settings: Settings): SendOptions {
  return {
    connectTimeoutMs: settings.connectTimeoutMs,
    firstByteTimeoutMs: request.stream ? settings.streamFirstByteTimeoutMs : settings.firstByteTimeoutMs,
    idleTimeoutMs: settings.idleStreamTimeoutMs,
  };
}
