import { USUAL_COLUMNS } from "../../views/components/key-columns.tsx";
import { TESTED_RECENTLY_MS } from "../../views/components/test-note.tsx";
import { type KeyListQuery, keyListHref } from "../../views/key-list.ts";
import { KeysPage } from "../../views/keys.tsx";
import { ColumnsForm, FilterForm } from "../../views/list-forms.tsx";
import type { BulkRun } from "../operations/types.ts";
import { filterOf, knownColumns, readKeyQuery } from "./key-query.ts";
import type { PageContext } from "./page-context.ts";
import { columnsCookie, readColumns } from "./page-cookies.ts";
import { formPage, page, placeOf, redirect } from "./render.tsx";

const PAGE_SIZE = 100;
/** A change of many keys that went wrong is told for so long. */
const TOLD_MS = 60_000;

export async function showKeys(context: PageContext): Promise<Response> {
  const { searchParams } = context.url;
  const query = readKeyQuery(searchParams);
  if (searchParams.has("column")) return chooseColumns(query, searchParams.getAll("column"));
  const { operations } = context.deps;
  const found = await operations.keys.list({
    ...filterOf(query),
    sort: query.sort,
    cursor: query.cursor || undefined,
    limit: PAGE_SIZE,
  });
  const pools = await operations.pools.list();
  const upstreams = await operations.upstreams.list();
  const body = (
    <KeysPage
      query={query}
      keys={found.data}
      place={found}
      columns={chosenColumns(context, query)}
      recents={await operations.stats.recentByKey(found.data.map(({ id }) => id))}
      counts={operations.keys.counts()}
      runs={operations.keys.bulkRuns().filter((run) => isTold(run, context.reader.now))}
      pools={new Map(pools.map((pool) => [pool.id, pool]))}
      upstreams={new Map(upstreams.map((upstream) => [upstream.id, upstream]))}
      defaultDailyLimit={operations.settings.current().defaultDailyLimit}
      tests={context.tests.since(context.reader.now - TESTED_RECENTLY_MS)}
      reader={context.reader}
    />
  );
  return page(context, { title: "Keys", section: "/keys", address: keyListHref(query) }, body);
}

export async function askForFilter(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const form = (
    <FilterForm
      place={placeOf(context)}
      query={readKeyQuery(context.url.searchParams)}
      pools={await operations.pools.list()}
      upstreams={await operations.upstreams.list()}
      tags={operations.keys.tags().map(({ tag }) => tag)}
    />
  );
  return formPage(context, { title: "Filter keys", section: "/keys" }, form);
}

export async function askForColumns(context: PageContext): Promise<Response> {
  const query = readKeyQuery(context.url.searchParams);
  const form = <ColumnsForm place={placeOf(context)} query={query} chosen={chosenColumns(context, query)} />;
  return formPage(context, { title: "Columns", section: "/keys" }, form);
}

/** Remembered by the browser, and part of the address that comes back, so that a link shows the same. */
function chooseColumns(query: KeyListQuery, names: string[]): Response {
  const columns = knownColumns(names);
  return redirect(keyListHref(query, { columns }), [["set-cookie", columnsCookie(columns)]]);
}

function chosenColumns(context: PageContext, query: KeyListQuery): string[] {
  const chosen = query.columns || knownColumns(readColumns(context.request).split("."));
  return (chosen || USUAL_COLUMNS).split(".");
}

function isTold(run: BulkRun, now: number): boolean {
  return run.endedAt === null || (run.stopped !== null && now - run.endedAt < TOLD_MS);
}
