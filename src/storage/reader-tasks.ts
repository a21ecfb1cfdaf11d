import { archiveChunk } from "./archive.ts";
import { copyDatabase } from "./backup.ts";
import type { Sql } from "./database.ts";
import { exportEnds, exportRows, readConfig } from "./export-rows.ts";
import { readFacets } from "./facets.ts";
import { listKeyEvents } from "./key-events.ts";
import { indexTexts } from "./log-texts.ts";
import { listRequests } from "./request-query.ts";
import { indexValues } from "./request-values.ts";
import {
  checkpoint,
  countRequests,
  deleteKeyEvents,
  deleteRequests,
  giveBackPages,
  readFacts,
} from "./retention.ts";
import { makeBlock } from "./rollup-blocks.ts";
import { readGroups, readPoints, readSeries } from "./rollup-read.ts";
import type {
  ExportCursor,
  LogBound,
  LogQuery,
  LongList,
  RollupGroupQuery,
  RollupPointsQuery,
  RollupSeriesQuery,
} from "./types.ts";
import { Wires } from "./wire.ts";

/** THE table of what the storage worker does; arguments and results are copied between the threads. */
export function createReaderTasks(sql: Sql) {
  const wires = new Wires();
  return {
    listRequests: (query: LogQuery) => listRequests(sql, query),
    listKeyEvents: (query: LogQuery) => listKeyEvents(sql, query),
    readFacets: (from: number, to: number) => readFacets(sql, from, to),
    readFacts: () => readFacts(sql),
    readRollupSeries: (query: RollupSeriesQuery) => readSeries(sql, query),
    readRollupPoints: (query: RollupPointsQuery) => readPoints(sql, query),
    readRollupGroups: (query: RollupGroupQuery) => readGroups(sql, query),
    makeBlock: (now: number) => makeBlock(sql, now),
    countRequests: (before: number) => countRequests(sql, before),
    indexTexts: () => indexTexts(sql),
    indexValues: () => indexValues(sql),
    checkpoint: () => checkpoint(sql),
    deleteRequests: (before: LogBound, rows: number) => deleteRequests(sql, before, rows),
    deleteKeyEvents: (before: number, rows: number) => deleteKeyEvents(sql, before, rows),
    giveBackPages: (pages: number) => giveBackPages(sql, pages),
    archiveChunk: (folder: string, from: number, before: number) => archiveChunk(sql, folder, from, before),
    readConfig: () => readConfig(sql),
    exportEnds: () => exportEnds(sql),
    exportRows: (list: LongList, after: ExportCursor | null, end: number | null, rows: number) =>
      exportRows(sql, wires, list, after, end, rows),
    copyDatabase: (path: string) => copyDatabase(sql, path),
  };
}

export type ReaderTasks = ReturnType<typeof createReaderTasks>;
export type TaskName = keyof ReaderTasks;

/** To the worker; the first message is its database's path. */
export interface TaskCall {
  id: number;
  name: TaskName;
  args: unknown[];
}

/** From the worker. */
export type TaskAnswer =
  | { id: number; value: unknown }
  | { id: number; error: { message: string; fields: Record<string, string> | null } };
