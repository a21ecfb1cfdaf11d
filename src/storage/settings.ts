import type { Sql } from "./database.ts";
import { insertKeyEvent } from "./key-events.ts";
import type { Storage } from "./types.ts";
import { updateUpstream } from "./upstreams.ts";

export function createSettingsTable(sql: Sql): Storage["settings"] {
  return {
    async all() {
      const rows = sql.all("SELECT name, value FROM settings");
      return Object.fromEntries(rows.map((row) => [String(row.name), readValue(String(row.value))]));
    },
    async write(patch, event, upstream) {
      sql.write(() => {
        writeSettings(sql, patch);
        if (upstream !== undefined) updateUpstream(sql, upstream);
        if (event !== null) insertKeyEvent(sql, event);
      });
    },
  };
}

/** Within a transaction; `null` removes one. */
export function writeSettings(sql: Sql, patch: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) sql.run("DELETE FROM settings WHERE name = ?", name);
    else writeValue(sql, name, JSON.stringify(value));
  }
}

function writeValue(sql: Sql, name: string, value: string): void {
  const text =
    "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
  sql.run(text, name, value);
}

/** Text that somebody wrote by hand and that is no JSON is handed on: the settings' own check refuses it by name. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
