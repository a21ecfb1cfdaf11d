import { closeSync, createReadStream, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createZstdDecompress } from "node:zlib";
import type { RequestRecord } from "../types.ts";
import type { Sql } from "./database.ts";
import { momentOf, placeOf } from "./log-position.ts";
import { RequestWriter, requestColumns, withAttempts } from "./request-logs.ts";
import type { ArchivedChunk, RestoredChunk } from "./types.ts";

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

/** Reads an archive in again, some lines at a time, so that memory holds no more than those. */
export class ArchiveReader {
  readonly #lines: AsyncIterator<string>;
  readonly #writer: RequestWriter;

  constructor(
    private readonly sql: Sql,
    path: string,
  ) {
    this.#lines = linesOf(path);
    this.#writer = new RequestWriter(sql);
  }

  /** Adds the requests of the next `rows` lines; those that are in the log already are left as they are. */
  async next(rows: number): Promise<RestoredChunk> {
    const records: RequestRecord[] = [];
    let isDone = false;
    while (records.length < rows && !isDone) {
      const line = await this.#lines.next();
      isDone = line.done === true;
      if (!isDone && line.value !== "") records.push(JSON.parse(line.value) as RequestRecord);
    }
    const added = this.sql.batch(() => records.filter((record) => this.#writer.insert(record)).length);
    return { added, skipped: records.length - added, isDone };
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text = file.pipe(createZstdDecompress());
  // The runtime's iteration over a stream may go on waiting after an error.
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  file.on("error", failed.reject);
  text.on("error", failed.reject);
  const chunks = text[Symbol.asyncIterator]();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await Promise.race([chunks.next(), failed.promise]);
    if (done === true) break;
    const lines = (rest + decoder.decode(value as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
