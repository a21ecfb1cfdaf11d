import { type Key, type KeyEvent, NotFoundError } from "../types.ts";
import { conflictsAs, type Sql } from "./database.ts";
import { insertKeyEvent } from "./key-events.ts";
import { readKeyStates } from "./key-states.ts";
import { type Codecs, defineTable, flag, json, plain, whole } from "./table.ts";
import type { Durability, Storage, StoredKey } from "./types.ts";

const codecs: Codecs<Key> = {
  id: plain(),
  name: plain(),
  maskedSecret: plain(),
  poolId: plain<string | null>(),
  upstreamId: plain(),
  tags: json<string[]>(),
  weight: plain(),
  priority: whole(),
  enabled: flag,
  dailyLimit: whole<number | null>(),
  rpmLimit: whole<number | null>(),
  tpmLimit: whole<number | null>(),
  maxConcurrency: whole<number | null>(),
  createdAt: whole(),
};
const keyTable = defineTable<Key>("keys", codecs);
const storedKeyTable = defineTable<StoredKey>("keys", {
  ...codecs,
  sealedSecret: plain<Uint8Array>(),
  fingerprint: plain(),
});
const CONFLICTS = {
  unique: "This key is at its upstream already.",
  reference: "The key names a pool or an upstream that does not exist.",
};

export function createKeys(sql: Sql): Storage["keys"] {
  function writeAll<Item>(
    items: Item[],
    events: KeyEvent[],
    durability: Durability | undefined,
    writeOne: (item: Item) => void,
  ): void {
    const write = () => {
      conflictsAs(CONFLICTS, () => items.forEach(writeOne));
      for (const event of events) insertKeyEvent(sql, event);
    };
    if (durability === "later") sql.batch(write);
    else sql.write(write);
  }
  return {
    async list() {
      return sql
        .all(`SELECT ${storedKeyTable.columns} FROM keys ORDER BY created_at, id`)
        .map(storedKeyTable.decode);
    },
    async insert(keys, events, durability) {
      writeAll(keys, events, durability, (key) => insertKey(sql, key));
    },
    async update(keys, events, durability) {
      writeAll(keys, events, durability, (key) => {
        const { assignments } = "sealedSecret" in key ? storedKeyTable : keyTable;
        const values = "sealedSecret" in key ? storedKeyTable.encode(key) : keyTable.encode(key);
        mustHaveChanged(sql.run(`UPDATE keys SET ${assignments} WHERE id = ?`, ...values, key.id));
      });
    },
    async delete(ids, events, durability) {
      const text = "DELETE FROM keys WHERE id = ?";
      writeAll(ids, events, durability, (id) => mustHaveChanged(sql.run(text, id)));
    },
    async findByFingerprint(fingerprints) {
      const rows = sql.all(
        "SELECT fingerprint, id FROM keys WHERE fingerprint IN (SELECT value FROM json_each(?))",
        JSON.stringify(fingerprints),
      );
      return new Map(rows.map((row) => [String(row.fingerprint), String(row.id)]));
    },
    async states() {
      return readKeyStates(sql);
    },
  };
}

/** Within a transaction. */
export function insertKey(sql: Sql, key: StoredKey): void {
  const text = `INSERT INTO keys (${storedKeyTable.columns}) VALUES (${storedKeyTable.placeholders})`;
  conflictsAs(CONFLICTS, () => void sql.run(text, ...storedKeyTable.encode(key)));
}

function mustHaveChanged(rows: number): void {
  if (rows === 0) throw new NotFoundError("There is no such key.");
}
