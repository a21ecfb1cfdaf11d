import type { SQLQueryBindings } from "bun:sqlite";
import type { Page, RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import { type Condition, type LogSource, rangeOf, readPage } from "./log-query.ts";
import { searchRequests } from "./log-search.ts";
import { requestColumns, withAttempts } from "./request-logs.ts";
import type { LogQuery } from "./types.ts";

const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const FIRST_ERROR_STATUS = 400;
const FROM_REQUESTS = "requests r";
/** Of several attempts of one key in a request the first stands for it. */
const FIRST_OF_KEY =
  "NOT EXISTS (SELECT 1 FROM attempts b WHERE b.request_row = a.request_row AND b.key_id = a.key_id AND b.position < a.position)";

interface Filter {
  /** Null: not asked for. */
  params: SQLQueryBindings[] | null;
  /** What is walked, and the condition that its index answers in the order of places; null where there is none. */
  walked: { from: string; place: string; sql: string } | null;
  /** Looked at row by row. `|| ''` behind a column keeps SQLite from walking along that column's index instead. */
  looked: string;
}

/** A page walks along one index: that of the first filter asked for that has one, else along all rows. */
function filtersOf(query: LogQuery, wholeId: string | undefined): Filter[] {
  const { kind, keyId, model, outcome, poolId, status } = query;
  const one = (value: string | number | undefined) => (value === undefined ? null : [value]);
  const walk = (from: string, sql: string, place = "r.row_id") => ({ from, sql, place });
  const failed = walk("requests r INDEXED BY requests_failed", "r.outcome <> 'ok'");
  // An answer that ended ok has no status of an error, so the few that failed are walked.
  const isErrorStatus = status !== undefined && status >= FIRST_ERROR_STATUS;
  return [
    { params: one(wholeId), walked: walk(FROM_REQUESTS, "r.id = ?"), looked: "" },
    {
      params: one(keyId),
      walked: walk(
        "attempts a JOIN requests r ON r.row_id = a.request_row",
        `a.key_id = ? AND ${FIRST_OF_KEY}`,
        "a.request_row",
      ),
      looked: "EXISTS (SELECT 1 FROM attempts a WHERE a.request_row = r.row_id AND a.key_id || '' = ?)",
    },
    {
      params: outcome === "ok" ? null : one(outcome),
      walked: walk("requests r INDEXED BY requests_by_outcome", "r.outcome = ? AND r.outcome <> 'ok'"),
      looked: "r.outcome || '' = ?",
    },
    {
      params: one(model),
      walked: walk("requests r INDEXED BY requests_by_model", "r.model = ?"),
      looked: "r.model || '' = ?",
    },
    {
      params: kind === "error" || isErrorStatus ? [] : null,
      walked: failed,
      looked: "r.outcome || '' <> 'ok'",
    },
    { params: outcome === "ok" ? [outcome] : null, walked: null, looked: "r.outcome || '' = ?" },
    { params: one(poolId), walked: null, looked: "r.pool_id = ?" },
    { params: one(status), walked: null, looked: "r.status = ?" },
  ];
}

/**
 * Newest first; `q` by words (log-search.ts).
 * @throws InputError for a limit, cursor or text that cannot be used.
 */
export function listRequests(sql: Sql, query: LogQuery): Page<RequestRecord> {
  const { q = "" } = query;
  const wholeId = FULL_ID.test(q) ? q.toLowerCase() : undefined;
  const filters = filtersOf(query, wholeId).filter((filter) => filter.params !== null);
  const { rows, nextCursor } =
    q === "" || wholeId !== undefined
      ? readPage(sql, sourceFor(filters), query)
      : searchRequests(sql, query.limit, rangeOf(query), q, conditionsOf(filters));
  return { data: withAttempts(sql, rows), nextCursor };
}

function sourceFor(filters: Filter[]): LogSource {
  const walked = filters.find((filter) => filter.walked !== null);
  const rest = conditionsOf(filters.filter((filter) => filter !== walked));
  const { from, place, sql } = walked?.walked ?? { from: FROM_REQUESTS, place: "r.row_id", sql: "1" };
  return {
    from,
    place,
    columns: requestColumns,
    indexed: [{ sql, params: walked?.params ?? [] }],
    scanned: rest,
  };
}

function conditionsOf(filters: Filter[]): Condition[] {
  return filters.map(({ looked, params }) => ({ sql: looked, params: params ?? [] }));
}
