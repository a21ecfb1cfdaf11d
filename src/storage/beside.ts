import { resolve } from "node:path";
import { firstProblem, openDatabaseBeside } from "./database.ts";
import { createFacts } from "./facts.ts";
import { insertKeyEvent } from "./key-events.ts";
import { createKeys } from "./keys.ts";
import { createSessions } from "./sessions.ts";
import { createSettingsTable } from "./settings.ts";
import type { Storage } from "./types.ts";
import { createUpstreams } from "./upstreams.ts";

/** As much of storage as is safe beside a running server: small reads, small writes that it reads afresh. */
export interface StorageBeside {
  facts: Storage["facts"];
  sessions: Storage["sessions"];
  settings: Pick<Storage["settings"], "all">;
  upstreams: Pick<Storage["upstreams"], "list">;
  keys: Pick<Storage["keys"], "list">;
  keyEvents: Pick<Storage["keyEvents"], "insert">;
  /** What SQLite's own check finds wrong; null: nothing. Reads the whole file. */
  firstProblem(): string | null;
  close(): void;
}

/** @throws StartError where there is no database, it is damaged, or of another schema than this program's. */
export function openStorageBeside(path: string, mode: "read" | "write"): StorageBeside {
  const sql = openDatabaseBeside(resolve(path), mode);
  return {
    facts: createFacts(sql),
    sessions: createSessions(sql),
    settings: createSettingsTable(sql),
    upstreams: createUpstreams(sql),
    keys: createKeys(sql),
    keyEvents: {
      async insert(event) {
        sql.write(() => insertKeyEvent(sql, event));
      },
    },
    firstProblem: () => firstProblem(sql),
    close: () => sql.close(),
  };
}
