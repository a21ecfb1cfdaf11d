import { PoolPage, type PoolQuery, poolHref } from "../../views/pool.tsx";
import { PoolsPage } from "../../views/pools.tsx";
import { plural, totalKeys } from "../../views/verdicts.ts";
import { InputError } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { readForm } from "./page-form.ts";
import { backTo, done, page } from "./render.tsx";

const SECTION = "/pools";
/** Of each of the two lists of keys. */
const LIST_ROWS = 50;

export async function showPools(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const pools = await operations.pools.list();
  const counts = operations.keys.countsBy("poolId");
  const { byPool, total } = await attemptsToday(context);
  const uses = operations.keys.usesByPool();
  const without = counts.get(null);
  const rows = pools.map((pool) => ({
    pool,
    counts: counts.get(pool.id),
    attempts: byPool.get(pool.id) ?? 0,
    uses: uses.get(pool.id),
  }));
  const body = (
    <PoolsPage
      rows={rows}
      total={total}
      without={without === undefined ? 0 : totalKeys(without)}
      globalStrategy={operations.settings.current().strategy}
      reader={context.reader}
    />
  );
  return page(context, { title: "Pools", section: SECTION }, body);
}

export async function showPool(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const pool = await operations.pools.get(context.id);
  const query = readQuery(context.url.searchParams);
  const same = { q: query.q || undefined, sort: "name", limit: LIST_ROWS };
  const own = await operations.keys.list({ ...same, poolId: pool.id, cursor: query.own || undefined });
  const others = await operations.keys.list({
    ...same,
    outsidePoolId: pool.id,
    cursor: query.others || undefined,
  });
  const pools = await operations.pools.list();
  const { byPool, total } = await attemptsToday(context);
  const scheme = context.deps.clientOf(context.request).https ? "https" : "http";
  const body = (
    <PoolPage
      pool={pool}
      counts={operations.keys.countsBy("poolId").get(pool.id)}
      attempts={byPool.get(pool.id) ?? 0}
      total={total}
      globalStrategy={operations.settings.current().strategy}
      baseUrl={`${scheme}://${context.url.host}/pools/${encodeURIComponent(pool.name)}/v1`}
      query={query}
      own={own}
      others={others}
      pools={new Map(pools.map((other) => [other.id, other]))}
      reader={context.reader}
    />
  );
  return page(context, { title: pool.name, section: SECTION, address: poolHref(pool.id, query) }, body);
}

/** Puts the ticked keys into the pool, or takes them out of it. */
export async function movePoolKeys(context: PageContext): Promise<Response> {
  const { keys, pools } = context.deps.operations;
  const pool = await pools.get(context.id);
  const form = await readForm(context.request);
  const ids = form.getAll("key");
  if (ids.length === 0) throw new InputError("Tick the keys that are to go.");
  const goesIn = form.get("to") === "in";
  await keys.move(ids, goesIn ? pool.id : null, context.actor);
  const counted = plural(ids.length, "key");
  const text = goesIn ? `${counted} put into ${pool.name}.` : `${counted} taken out of ${pool.name}.`;
  return done(context, { kind: "ok", text }, backTo(context, `/pools/${pool.id}`));
}

/** Attempts today on the keys that each pool has now, and on all keys. */
async function attemptsToday({ deps }: PageContext) {
  const byPool = new Map<string | null, number>();
  let total = 0;
  for (const [keyId, attempts] of deps.live.figures().attemptsTodayByKey) {
    total += attempts;
    const poolId = deps.operations.keys.poolOf(keyId);
    if (poolId !== undefined) byPool.set(poolId, (byPool.get(poolId) ?? 0) + attempts);
  }
  return { byPool, total };
}

function readQuery(parameters: URLSearchParams): PoolQuery {
  return {
    q: parameters.get("q")?.trim() ?? "",
    own: parameters.get("own") ?? "",
    others: parameters.get("others") ?? "",
  };
}
