import { ConflictError, NotFoundError, type Pool, type Strategy } from "../types.ts";
import { conflictsAs, type Sql } from "./database.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { Storage } from "./types.ts";

const table = defineTable<Pool>("pools", {
  id: plain(),
  name: plain(),
  description: plain(),
  color: plain(),
  icon: plain(),
  strategy: plain<Strategy | null>(),
  createdAt: whole(),
});
const TAKEN = "A pool of this name is there already.";

export function createPools(sql: Sql): Storage["pools"] {
  return {
    async list() {
      return sql.all(`SELECT ${table.columns} FROM pools ORDER BY created_at, id`).map(table.decode);
    },
    async insert(pool) {
      sql.write(() => insertPool(sql, pool));
    },
    async update(pool) {
      sql.write(() =>
        conflictsAs({ unique: TAKEN }, () => {
          const changed = sql.run(
            `UPDATE pools SET ${table.assignments} WHERE id = ?`,
            ...table.encode(pool),
            pool.id,
          );
          if (changed === 0) throw new NotFoundError("There is no such pool.");
        }),
      );
    },
    async delete(id) {
      sql.write(() => {
        const keys = Number(sql.get("SELECT count(*) AS keys FROM keys WHERE pool_id = ?", id)?.keys);
        if (keys > 0) {
          throw new ConflictError(
            `The pool still has ${keys} ${keys === 1 ? "key" : "keys"}: move or delete them first.`,
          );
        }
        if (sql.run("DELETE FROM pools WHERE id = ?", id) === 0)
          throw new NotFoundError("There is no such pool.");
      });
    },
  };
}

/** Within a transaction. */
export function insertPool(sql: Sql, pool: Pool): void {
  conflictsAs({ unique: TAKEN }, () => {
    sql.run(`INSERT INTO pools (${table.columns}) VALUES (${table.placeholders})`, ...table.encode(pool));
  });
}
