import { type RequestRecord, StorageError } from "../types.ts";
import type { Sql } from "./database.ts";
import { writeFact } from "./facts.ts";
import { insertKeyEvent } from "./key-events.ts";
import { writeKeyState, writeRotation } from "./key-states.ts";
import { insertKey } from "./keys.ts";
import { insertPool } from "./pools.ts";
import { RequestWriter } from "./request-logs.ts";
import { addAtOnce } from "./request-values.ts";
import { insertOwner } from "./resource-owners.ts";
import { insertStatistic, type Rollups } from "./rollups.ts";
import { writeSettings } from "./settings.ts";
import { ThinnedDays } from "./thinned-days.ts";
import type { Load, TakeInOptions, TakenIn } from "./types.ts";
import { insertUpstream, updateUpstream } from "./upstreams.ts";

const REQUESTS_A_BATCH = 2_000;

interface TakeInParts {
  sql: Sql;
  requests: RequestWriter;
  rollups: Rollups;
}

/** Ends a dry run: its transaction is rolled back. */
class Enough extends Error {}

/** See `Storage.takeIn`. */
export function takeIn(
  { sql, requests, rollups }: TakeInParts,
  load: Load,
  { dayOf, now, dryRun = false, progress }: TakeInOptions,
): TakenIn {
  const counts = { added: 0, present: 0, countedBefore: 0 };
  const thinned = new ThinnedDays(sql);
  const takeBatch = (writer: RequestWriter, batch: RequestRecord[]) => {
    const isCounted = new Set(batch.filter(({ startedAt }) => thinned.has(startedAt)));
    const { stored: added, values } = writer.write(batch, (items, write) => items.forEach(write));
    addAtOnce(sql, values);
    const uncounted = added.filter((request) => !isCounted.has(request));
    if (load.statistics !== "taken") {
      rollups.addPast(uncounted, dayOf, now);
      counts.countedBefore += added.length - uncounted.length;
    }
    counts.added += added.length;
    counts.present += batch.length - added.length;
  };
  const takeRows = ({ rows = [], statistics }: Load) => {
    // In the order of the file, so that rows of one moment stay in theirs.
    const ordered = new RequestWriter(sql, "in order");
    let batch: RequestRecord[] = [];
    const flush = () => {
      takeBatch(ordered, batch);
      batch = [];
    };
    let done = 0;
    for (const row of rows) {
      done += 1;
      if (row.list === "requests") batch.push(row.item);
      else if (row.list === "key_events") insertKeyEvent(sql, row.item);
      else if (row.list === "resource_owners") insertOwner(sql, row.item);
      else if (statistics === "taken") insertStatistic(sql, row.item);
      if (batch.length >= REQUESTS_A_BATCH) flush();
      if (done % REQUESTS_A_BATCH === 0) progress?.(done);
    }
    flush();
    progress?.(done);
  };
  try {
    sql.write(() => {
      for (const id of load.removedUpstreams ?? []) sql.run("DELETE FROM upstreams WHERE id = ?", id);
      for (const upstream of load.upstreams) insertUpstream(sql, upstream);
      if (load.defaultUpstream !== null) updateUpstream(sql, load.defaultUpstream);
      writeSettings(sql, load.settings);
      for (const [name, value] of Object.entries(load.facts)) writeFact(sql, name, value);
      for (const pool of load.pools) insertPool(sql, pool);
      for (const key of load.keys) insertKey(sql, key);
      for (const state of load.keyStates) writeKeyState(sql, state);
      for (const event of load.keyEvents) insertKeyEvent(sql, event);
      for (const batch of inBatches(load.requests)) {
        takeBatch(requests, batch);
        progress?.(counts.added + counts.present);
      }
      for (const rotation of load.rotations ?? []) writeRotation(sql, rotation);
      takeRows(load);
      if (dryRun) throw new Enough();
    });
  } catch (error) {
    rollups.forgetNames();
    if (error instanceof StorageError) throw new StorageError(`${error.message} Nothing was taken in.`);
    if (!(error instanceof Enough)) throw error;
  }
  return counts;
}

function* inBatches(requests: Iterable<RequestRecord>): Generator<RequestRecord[]> {
  let batch: RequestRecord[] = [];
  for (const request of requests) {
    batch.push(request);
    if (batch.length < REQUESTS_A_BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
