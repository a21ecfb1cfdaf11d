import { Reader } from "./reader.ts";
import type { DataReader } from "./types.ts";

/** Some ms of reading, so that what is sent follows closely. */
const ROWS_A_SLICE = 500;
/** Copying a database of many GB takes minutes. */
const LONGEST_CALL_MS = 3_600_000;

/** Also beside a running server: readers and the writer don't wait for each other. @param path the database's. */
export function openDataReader(path: string): DataReader {
  const reader = new Reader(path, LONGEST_CALL_MS);
  return {
    config: () => reader.call("readConfig"),
    ends: () => reader.call("exportEnds"),
    rows: (list, after, end) => reader.call("exportRows", list, after, end, ROWS_A_SLICE),
    copyTo: (path) => reader.call("copyDatabase", path),
    close: () => reader.close(),
  };
}
