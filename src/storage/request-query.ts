import type { RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import { type LogSource, rangeOf, readPage } from "./log-query.ts";
import { searchRequests } from "./log-search.ts";
import { along, type Condition, isIn, type LogIndex, shortest, type Walk } from "./log-walk.ts";
import { INDEXES } from "./request-indexes.ts";
import { requestColumns, requestTable, withAttempts } from "./request-logs.ts";
import { Scratch } from "./scratch.ts";
import type { LogPage, LogQuery } from "./types.ts";

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of reading a row's messages and looking for words in them, where a look into an index costs 1. */
const HOLDING_COST = 20;
const ALL_ROWS: LogIndex = { from: "requests i", place: "i.row_id", condition: { sql: "1", params: [] } };

/** What is asked of a row: an index knows it, or the row is looked at. */
type Filter = { index: LogIndex } | { looked: Condition };

function filtersOf({ kind, keyId, model, outcome, poolId, status }: LogQuery, id: string | null): Filter[] {
  const filters: Filter[] = [];
  const known = (index: LogIndex) => filters.push({ index });
  const look = (sql: string, ...params: (string | number)[]) => filters.push({ looked: { sql, params } });
  if (id !== null) known(INDEXES.id(id));
  if (keyId !== undefined) known(INDEXES.key(keyId));
  if (outcome === "ok" && kind !== "error") look("r.outcome = 'ok'");
  else if (outcome !== undefined) known(INDEXES.outcome(outcome));
  if (model !== undefined) known(INDEXES.model(model));
  if (status === 200) look("r.status = 200");
  else if (status !== undefined) known(INDEXES.status(status));
  if (poolId !== undefined) known(INDEXES.pool(poolId));
  if (kind === "error" && outcome === undefined) known(INDEXES.failed());
  return filters;
}

/**
 * Newest first; `q` by words (log-search.ts). A page goes back along the index that leads past the fewest rows.
 * @throws InputError for a limit, cursor or text that cannot be used.
 */
export function listRequests(sql: Sql, query: LogQuery): LogPage<RequestRecord> {
  const { q = "" } = query;
  const id = FULL_ID.test(q) ? q.toLowerCase() : null;
  const filters = filtersOf(query, id);
  if (q === "" || id !== null) return pageFrom(sql, query, filters);
  using scratch = new Scratch();
  return pageFrom(sql, query, filters, scratch);
}

/** @param scratch where `q` is words. */
function pageFrom(sql: Sql, query: LogQuery, filters: Filter[], scratch?: Scratch): LogPage<RequestRecord> {
  const range = rangeOf(query);
  const search = scratch && searchRequests(sql, scratch, query.q ?? "", range);
  const cost = search === undefined ? 1 : HOLDING_COST;
  const ways: { walk: Walk; cost: number; filter?: Filter }[] = filters.flatMap((filter) =>
    "index" in filter ? { walk: along(sql, filter.index), cost, filter } : [],
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
      .map((filter) => ("index" in filter ? isIn(filter.index, "found.value") : filter.looked)),
  };
  if (search !== undefined && (way !== searchWay || !search.isExact)) source.holding = search.holding;
  const { rows, ...page } = readPage(sql, source, range, query.limit);
  return { data: withAttempts(sql, rows), ...page };
}
