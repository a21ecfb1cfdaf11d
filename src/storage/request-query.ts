import type { RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import { type LogSource, rangeOf, readPage } from "./log-query.ts";
import { type Search, searchRequests } from "./log-search.ts";
import { along, type Condition, type IndexRows, type LogIndex, shortest, type Walk } from "./log-walk.ts";
import { RequestIndexes } from "./request-indexes.ts";
import { requestColumns, requestTable, withAttempts } from "./request-logs.ts";
import { Scratch } from "./scratch.ts";
import type { LogPage, LogQuery } from "./types.ts";

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of reading a row's messages and looking for words in them, where a look into an index costs 1. */
const HOLDING_COST = 20;
const ALL_ROWS: IndexRows = { from: "requests i", place: "i.row_id", condition: { sql: "1", params: [] } };

/** What is asked of a row: an index knows it, or the row is looked at. */
type Filter = { index: LogIndex } | { looked: Condition };

function filtersOf(
  indexes: RequestIndexes,
  { kind, keyId, model, outcome, poolId, status }: LogQuery,
  id: string | null,
): Filter[] {
  const filters: Filter[] = [];
  const known = (index: LogIndex) => filters.push({ index });
  const look = (sql: string, ...params: (string | number)[]) => filters.push({ looked: { sql, params } });
  if (id !== null) known(indexes.id(id));
  if (keyId !== undefined) known(indexes.value("key", keyId));
  if (outcome === "ok" && kind !== "error") look("r.outcome = 'ok'");
  else if (outcome !== undefined) known(indexes.outcome(outcome));
  if (model !== undefined) known(indexes.value("model", model));
  if (status === 200) look("r.status = 200");
  else if (status !== undefined) known(indexes.status(status));
  if (poolId !== undefined) known(indexes.value("pool", poolId));
  if (kind === "error" && outcome === undefined) known(indexes.failed());
  return filters;
}

/**
 * Newest first; `q` by words (log-search.ts). A page goes back along the index that leads past the fewest rows.
 * @throws InputError for a limit, cursor or text that cannot be used.
 */
export function listRequests(sql: Sql, query: LogQuery): LogPage<RequestRecord> {
  const { q = "" } = query;
  const id = FULL_ID.test(q) ? q.toLowerCase() : null;
  const indexes = new RequestIndexes(sql);
  const filters = filtersOf(indexes, query, id);
  if (q === "" || id !== null) return pageFrom(sql, query, filters);
  using scratch = new Scratch();
  const search = searchRequests(sql, indexes, scratch, q, rangeOf(query));
  return pageFrom(sql, query, filters, search);
}

/** @param search where `q` is words. */
function pageFrom(sql: Sql, query: LogQuery, filters: Filter[], search?: Search): LogPage<RequestRecord> {
  const range = rangeOf(query);
  const cost = search === undefined ? 1 : HOLDING_COST;
  const ways: { walk: Walk; cost: number; filter?: Filter }[] = filters.flatMap((filter) =>
    "index" in filter ? { walk: filter.index.walk, cost, filter } : [],
  );
  const searchWay = search && { walk: search.walk, cost: search.isExact ? 1 : HOLDING_COST };
  if (searchWay !== undefined) ways.unshift(searchWay);
  const way = shortest(ways, range);
  const source: LogSource = {
    table: requestTable,
    columns: requestColumns,
    walk: way?.walk ?? along(sql, ALL_ROWS),
    conditions: filters
      .filter((filter) => filter !== way?.filter)
      .map((filter) => ("index" in filter ? filter.index.has("found.value") : filter.looked)),
  };
  if (search !== undefined && (way !== searchWay || !search.isExact)) source.holding = search.holding;
  const { rows, ...page } = readPage(sql, source, range, query.limit);
  return { data: withAttempts(sql, rows), ...page };
}
