import type { KeyEvent } from "../types.ts";
import type { Sql } from "./database.ts";
import { contains, type LogSource, readPage } from "./log-query.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { LogQuery, Storage } from "./types.ts";

const table = defineTable<KeyEvent>("key_events", {
  id: plain(),
  at: whole(),
  event: plain(),
  keyId: plain<string | null>(),
  keyName: plain<string | null>(),
  detail: plain(),
  actor: plain(),
});
const INSERT_EVENT = `INSERT INTO key_events (${table.columns}) VALUES (${table.placeholders}) ON CONFLICT (id) DO NOTHING`;

export function createKeyEvents(sql: Sql): Storage["keyEvents"] {
  return {
    async insert(event) {
      sql.write(() => insertKeyEvent(sql, event));
    },
    async list(query) {
      const { rows, nextCursor } = readPage(sql, sourceFor(query), query);
      return { data: rows.map(table.decode), nextCursor };
    },
  };
}

/** Within a transaction. One that is there already is left as it is, so that a batch may be given again. */
export function insertKeyEvent(sql: Sql, event: KeyEvent): void {
  sql.run(INSERT_EVENT, ...table.encode(event));
}

function sourceFor({ keyId, q = "" }: LogQuery): LogSource {
  return {
    from: table.name,
    columns: table.columns,
    at: "at",
    id: "id",
    indexed: keyId === undefined ? [] : [{ sql: "key_id = ?", params: [keyId] }],
    scanned: q === "" ? [] : [contains(["key_name", "detail"], q)],
  };
}
