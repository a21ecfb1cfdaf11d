import type { KeyEvent, Page } from "../types.ts";
import type { Sql } from "./database.ts";
import { Places } from "./log-position.ts";
import { contains, type LogSource, readPage } from "./log-query.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { LogQuery } from "./types.ts";

export const keyEventTable = defineTable<KeyEvent>("key_events", {
  id: plain(),
  at: whole(),
  event: plain(),
  keyId: plain<string | null>(),
  keyName: plain<string | null>(),
  detail: plain(),
  actor: plain(),
});
const INSERT_EVENT = `INSERT INTO key_events (${keyEventTable.columns}, row_id) VALUES (${keyEventTable.placeholders}, ?) ON CONFLICT DO NOTHING`;
const EXISTS = "SELECT 1 FROM key_events WHERE id = ?";

/** Within a transaction. One that is there already is left as it is, so that a batch may be given again. */
export function insertKeyEvent(sql: Sql, event: KeyEvent): void {
  const values = keyEventTable.encode(event);
  new Places(sql, keyEventTable.name).place(
    event.at,
    (place) => sql.run(INSERT_EVENT, ...values, place) > 0,
    () => sql.get(EXISTS, event.id) !== null,
  );
}

export function listKeyEvents(sql: Sql, query: LogQuery): Page<KeyEvent> {
  const { rows, nextCursor } = readPage(sql, sourceFor(query), query);
  return { data: rows.map(keyEventTable.decode), nextCursor };
}

function sourceFor({ keyId, q = "" }: LogQuery): LogSource {
  return {
    from: keyEventTable.name,
    columns: keyEventTable.columns,
    place: "row_id",
    indexed: keyId === undefined ? [] : [{ sql: "key_id = ?", params: [keyId] }],
    scanned: q === "" ? [] : [contains(["key_name", "event", "detail", "actor"], q)],
  };
}
