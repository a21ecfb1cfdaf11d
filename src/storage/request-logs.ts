import type { SQLQueryBindings } from "bun:sqlite";
import type { AttemptRecord, Outcome, RequestRecord, UsageSource } from "../types.ts";
import type { Sql } from "./database.ts";
import { Places } from "./log-position.ts";
import { insertBodies, readBodies } from "./request-bodies.ts";
import { ValuePlaces } from "./request-values.ts";
import { defineTable, flag, plain, type Row, whole } from "./table.ts";

type RequestRow = Omit<RequestRecord, "attempts" | "trace" | "bodies">;
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
const INSERT_REQUEST = `INSERT INTO requests (${requests.columns}, attempt_count, row_id) VALUES (${requests.placeholders}, ?, ?) ON CONFLICT DO NOTHING`;
const INSERT_ATTEMPT = `INSERT INTO attempts (${attempts.columns}, request_row, position) VALUES (${attempts.placeholders}, ?, ?)`;
const QUEUE_TEXT = "INSERT INTO request_texts_queue (row_id) VALUES (?)";
const EXISTS = "SELECT 1 FROM requests WHERE id = ?";

export const requestTable = requests.name;
/** Of a table named `r`. */
export const requestColumns = requests.columns.replace(/\w+/g, "r.$&");

type WriteEach = <Item>(items: readonly Item[], write: (item: Item) => void) => void;

interface Written {
  record: RequestRecord;
  place: number;
}

interface WrittenRequests {
  /** Those that were not there yet. */
  stored: RequestRecord[];
  /** What the index is to get (request-values.ts); that is left to the caller. */
  values: ValuePlaces;
}

/** Writes requests with their attempts, within a transaction of the caller's. */
export class RequestWriter {
  readonly #places: Places;

  /** @param order `in order`: requests come sorted by time, and those of one moment keep their order. */
  constructor(
    private readonly sql: Sql,
    order: "in order" | "as they come" = "as they come",
  ) {
    this.#places = new Places(sql, requests.name, order === "in order");
  }

  /**
   * Those that are there already are left as they are, so that a batch may be given again.
   * @param each writes one row after the other; it may leave out what the schema refuses.
   */
  write(records: readonly RequestRecord[], each: WriteEach): WrittenRequests {
    const { sql } = this;
    const written: Written[] = [];
    // In the order of their places and table by table: SQLite then adds each row beside the one before, in half the time.
    const inOrder = records.toSorted((a, b) => a.startedAt - b.startedAt);
    each(inOrder, (record) => {
      const place = this.#insert(record);
      if (place !== null) written.push({ record, place });
    });
    each(written.flatMap(attemptRows), (row) => sql.statement(INSERT_ATTEMPT).run(row));
    const values = new ValuePlaces();
    for (const { record, place } of written) {
      values.add(record, place);
      if (hasText(record)) sql.run(QUEUE_TEXT, place);
      if (record.bodies !== undefined) insertBodies(sql, place, record.bodies);
    }
    return { stored: written.map(({ record }) => record), values };
  }

  /** @returns its place; null where it is there already. */
  #insert(record: RequestRecord): number | null {
    const values = [...requests.encode(record), record.attempts.length, 0];
    return this.#places.place(
      record.startedAt,
      (tried) => {
        values[values.length - 1] = tried;
        return this.sql.statement(INSERT_REQUEST).run(values).changes > 0;
      },
      () => this.sql.get(EXISTS, record.id) !== null,
    );
  }
}

function attemptRows({ record, place }: Written): SQLQueryBindings[][] {
  return record.attempts.map((attempt, position) => [...attempts.encode(attempt), place, position]);
}

function hasText({ error, attempts: tried }: RequestRecord): boolean {
  return error !== null || tried.some((attempt) => attempt.error !== null);
}

/** With its bodies, where they were kept. */
export function readRequest(sql: Sql, id: string): RequestRecord | null {
  const rows = sql.all(`SELECT r.row_id AS place, ${requestColumns} FROM requests r WHERE r.id = ?`, id);
  const [request] = withAttempts(sql, rows);
  if (request === undefined) return null;
  const bodies = readBodies(sql, Number(rows[0]?.place));
  return bodies === null ? request : { ...request, bodies };
}

/** @param rows with `requestColumns`, and the row id as `place`. */
export function withAttempts(sql: Sql, rows: Row[]): RequestRecord[] {
  const found = sql.all(
    `SELECT request_row, ${attempts.columns} FROM attempts
     WHERE request_row IN (SELECT value FROM json_each(?)) ORDER BY request_row, position`,
    JSON.stringify(rows.map((row) => row.place)),
  );
  const byRequest = Map.groupBy(found, (row) => row.request_row);
  return rows.map((row) => ({
    ...requests.decode(row),
    attempts: (byRequest.get(row.place) ?? []).map(attempts.decode),
  }));
}
