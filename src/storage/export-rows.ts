import type { SQLQueryBindings } from "bun:sqlite";
import type { KeyState } from "../types.ts";
import type { Sql } from "./database.ts";
import { keyEventTable } from "./key-events.ts";
import { readRotations } from "./key-states.ts";
import { createKeys } from "./keys.ts";
import { createPools } from "./pools.ts";
import { requestColumns, withAttempts } from "./request-logs.ts";
import { ownerTable } from "./resource-owners.ts";
import { DAY_S } from "./rollup-buckets.ts";
import { counts } from "./rollup-read.ts";
import { createSettingsTable } from "./settings.ts";
import { Sketch } from "./sketch.ts";
import { defineTable, plain, type Row } from "./table.ts";
import type { ExportCursor, ExportedConfig, ExportedRows, LongList } from "./types.ts";
import { createUpstreams } from "./upstreams.ts";
import type { Wires } from "./wire.ts";

interface Source {
  from: string;
  columns: string;
  /** What rows are ordered by; together unique. */
  order: string[];
  decode(sql: Sql, rows: Row[]): object[];
}

const places = defineTable<{ bucketS: number; dimension: string; at: number; value: string }>("rollups", {
  bucketS: plain<number>(),
  dimension: plain<string>(),
  at: plain<number>(),
  value: plain<string>(),
});

const sources: Record<LongList, Source> = {
  resource_owners: {
    from: "resource_owners",
    columns: ownerTable.columns,
    order: ["id"],
    decode: (_, rows) => rows.map(ownerTable.decode),
  },
  key_events: {
    from: "key_events",
    columns: keyEventTable.columns,
    order: ["row_id"],
    decode: (_, rows) => rows.map(keyEventTable.decode),
  },
  statistics: {
    // Blocks are made of days again.
    from: `(SELECT * FROM rollups WHERE bucket_s <= ${DAY_S})`,
    columns: `${places.columns}, ${counts.columns}, ttft, duration`,
    order: ["bucket_s", "dimension", "at", "value"],
    decode: (_, rows) => rows.map(statisticOf),
  },
  requests: {
    from: "requests r",
    columns: `r.row_id AS place, ${requestColumns}`,
    order: ["row_id"],
    decode: (sql, rows) => withAttempts(sql, rows),
  },
};

/** Everything that is not long, as it stood at one moment. */
export async function readConfig(sql: Sql): Promise<ExportedConfig> {
  return {
    upstreams: await createUpstreams(sql).list(),
    pools: await createPools(sql).list(),
    keys: await createKeys(sql).list(),
    states: (await createKeys(sql).states()) as KeyState[],
    settings: await createSettingsTable(sql).all(),
    rotations: readRotations(sql).sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}

/** How many rows each long list has, and where it ends now: what comes later is not part of the export. */
export function exportEnds(sql: Sql): { rows: number; ends: Record<LongList, number | null> } {
  const last = (table: string) => Number(sql.get(`SELECT max(row_id) AS last FROM ${table}`)?.last ?? 0);
  const rows = Number(sql.get("SELECT count(*) AS rows FROM requests")?.rows ?? 0);
  return {
    rows,
    ends: {
      resource_owners: null,
      statistics: null,
      key_events: last("key_events"),
      requests: last("requests"),
    },
  };
}

/** The next rows as JSON with a comma and a line end between them; `next` null at the end. */
export function exportRows(
  sql: Sql,
  wires: Wires,
  list: LongList,
  after: ExportCursor | null,
  end: number | null,
  limit: number,
): ExportedRows {
  const { from, columns, order, decode } = sources[list];
  const conditions: string[] = [];
  const params: SQLQueryBindings[] = [];
  if (after !== null) {
    conditions.push(`(${order.join(", ")}) > (${order.map(() => "?").join(", ")})`);
    params.push(...after);
  }
  if (end !== null) {
    conditions.push("row_id <= ?");
    params.push(end);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const keys = order.map((column, index) => `${column} AS cursor_${index}`).join(", ");
  const rows = sql.all(
    `SELECT ${columns}, ${keys} FROM ${from} ${where} ORDER BY ${order.join(", ")} LIMIT ?`,
    ...params,
    limit,
  );
  const last = rows.at(-1);
  const wire = wires.of(list);
  return {
    text: decode(sql, rows)
      .map((item) => JSON.stringify(wire.encode(item)))
      .join(",\n"),
    rows: rows.length,
    next:
      last === undefined || rows.length < limit
        ? null
        : order.map((_, index) => last[`cursor_${index}`] as string | number),
  };
}

function statisticOf(row: Row): object {
  return {
    ...places.decode(row),
    ...counts.decode(row),
    ttft: pairsOf(row.ttft as Uint8Array),
    duration: pairsOf(row.duration as Uint8Array),
  };
}

function pairsOf(encoded: Uint8Array): number[] {
  const sketch = new Sketch();
  sketch.mergeEncoded(encoded);
  return sketch.toPairs();
}
