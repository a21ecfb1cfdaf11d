import { SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { openDataReader } from "./data-reader.ts";
import { openDatabase } from "./database.ts";
import { createFacts, writeFact } from "./facts.ts";
import { insertKeyEvent } from "./key-events.ts";
import { readRotations, writeKeyState, writeRotation } from "./key-states.ts";
import { createKeys } from "./keys.ts";
import { createMaintenance } from "./maintenance.ts";
import { createPools } from "./pools.ts";
import { createPrompts } from "./prompts.ts";
import { Reader } from "./reader.ts";
import { RequestWriter, readRequest } from "./request-logs.ts";
import { addWaiting } from "./request-values.ts";
import { createResourceOwners } from "./resource-owners.ts";
import { Rollups } from "./rollups.ts";
import { createSessions } from "./sessions.ts";
import { createSettingsTable } from "./settings.ts";
import { takeIn } from "./take-in.ts";
import { Turns } from "./turns.ts";
import type { Storage } from "./types.ts";
import { createUpstreams } from "./upstreams.ts";

export { prepareDataFolder } from "./data-folder.ts";
export { lockDataFolder } from "./folder-lock.ts";

const WRITE_CHECK_FACT = "last_write_check";

/**
 * Opens the database at `path`, makes it where it is missing.
 * @throws StartError where it is damaged, of a newer version, or cannot be opened; then nothing was changed.
 */
export async function openStorage(options: {
  path: string;
  clock: Clock;
  logger?: Logger;
}): Promise<Storage> {
  const { clock, logger } = options;
  const path = resolve(options.path);
  const started = clock.monotonic();
  const sql = openDatabase(path);
  const file = statSync(path).ino;
  logger?.debug("database opened", { path, duration_ms: Math.round(clock.monotonic() - started) });
  const turns = new Turns();
  const reader = new Reader(path);
  const requests = new RequestWriter(sql);
  const rollups = new Rollups(sql, turns, {
    series: (query) => reader.call("readRollupSeries", query),
    groups: (query) => reader.call("readRollupGroups", query),
    points: (query) => reader.call("readRollupPoints", query),
    makeBlock: (now) => reader.call("makeBlock", now),
  });
  return {
    upstreams: createUpstreams(sql),
    pools: createPools(sql),
    keys: createKeys(sql),
    prompts: createPrompts(sql),
    settings: createSettingsTable(sql),
    facts: createFacts(sql),
    sessions: createSessions(sql),
    requestLogs: {
      list: (query) => reader.call("listRequests", query),
      async get(id) {
        return readRequest(sql, id);
      },
      facets: (from, to) => reader.call("readFacets", from, to),
    },
    rollups,
    keyEvents: {
      async insert(event) {
        sql.write(() => insertKeyEvent(sql, event));
      },
      list: (query) => reader.call("listKeyEvents", query),
    },
    resourceOwners: createResourceOwners(sql, turns),
    maintenance: createMaintenance(reader, turns),
    openDataReader: () => openDataReader(path),
    async rotations() {
      return readRotations(sql);
    },
    async writeBatch(batch) {
      const refusals: string[] = [];
      const each = <Item>(items: readonly Item[], write: (item: Item) => void) =>
        writeEach(items, write, refusals);
      await turns.take(() => {
        const countInMemory = sql.batch(() => {
          const { stored, values } = requests.write(batch.requests, each);
          addWaiting(sql, values);
          each(batch.keyStates, (state) => writeKeyState(sql, state));
          each(batch.keyEvents, (event) => insertKeyEvent(sql, event));
          each(batch.rotations, (rotation) => writeRotation(sql, rotation));
          return rollups.add(stored);
        });
        countInMemory();
      });
      if (refusals.length > 0)
        logger?.error("rows could not be stored", { count: refusals.length, first: refusals[0] });
    },
    takeIn: (load, options) => turns.take(() => takeIn({ sql, requests, rollups }, load, options)),
    engine: `SQLite ${sql.get("SELECT sqlite_version() AS version")?.version}`,
    async checkWritable() {
      checkFile(path, file);
      await turns.take(() => sql.batch(() => writeFact(sql, WRITE_CHECK_FACT, String(clock.now()))));
    },
    close() {
      void reader.close();
      sql.close();
    },
  };
}

/** A row that the schema refuses is a fault of this program: it is left out, or it would fail every batch to come. */
function writeEach<Item>(items: readonly Item[], write: (item: Item) => void, refusals: string[]): void {
  for (const item of items) {
    try {
      write(item);
    } catch (error) {
      const isRefusal = error instanceof SQLiteError && error.code?.startsWith("SQLITE_CONSTRAINT");
      if (!isRefusal) throw error;
      refusals.push(error.message);
    }
  }
}

/** What is written into a deleted file is lost though every write succeeds. */
function checkFile(path: string, inode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.ino !== inode)
    throw new Error(`The database file ${path} was deleted or replaced while in use.`);
}
