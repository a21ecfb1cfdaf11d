import { NotFoundError, type Prompt } from "../types.ts";
import { conflictsAs, type Sql } from "./database.ts";
import { defineTable, json, plain, whole } from "./table.ts";
import type { Storage } from "./types.ts";

const table = defineTable<Prompt>("prompts", {
  id: plain(),
  name: plain(),
  text: plain(),
  system: plain(),
  model: plain(),
  parameters: json<Record<string, unknown>>(),
  createdAt: whole(),
  lastUsedAt: whole<number | null>(),
});
const TAKEN = "A saved prompt of this name is there already.";
const GONE = "There is no such saved prompt.";

export function createPrompts(sql: Sql): Storage["prompts"] {
  return {
    async list() {
      return sql
        .all(`SELECT ${table.columns} FROM prompts ORDER BY name COLLATE NOCASE, id`)
        .map(table.decode);
    },
    async get(id) {
      const row = sql.get(`SELECT ${table.columns} FROM prompts WHERE id = ?`, id);
      return row === null ? null : table.decode(row);
    },
    async insert(prompt) {
      sql.write(() =>
        conflictsAs({ unique: TAKEN }, () => {
          sql.run(
            `INSERT INTO prompts (${table.columns}) VALUES (${table.placeholders})`,
            ...table.encode(prompt),
          );
        }),
      );
    },
    async update(prompt) {
      sql.write(() =>
        conflictsAs({ unique: TAKEN }, () => {
          const changed = sql.run(
            `UPDATE prompts SET ${table.assignments} WHERE id = ?`,
            ...table.encode(prompt),
            prompt.id,
          );
          if (changed === 0) throw new NotFoundError(GONE);
        }),
      );
    },
    async delete(id) {
      sql.write(() => {
        if (sql.run("DELETE FROM prompts WHERE id = ?", id) === 0) throw new NotFoundError(GONE);
      });
    },
  };
}
