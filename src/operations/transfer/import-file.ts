import { closeSync, openSync, readSync, statSync } from "node:fs";
import { FORMAT_NAME, FORMAT_VERSION, LIST_SCHEMAS, type ListName } from "../../storage/transfer-schema.ts";
import type { LoadRow, LongList } from "../../storage/types.ts";
import { type Json, Wires } from "../../storage/wire.ts";
import { InputError } from "../../types.ts";
import { type JsonPiece, JsonPieces, type JsonShape } from "./json-pieces.ts";

const CHUNK_BYTES = 256 * 1024;
const LOOK_BYTES = 64 * 1024;
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const LONG_LISTS: readonly string[] = ["resource_owners", "key_events", "statistics", "requests"];
const SHAPE: JsonShape = {
  objects: new Set(["data"]),
  lists: new Set([...Object.keys(LIST_SCHEMAS), "data.api_keys", "data.request_logs"]),
};

/** `document`: a full export of this program or the earlier one; `lines`: requests, one a line; `keys`: the rest. */
export type ImportForm = "document" | "lines" | "keys";

/** A value of a file with its place: `keys`, row 3. */
export type ImportPiece = JsonPiece;

export function placeOf({ path, row }: ImportPiece): string {
  if (row === null) return path;
  return path === "" ? `row ${row}` : `${path}, row ${row}`;
}

/** What a file is, by how it begins. @throws InputError where it is empty. */
export function formOf(path: string): ImportForm {
  const start = withoutMark(readStart(path)).toString("utf8").trimStart();
  if (start === "") throw refused("it is empty");
  if (!start.startsWith("{")) return "keys";
  try {
    const value = JSON.parse(start.split("\n", 1)[0] ?? "") as object;
    return "startedAt" in value || "started_at" in value ? "lines" : "document";
  } catch {
    return "document";
  }
}

/** The pieces of a file, chunk by chunk, so that whoever reads may rest between them. Memory holds one chunk. */
export function* piecesOf(
  path: string,
  form: ImportForm,
  onRead?: (bytes: number) => void,
): Generator<ImportPiece[]> {
  const reader = form === "lines" ? linesReader() : documentReader();
  let done = 0;
  for (const chunk of chunksOf(path)) {
    yield reader.push(done === 0 ? withoutMark(chunk) : chunk);
    done += chunk.length;
    onRead?.(done);
  }
  yield reader.end();
}

/** Checks and decodes rows of this program's own form. */
export class RowReader {
  readonly #wires = new Wires();

  /** What is wrong with a piece, by field; empty where it is good. @throws InputError for a file of another form. */
  problems(piece: ImportPiece): Record<string, string> {
    const { path, row, value } = piece;
    if (path === "format" && value !== FORMAT_NAME)
      throw refused(`its format is not "${FORMAT_NAME}": this is no export of this program`);
    if (path === "version" && value !== FORMAT_VERSION)
      throw refused(
        `it has version ${String(JSON.stringify(value)).slice(0, 20)}, and this program reads version ${FORMAT_VERSION}`,
      );
    if (HEAD.has(path)) return {};
    if (!Object.hasOwn(LIST_SCHEMAS, path) || row === null)
      return { [path.slice(0, 60)]: "there is no such list" };
    return this.#wires.of(path as ListName).problems(value);
  }

  decode(list: ListName, value: unknown): Json {
    return this.#wires.of(list).decode(value);
  }

  /** Null: it is a part of the configuration. @param piece without problems. */
  longRow({ path, value }: ImportPiece): LoadRow | null {
    if (!LONG_LISTS.includes(path)) return null;
    return { list: path as LongList, item: this.decode(path as ListName, value) } as unknown as LoadRow;
  }

  /** A request of an archive as it stands in an export. */
  ofArchive(value: object): Json {
    return this.#wires.of("requests").encode(value);
  }
}

const HEAD = new Set(["format", "version", "program", "exported_at", "secrets", "settings"]);

interface PieceReader {
  push(chunk: Buffer): ImportPiece[];
  end(): ImportPiece[];
}

function documentReader(): PieceReader {
  const pieces = new JsonPieces(SHAPE);
  return {
    push: (chunk) => [...pieces.push(chunk)],
    end() {
      pieces.end();
      return [];
    },
  };
}

/** Lines of an archive (as in memory) or of the log's own export (as in a full export). */
function linesReader(): PieceReader {
  const rows = new RowReader();
  let rest: Buffer = Buffer.alloc(0);
  let row = 0;
  const read = (line: Buffer): ImportPiece[] => {
    row += 1;
    const text = line.toString("utf8").trim();
    if (text === "") return [];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw refused(`this is no JSON (row ${row})`);
    }
    const isArchive = typeof value === "object" && value !== null && "startedAt" in value;
    return [{ path: "requests", row, value: isArchive ? rows.ofArchive(value as object) : value }];
  };
  return {
    push(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const found: ImportPiece[] = [];
      let from = 0;
      for (let end = bytes.indexOf(0x0a, from); end !== -1; end = bytes.indexOf(0x0a, from)) {
        found.push(...read(bytes.subarray(from, end)));
        from = end + 1;
      }
      rest = bytes.subarray(from);
      if (rest.length > MAX_LINE_BYTES) throw refused(`a line has more than ${MAX_LINE_BYTES} bytes`);
      return found;
    },
    end: () => (rest.length === 0 ? [] : read(rest)),
  };
}

function* chunksOf(path: string): Generator<Buffer> {
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(descriptor, chunk);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(descriptor);
  }
}

function readStart(path: string): Buffer {
  const descriptor = openSync(path, "r");
  try {
    const start = Buffer.alloc(Math.min(LOOK_BYTES, statSync(path).size));
    return start.subarray(0, readSync(descriptor, start));
  } finally {
    closeSync(descriptor);
  }
}

/** Without the byte order mark that some editors write. */
function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

export function refused(problem: string): InputError {
  return new InputError(`The file cannot be imported: ${problem}.`, { file: problem });
}
