import { type LogChoice, LogFilterForm, type LogFilterFormProps } from "../../views/log-filter-form.tsx";
import { type LogListQuery, logListHref } from "../../views/log-list.ts";
import { LogsPage, type LogsPageProps } from "../../views/logs.tsx";
import { outcomeLook } from "../../views/outcomes.ts";
import type { LogPage, LogQuery } from "../operations/types.ts";
import { InputError } from "../types.ts";
import { keyNames } from "./key-names.ts";
import { logFilterOf, readLogQuery, shareable } from "./log-query.ts";
import { fieldTime } from "./own-times.ts";
import type { PageContext } from "./page-context.ts";
import { formPage, page, placeOf, redirect } from "./render.tsx";

const PAGE_SIZE = 100;
/** Of some 40 ms each. */
const MAX_LOOKS = 25;
const INFO = { title: "Logs", section: "/logs", assets: ["htmx-sse.js"] } as const;

export async function showLogs(context: PageContext): Promise<Response> {
  const { deps, reader } = context;
  const given = readLogQuery(context.url.searchParams);
  const query = shareable(given, reader.timeZone);
  if (query.from !== given.from || query.to !== given.to) return redirect(logListHref(query));
  let filter: Omit<LogQuery, "limit">;
  try {
    filter = logFilterOf(query);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return filterForm(context, query, error.fields);
  }
  const found = await findRows(context, { ...filter, limit: PAGE_SIZE });
  const figures = deps.live.figures();
  const ids = [query.key_id, ...keysIn(found.rows)].filter((id) => id !== "");
  const body = (
    <LogsPage
      query={query}
      rows={found.rows}
      nextCursor={found.nextCursor}
      searchedTo={found.searchedTo}
      names={await keyNames(deps.operations.keys, ids)}
      pools={await poolNames(context)}
      requestsToday={figures.requestsToday}
      errorsToday={figures.errorsToday}
      reader={reader}
    />
  );
  return page(context, { ...INFO, address: logListHref(query) }, body);
}

export function askForLogFilter(context: PageContext): Promise<Response> {
  return filterForm(context, readLogQuery(context.url.searchParams), {});
}

async function filterForm(
  context: PageContext,
  query: LogListQuery,
  problems: Record<string, string>,
): Promise<Response> {
  const { timeZone } = context.reader;
  const times = {
    from: fieldTime(Date.parse(query.from), timeZone),
    to: fieldTime(Date.parse(query.to), timeZone),
  };
  const isWrong = Object.keys(problems).length > 0;
  return formPage(
    context,
    { ...INFO, title: "Filter", status: isWrong ? 422 : 200 },
    <LogFilterForm
      place={placeOf(context)}
      query={query}
      choices={await choices(context, query)}
      times={times}
      problems={problems}
    />,
  );
}

/** What requests had lately, in the words that the pages use for it; keys and pools that are gone can't be chosen. */
async function choices(context: PageContext, query: LogListQuery): Promise<LogFilterFormProps["choices"]> {
  const { operations } = context.deps;
  const facets = await operations.logs.facets({});
  const chosenToo = (list: typeof facets.keys, chosen: string) =>
    list.some(({ value }) => value === chosen) ? list : [{ value: chosen, requests: 0 }, ...list];
  const usedKeys = chosenToo(facets.keys, query.key_id);
  const keys = await keyNames(
    operations.keys,
    usedKeys.map(({ value }) => value).filter((id) => id !== ""),
  );
  const pools = await poolNames(context);
  const named = (list: typeof facets.keys, names: ReadonlyMap<string, string>): LogChoice[] =>
    list.flatMap((facet) => {
      const label = names.get(facet.value);
      return label === undefined ? [] : { ...facet, label };
    });
  return {
    key_id: named(usedKeys, keys),
    pool_id: named(chosenToo(facets.pools, query.pool_id), pools),
    model: facets.models.map((facet) => ({ ...facet, label: facet.value })),
    outcome: facets.outcomes.map((facet) => ({ ...facet, label: outcomeLook(facet.value).word })),
  };
}

async function poolNames({ deps }: PageContext): Promise<Map<string, string>> {
  return new Map((await deps.operations.pools.list()).map(({ id, name }) => [id, name]));
}

type Rows = LogsPageProps["rows"];

async function findRows(
  { deps }: PageContext,
  query: LogQuery,
): Promise<Pick<LogsPageProps, "rows" | "nextCursor" | "searchedTo">> {
  const { logs } = deps.operations;
  if (query.kind === "key_event") {
    const { data: events, ...page } = await lookThrough(logs.keyEvents, query);
    return { rows: { events }, ...page };
  }
  const { data: requests, ...page } = await lookThrough(logs.requests, query);
  return { rows: { requests }, ...page };
}

/** A first page comes at once; who asks to look further back waits longer, while others get their turns. */
async function lookThrough<Item>(
  read: (query: LogQuery) => Promise<LogPage<Item>>,
  query: LogQuery,
): Promise<LogPage<Item>> {
  let page = await read(query);
  if (query.cursor === null) return page;
  for (let looks = 1; looks < MAX_LOOKS && page.searchedTo !== null; looks += 1) {
    const missing = query.limit - page.data.length;
    if (missing === 0) break;
    const more = await read({ ...query, cursor: page.nextCursor, limit: missing });
    page = { ...more, data: [...page.data, ...more.data] };
  }
  return page;
}

/** The keys that the rows name. */
function keysIn(rows: Rows): string[] {
  if ("events" in rows) return rows.events.flatMap((event) => event.keyId ?? []);
  return rows.requests.flatMap((request) => request.attempts.at(-1)?.keyId ?? []);
}
