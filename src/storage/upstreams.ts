import { type AuthStyle, ConflictError, NotFoundError, type Upstream } from "../types.ts";
import { conflictsAs, type Sql } from "./database.ts";
import { defineTable, flag, plain, whole } from "./table.ts";
import type { Storage } from "./types.ts";

const table = defineTable<Upstream>("upstreams", {
  id: plain(),
  name: plain(),
  baseUrl: plain(),
  authStyle: plain<AuthStyle>(),
  isDefault: flag,
  createdAt: whole(),
});
const TAKEN = "An upstream of this name is there already.";

export function createUpstreams(sql: Sql): Storage["upstreams"] {
  return {
    async list() {
      return sql.all(`SELECT ${table.columns} FROM upstreams ORDER BY created_at, id`).map(table.decode);
    },
    async insert(upstream) {
      sql.write(() => insertUpstream(sql, upstream));
    },
    async update(upstream) {
      sql.write(() => updateUpstream(sql, upstream));
    },
    async delete(id) {
      sql.write(() => {
        const found = sql.get("SELECT is_default FROM upstreams WHERE id = ?", id);
        if (found === null) throw new NotFoundError("There is no such upstream.");
        const keys = Number(sql.get("SELECT count(*) AS keys FROM keys WHERE upstream_id = ?", id)?.keys);
        if (keys > 0)
          throw new ConflictError(`The upstream still has ${keys} ${keys === 1 ? "key" : "keys"}.`);
        if (found.is_default === 1) throw new ConflictError("The default upstream cannot be deleted.");
        sql.run("DELETE FROM upstreams WHERE id = ?", id);
      });
    },
  };
}

/** Within a transaction. */
export function insertUpstream(sql: Sql, upstream: Upstream): void {
  if (upstream.isDefault) takeDefault(sql, upstream.id);
  conflictsAs({ unique: TAKEN }, () => {
    const text = `INSERT INTO upstreams (${table.columns}) VALUES (${table.placeholders})`;
    sql.run(text, ...table.encode(upstream));
  });
}

/** Within a transaction. */
export function updateUpstream(sql: Sql, upstream: Upstream): void {
  if (upstream.isDefault) takeDefault(sql, upstream.id);
  conflictsAs({ unique: TAKEN }, () => {
    const values = table.encode(upstream);
    const changed = sql.run(`UPDATE upstreams SET ${table.assignments} WHERE id = ?`, ...values, upstream.id);
    if (changed === 0) throw new NotFoundError("There is no such upstream.");
  });
}

function takeDefault(sql: Sql, newDefault: string): void {
  sql.run("UPDATE upstreams SET is_default = 0 WHERE is_default = 1 AND id <> ?", newDefault);
}
