import type { Ask, Claim, Lease } from "../pool/pool.ts";
import type { Waiting } from "../pool/queue.ts";
import type { KeyGlance } from "../pool/types.ts";
import type { Settings } from "../settings.ts";
import type { Strategy, Upstream, Verdict } from "../types.ts";
import type { SendOptions } from "../upstream/types.ts";
import { askOf } from "./ask.ts";
import type { AttemptResult } from "./attempt.ts";
import { Exchange, type ExchangeDeps } from "./exchange.ts";
import { answerList } from "./list-answer.ts";
import { bodyWithModel, nameModel, targetWithModel } from "./model-body.ts";
import { guideOf, type KnownModels, type ModelRoute, modelRoutes } from "./model-routes.ts";
import type { KeyRank } from "./models.ts";
import type { ProxyRequest } from "./request.ts";
import { RetryBudget, RetryPlan } from "./retry.ts";
import { isNotHere, notHere, ownerIsGone, ownerOf } from "./sticky.ts";
import { mayRefuseUsage, UsageRefusals } from "./stream-usage.ts";
import { upstreamRequest } from "./upstream-request.ts";

export interface ForwardDeps extends ExchangeDeps {
  settings(): Settings;
  pool: {
    claim(ask: Ask): Claim;
    claimOrWait(ask: Ask, limitMs: number): Claim | Waiting;
    readonly countsTokens: boolean;
    glances(): KeyGlance[];
  } & ExchangeDeps["pool"];
  /** Of a pool that has one of its own. */
  strategyOf(poolId: string): Strategy | null;
  upstream(id: string): Upstream;
  models: KnownModels & {
    /** Null where nothing needs to be waited for. */
    prepare(): Promise<void> | null;
    rank(model: string): KeyRank | null;
    learn(keyId: string, model: string, verdict: Verdict): void;
  };
}

export type Forward = (request: ProxyRequest) => Promise<Response>;

/**
 * The loop: claim a key, send, judge, release, then answer or go on with another key. Another attempt is possible
 * until the first byte has gone to the client.
 */
export function createForward(deps: ForwardDeps): Forward {
  const { clock, pool, models } = deps;
  const budgets = new Budgets();
  const refusals = new UsageRefusals();
  return async (request) => {
    const exchange = new Exchange(request, deps);
    try {
      const settings = deps.settings();
      const options = sendOptions(request, settings);
      if (request.endpoint.owned === "list") {
        const listed = await answerList(request, exchange, { ...deps, options });
        if (listed !== null) return listed;
      }
      const owner =
        request.pickedKeyId ?? (request.ids.length === 0 ? null : await ownerOf(request, deps.owners));
      const plan = new RetryPlan(settings, request.startedAt, request.creates);
      const preparing = request.model === null ? null : models.prepare();
      if (preparing !== null) await preparing;
      const routes = modelRoutes(request.model, settings, models);
      for (const route of routes) {
        exchange.serving(route.model);
        const asked = requestFor(request, route.model);
        const isLast = route === routes.at(-1);
        const answer = await walk({
          request: asked,
          exchange,
          settings,
          options,
          plan,
          route,
          owner,
          isLast,
        });
        if (answer !== null) return answer;
      }
      throw new Error("no route ended the request");
    } catch (error) {
      exchange.crashed();
      throw error;
    }
  };

  /** Walks the keys for one model; null where they are all out and another model may serve. */
  async function walk(way: Way): Promise<Response | null> {
    const { request, exchange, settings, plan, route, owner, isLast } = way;
    const { model } = route;
    const guide = guideOf(route, models);
    if (owner !== null) guide.mayUse = (keyId) => keyId === owner;
    let tried: ReadonlySet<string> = NONE_TRIED;
    const ofPool = request.poolId === null ? null : deps.strategyOf(request.poolId);
    const choosing = { strategy: ofPool ?? settings.strategy, countsTokens: pool.countsTokens, guide };
    for (let n = 0; ; n += 1) {
      const ask = askOf(request, tried, choosing);
      // Who has another model to go to does not wait for a key.
      const claim = isLast ? pool.claimOrWait(ask, plan.msLeft(clock.monotonic())) : pool.claim(ask);
      const { lease, refusal } = "leave" in claim ? await exchange.waitFor(claim) : claim;
      if (exchange.clientLeft) return exchange.clientGone(lease);
      if (lease === null) {
        const gone = owner === null || owner === request.pickedKeyId ? null : ownerIsGone(request, refusal);
        if (gone !== null) return exchange.refuse(gone);
        return isLast ? exchange.giveUp(refusal) : null;
      }
      const budget = budgets.of(lease.upstreamId);
      if (n === 0) budget.countRequest(clock.monotonic());
      const upstream = deps.upstream(lease.upstreamId);
      const addsUsage = request.lacksUsage && !refusals.has(upstream, model, clock.monotonic());
      let result = await send(way, lease, upstream, addsUsage);
      // The upstream refuses a field that the client had not sent: the same key is asked without it.
      if (addsUsage && !exchange.clientLeft && mayRefuseUsage(result)) {
        exchange.repeats(result);
        result = await send(way, lease, upstream, false);
        if (result.commits) refusals.add(upstream, model, clock.monotonic());
      }
      if (isNotHere(request, result)) result = notHere(result);
      if (model !== null && request.ids.length === 0) models.learn(lease.keyId, model, result.verdict);
      if (result.commits) return exchange.answer(lease, result);
      exchange.failed(lease, result);
      if (exchange.clientLeft) return exchange.clientGone();
      const { upload } = request;
      if (upload?.failure) return exchange.refuse(upload.failure);
      const mayRepeat = upload?.isWhole ?? true;
      const now = clock.monotonic();
      const isElsewhere = owner === null && isNotHere(request, result);
      const verdict = isElsewhere ? ELSEWHERE : result.verdict;
      if (!mayRepeat || !plan.goesOn(verdict, result.answered, now, budget)) {
        const another = mayRepeat && !isLast && plan.mayFallBack(result.verdict, result.answered, now);
        return another ? null : exchange.giveUp(null);
      }
      // What only one key can serve is asked of that key again.
      if (owner === null) tried = new Set(tried).add(lease.keyId);
      if (settings.failoverDelayMs > 0) await exchange.pause(settings.failoverDelayMs);
      if (exchange.clientLeft) return exchange.clientGone();
    }
  }
}

function send(way: Way, lease: Lease, upstream: Upstream, addsUsage: boolean): Promise<AttemptResult> {
  const { request, exchange, options } = way;
  exchange.asksForUsage(addsUsage);
  return exchange.attempt(lease, upstreamRequest(request, upstream, lease.secret, addsUsage), options);
}

/** It says nothing of the key that another account may have what is looked for. */
const ELSEWHERE = { retry: true, blame: "key" } as const;

/** One model's share of a request's way. */
interface Way {
  request: ProxyRequest;
  exchange: Exchange;
  settings: Settings;
  options: SendOptions;
  plan: RetryPlan;
  route: ModelRoute;
  /** The only key that may serve it. */
  owner: string | null;
  isLast: boolean;
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

/** The request as it is sent where another model serves it than the client named. */
function requestFor(request: ProxyRequest, model: string | null): ProxyRequest {
  const { endpoint, body, target, upload, modelField } = request;
  if (model !== null && upload !== null && modelField !== null) nameModel(upload, modelField, model);
  if (model === null || model === request.model) return request;
  if (endpoint.model === "path") return { ...request, target: targetWithModel(target, endpoint, model) };
  if (endpoint.body !== "json" || body === null) return request;
  return { ...request, body: bodyWithModel(body, model) };
}

function sendOptions(request: ProxyRequest, settings: Settings): SendOptions {
  return {
    connectTimeoutMs: settings.connectTimeoutMs,
    firstByteTimeoutMs: request.stream ? settings.streamFirstByteTimeoutMs : settings.firstByteTimeoutMs,
    idleTimeoutMs: settings.idleStreamTimeoutMs,
    // On a connection that was used before, the client would repeat a request that may have been done already.
    once: request.creates,
  };
}
