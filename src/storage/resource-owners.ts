import type { Sql } from "./database.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { Turns } from "./turns.ts";
import type { ResourceOwner, Storage } from "./types.ts";

export const ownerTable = defineTable<ResourceOwner>("resource_owners", {
  id: plain(),
  keyId: plain(),
  seenAt: whole(),
});

const FIND = `SELECT ${ownerTable.columns} FROM resource_owners WHERE id = ? AND seen_at >= ?`;
const WRITE =
  `INSERT INTO resource_owners (${ownerTable.columns}) VALUES (${ownerTable.placeholders}) ` +
  `ON CONFLICT (id) DO UPDATE SET ${ownerTable.overwrites}`;
const FORGET_OLD = "DELETE FROM resource_owners WHERE seen_at < ?";
/** The oldest beyond the count. */
const FORGET_BEYOND =
  "DELETE FROM resource_owners WHERE id IN " +
  "(SELECT id FROM resource_owners ORDER BY seen_at DESC, id LIMIT -1 OFFSET ?)";

export function createResourceOwners(sql: Sql, turns: Turns): Storage["resourceOwners"] {
  return {
    async find(id, notBefore) {
      const row = sql.get(FIND, id, notBefore);
      return row === null ? null : ownerTable.decode(row);
    },
    async write(list) {
      await turns.take(() =>
        sql.batch(() => {
          for (const owner of list) sql.run(WRITE, ...ownerTable.encode(owner));
        }),
      );
    },
    async forget(notBefore, most) {
      await turns.take(() =>
        sql.batch(() => {
          sql.run(FORGET_OLD, notBefore);
          sql.run(FORGET_BEYOND, most);
        }),
      );
    },
  };
}

/** Within a transaction. One that is known already is left as it is. */
export function insertOwner(sql: Sql, owner: ResourceOwner): void {
  const text = `INSERT INTO resource_owners (${ownerTable.columns}) VALUES (${ownerTable.placeholders}) ON CONFLICT DO NOTHING`;
  sql.run(text, ...ownerTable.encode(owner));
}
