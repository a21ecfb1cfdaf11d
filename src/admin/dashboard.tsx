import type { KeyLoad } from "../../views/components/load-bars.tsx";
import { DashboardPage } from "../../views/dashboard.tsx";
import { type KeyCounts, totalKeys } from "../../views/verdicts.ts";
import type { WelcomeProps } from "../../views/welcome.tsx";
import type { KeyOperations } from "../operations/types.ts";
import { KEY_STATUSES, type KeyView } from "../types.ts";
import { providerChoice } from "./key-forms.tsx";
import { keyNames } from "./key-names.ts";
import { exampleModel } from "./likely-model.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

/** Cells of the heat row; of more keys than these those come first that are out of turn. */
const MAX_CELLS = 300;
const MAX_LOADS = 12;
/** Of each status. */
const MAX_OUT_OF_TURN = 40;

export async function showDashboard(context: PageContext): Promise<Response> {
  const { operations, live } = context.deps;
  const figures = live.figures();
  const counts = operations.keys.counts();
  const isAll = totalKeys(counts) <= MAX_CELLS;
  const first = (await operations.keys.list({ limit: MAX_CELLS })).data;
  const outOfTurn = isAll ? first : await listOutOfTurn(operations.keys, counts);
  const keys = isAll ? first : byNeed(outOfTurn, first);
  const pools = await operations.pools.list();
  const busiest = [...figures.attemptsTodayByKey].sort((a, b) => b[1] - a[1]).slice(0, MAX_LOADS);
  const names = await keyNames(operations.keys, [
    ...figures.lastFailures.flatMap((failure) => [failure.keyId, failure.servedByKeyId ?? failure.keyId]),
    ...busiest.map(([id]) => id),
  ]);
  const loads: KeyLoad[] = busiest.map(([id, attempts]) => ({ id, name: names.get(id) ?? null, attempts }));
  const attemptsToday = [...figures.attemptsTodayByKey.values()].reduce((sum, attempts) => sum + attempts, 0);
  const body = (
    <DashboardPage
      counts={counts}
      keys={keys}
      outOfTurn={outOfTurn}
      pools={new Map(pools.map((pool) => [pool.id, pool]))}
      names={names}
      figures={figures}
      loads={loads}
      attemptsToday={attemptsToday}
      welcome={(await hasServed(context)) ? null : await welcome(context)}
      reader={context.reader}
    />
  );
  return page(context, { title: "Dashboard", section: "/", assets: ["uplot.css", "uplot.js"] }, body);
}

function byNeed(outOfTurn: KeyView[], first: KeyView[]): KeyView[] {
  const known = new Set(outOfTurn.map(({ id }) => id));
  return [...outOfTurn, ...first.filter(({ id }) => !known.has(id))].slice(0, MAX_CELLS);
}

/** Where there are more keys than cells: some of each status, however far down the list they stand. */
async function listOutOfTurn(keys: KeyOperations, counts: KeyCounts): Promise<KeyView[]> {
  const found: KeyView[] = [];
  for (const status of KEY_STATUSES) {
    if (status === "available" || counts[status] === 0) continue;
    found.push(...(await keys.list({ status, limit: MAX_OUT_OF_TURN })).data);
  }
  return found;
}

/** Whether any request was ever recorded; asked of storage only while memory knows of none today. */
async function hasServed(context: PageContext): Promise<boolean> {
  const { operations, live } = context.deps;
  if (live.figures().requestsToday > 0) return true;
  const { data } = await operations.logs.requests({ kind: "request", limit: 1, cursor: null });
  return data.length > 0;
}

async function welcome(context: PageContext): Promise<WelcomeProps> {
  const { deps, request, url } = context;
  const scheme = deps.clientOf(request).https ? "https" : "http";
  return {
    counts: deps.operations.keys.counts(),
    pools: await deps.operations.pools.list(),
    baseUrl: `${scheme}://${url.host}/v1`,
    needsClientKey: deps.openProxy === "nobody",
    earlier: deps.operations.migration.offer(),
    model: exampleModel(context),
    provider: providerChoice(deps.operations, deps.operations.settings.current().apiEndpoint),
    tests: [...context.tests.since(0).values()],
  };
}
