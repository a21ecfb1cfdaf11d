import type { KeyEvent } from "../types.ts";
import type { Sql } from "./database.ts";
import { Places } from "./log-position.ts";
import { contains, type LogSource, rangeOf, readPage } from "./log-query.ts";
import { along } from "./log-walk.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { LogPage, LogQuery } from "./types.ts";

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

export function listKeyEvents(sql: Sql, query: LogQuery): LogPage<KeyEvent> {
  const { rows, ...page } = readPage(sql, sourceFor(sql, query), rangeOf(query), query.limit);
  return { data: rows.map(keyEventTable.decode), ...page };
}

function sourceFor(sql: Sql, { keyId, q = "" }: LogQuery): LogSource {
  const condition = keyId === undefined ? { sql: "1", params: [] } : { sql: "key_id = ?", params: [keyId] };
  return {
    table: keyEventTable.name,
    columns: keyEventTable.columns.replace(/\w+/g, "r.$&"),
    walk: along(sql, { from: keyEventTable.name, place: "row_id", condition }),
    conditions: q === "" ? [] : [contains(["key_name", "event", "detail", "actor"], q)],
  };
}
