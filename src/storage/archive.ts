import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "./database.ts";
import { momentOf, placeOf } from "./log-position.ts";
import { requestColumns, withAttempts } from "./request-logs.ts";
import type { ArchivedChunk } from "./types.ts";

const DAY_MS = 86_400_000;
const ROWS_A_CHUNK = 1_000;

/**
 * Appends requests that began before `before` and from `from` on (places) to the archive of their day in UTC,
 * `requests-YYYY-MM-DD.jsonl.zst` in `folder`: a frame of its own for each chunk, which every zstd reader takes as one
 * file. Nothing is deleted; the chunk is on the disk when this returns.
 */
export function archiveChunk(sql: Sql, folder: string, from: number, before: number): ArchivedChunk | null {
  const first = sql.get(
    "SELECT row_id AS place FROM requests WHERE row_id >= ? AND row_id < ? ORDER BY row_id LIMIT 1",
    from,
    placeOf(before),
  );
  if (first === null) return null;
  const day = Math.floor(momentOf(Number(first.place)) / DAY_MS) * DAY_MS;
  const rows = sql.all(
    `SELECT r.row_id AS place, ${requestColumns} FROM requests r WHERE r.row_id >= ? AND r.row_id < ? ORDER BY r.row_id LIMIT ?`,
    Number(first.place),
    Math.min(placeOf(before), placeOf(day + DAY_MS)),
    ROWS_A_CHUNK,
  );
  const lines = withAttempts(sql, rows).map((request) => `${JSON.stringify(request)}\n`);
  const file = `requests-${new Date(day).toISOString().slice(0, 10)}.jsonl.zst`;
  append(folder, file, Bun.zstdCompressSync(Buffer.from(lines.join(""))));
  return { file, rows: rows.length, next: Number(rows.at(-1)!.place) + 1 };
}

function append(folder: string, file: string, bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const descriptor = openSync(join(folder, file), "a", 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
