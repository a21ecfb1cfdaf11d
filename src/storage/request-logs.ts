import type { SQLQueryBindings } from "bun:sqlite";
import type { AttemptRecord, MinuteTotals, Outcome, RequestRecord, UsageSource } from "../types.ts";
import type { Sql } from "./database.ts";
import { type Condition, contains, type LogSource, readPage } from "./log-query.ts";
import { defineTable, flag, plain, type Row, whole } from "./table.ts";
import type { LogQuery, Storage } from "./types.ts";

type RequestRow = Omit<RequestRecord, "attempts">;
const requests = defineTable<RequestRow>("requests", {
  id: plain(),
  startedAt: whole(),
  endpoint: plain(),
  model: plain<string | null>(),
  servedModel: plain<string | null>(),
  stream: flag,
  poolId: plain<string | null>(),
  clientAddress: plain(),
  userAgent: plain(),
  status: whole(),
  outcome: plain(),
  ttftMs: whole<number | null>(),
  durationMs: whole(),
  inputTokens: whole<number | null>(),
  outputTokens: whole<number | null>(),
  cachedTokens: whole<number | null>(),
  reasoningTokens: whole<number | null>(),
  usageSource: plain<UsageSource>(),
  costUsd: plain<number | null>(),
  requestBytes: whole(),
  responseBytes: whole(),
  error: plain<string | null>(),
});
const attempts = defineTable<AttemptRecord>("attempts", {
  keyId: plain(),
  upstreamId: plain(),
  startedAt: whole(),
  waitMs: whole(),
  durationMs: whole(),
  status: whole<number | null>(),
  outcome: plain<Outcome>(),
  chosenBecause: plain(),
  error: plain<string | null>(),
});
const INSERT_REQUEST = `INSERT INTO requests (${requests.columns}, attempt_count) VALUES (${requests.placeholders}, ?) ON CONFLICT (id) DO NOTHING`;
const INSERT_ATTEMPT = `INSERT INTO attempts (${attempts.columns}, request_id, position, request_started_at) VALUES (${attempts.placeholders}, ?, ?, ?)`;
const requestColumns = requests.columns.replace(/\w+/g, "r.$&");

const MINUTE_MS = 60_000;
const USES_KEY = "EXISTS (SELECT 1 FROM attempts a WHERE a.request_id = r.id AND a.key_id || '' = ?)";
/** Of several attempts of one key in a request the first stands for it. */
const FIRST_OF_KEY =
  "NOT EXISTS (SELECT 1 FROM attempts b WHERE b.request_id = a.request_id AND b.key_id = a.key_id AND b.position < a.position)";
const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function createRequestLogs(sql: Sql): Storage["requestLogs"] {
  return {
    async list(query) {
      const { rows, nextCursor } = readPage(sql, sourceFor(query), query);
      return { data: withAttempts(sql, rows), nextCursor };
    },
    async get(id) {
      return (
        withAttempts(sql, sql.all(`SELECT ${requestColumns} FROM requests r WHERE r.id = ?`, id))[0] ?? null
      );
    },
    async minutes(from, to) {
      const rows = sql.all(
        `SELECT started_at - started_at % ${MINUTE_MS} AS minute, count(*) AS requests,
           sum(outcome NOT IN ('ok', 'client_error', 'content_filtered', 'client_closed')) AS errors,
           sum(outcome = 'ok' AND attempt_count > 1) AS failovers,
           coalesce(sum(input_tokens), 0) AS input_tokens, coalesce(sum(output_tokens), 0) AS output_tokens
         FROM requests WHERE started_at >= ? AND started_at < ? GROUP BY minute ORDER BY minute`,
        from,
        to,
      );
      return rows.map(toMinute);
    },
  };
}

/** Within a transaction. A request that is there already is left as it is, so that a batch may be given again. */
export function insertRequest(sql: Sql, record: RequestRecord): void {
  const { id, startedAt } = record;
  if (sql.run(INSERT_REQUEST, ...requests.encode(record), record.attempts.length) === 0) return;
  record.attempts.forEach((attempt, position) => {
    sql.run(INSERT_ATTEMPT, ...attempts.encode(attempt), id, position, startedAt);
  });
}

interface Filter {
  /** Null: not asked for. */
  params: SQLQueryBindings[] | null;
  /** Answered by an index in the order of time. */
  walked: string;
  /**
   * Looked at row by row. `|| ''` behind a column keeps SQLite from walking along that column's index instead,
   * where the bound of `readPage` doesn't hold.
   */
  looked: string;
}

/** Each page walks along one index: that of the first of these filters which is asked for, else all by time. */
function filtersOf({ kind, keyId, model, outcome, poolId, status, q = "" }: LogQuery) {
  const wholeId = FULL_ID.test(q) ? q.toLowerCase() : undefined;
  const one = (value: string | number | undefined) => (value === undefined ? null : [value]);
  const walkable: Filter[] = [
    { params: one(wholeId), walked: "r.id = ?", looked: "r.id = ?" },
    { params: one(keyId), walked: `a.key_id = ? AND ${FIRST_OF_KEY}`, looked: USES_KEY },
    { params: one(model), walked: "r.model = ?", looked: "r.model || '' = ?" },
    { params: one(outcome), walked: "r.outcome = ?", looked: "r.outcome || '' = ?" },
    { params: kind === "error" ? [] : null, walked: "r.outcome <> 'ok'", looked: "r.outcome || '' <> 'ok'" },
  ];
  const scanned: Condition[] = [];
  if (poolId !== undefined) scanned.push({ sql: "r.pool_id = ?", params: [poolId] });
  if (status !== undefined) scanned.push({ sql: "r.status = ?", params: [status] });
  if (q !== "" && wholeId === undefined) scanned.push(contains(["r.id", "r.model", "r.error"], q));
  return { walkable, scanned };
}

function sourceFor(query: LogQuery): LogSource {
  const { walkable, scanned } = filtersOf(query);
  const indexed: Condition[] = [];
  let byKey = false;
  for (const { params, walked, looked } of walkable) {
    if (params === null) continue;
    if (indexed.length > 0) {
      scanned.push({ sql: looked, params });
    } else {
      indexed.push({ sql: walked, params });
      byKey = walked.startsWith("a.");
    }
  }
  const place = byKey
    ? {
        from: "attempts a JOIN requests r ON r.id = a.request_id",
        at: "a.request_started_at",
        id: "a.request_id",
      }
    : { from: "requests r", at: "r.started_at", id: "r.id" };
  return { ...place, columns: requestColumns, indexed, scanned };
}

function withAttempts(sql: Sql, rows: Row[]): RequestRecord[] {
  const found = sql.all(
    `SELECT request_id, ${attempts.columns} FROM attempts
     WHERE request_id IN (SELECT value FROM json_each(?)) ORDER BY request_id, position`,
    JSON.stringify(rows.map((row) => row.id)),
  );
  const byRequest = Map.groupBy(found, (row) => row.request_id);
  return rows.map((row) => ({
    ...requests.decode(row),
    attempts: (byRequest.get(row.id) ?? []).map(attempts.decode),
  }));
}

function toMinute(row: Row): MinuteTotals {
  return {
    at: Number(row.minute),
    requests: Number(row.requests),
    errors: Number(row.errors),
    failovers: Number(row.failovers),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
  };
}
