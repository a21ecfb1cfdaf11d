import type { Sql } from "./database.ts";
import { defineTable, plain, whole } from "./table.ts";
import type { Session, Storage } from "./types.ts";

const table = defineTable<Session>("sessions", {
  id: plain(),
  createdAt: whole(),
  lastSeenAt: whole(),
  expiresAt: whole(),
  address: plain(),
  userAgent: plain(),
});

export function createSessions(sql: Sql): Storage["sessions"] {
  return {
    async insert(session) {
      const text = `INSERT INTO sessions (${table.columns}) VALUES (${table.placeholders})`;
      sql.write(() => sql.run(text, ...table.encode(session)));
    },
    async get(id) {
      const row = sql.get(`SELECT ${table.columns} FROM sessions WHERE id = ?`, id);
      return row === null ? null : table.decode(row);
    },
    async list() {
      return sql
        .all(`SELECT ${table.columns} FROM sessions ORDER BY last_seen_at DESC, id`)
        .map(table.decode);
    },
    async touch(id, lastSeenAt) {
      // Losing this to a power cut harms nobody: not worth waiting for the disk at each page.
      sql.batch(() =>
        sql.run("UPDATE sessions SET last_seen_at = ? WHERE id = ?", Math.round(lastSeenAt), id),
      );
    },
    async delete(id) {
      sql.write(() => sql.run("DELETE FROM sessions WHERE id = ?", id));
    },
    async deleteAll() {
      sql.write(() => sql.run("DELETE FROM sessions"));
    },
    async deleteExpired(now) {
      sql.write(() => sql.run("DELETE FROM sessions WHERE expires_at <= ?", Math.round(now)));
    },
  };
}
