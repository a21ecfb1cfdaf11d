import { isUtf8 } from "node:buffer";
import { InputError } from "../../types.ts";

/** No single value of a file is larger: an entry of a list, or a list that is taken whole. */
const MAX_VALUE_BYTES = 16 * 1024 * 1024;
const MAX_NAME_BYTES = 200;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** One value of a document, with its place: the names that lead to it, and its number in a list (from 1). */
export interface JsonPiece {
  /** `keys`, `data.api_keys`; "" for the entries of a document that is a list. */
  path: string;
  row: number | null;
  value: unknown;
}

/** Which values are not taken whole: objects are entered, of lists each entry comes by itself. */
export interface JsonShape {
  objects: ReadonlySet<string>;
  lists: ReadonlySet<string>;
}

interface Frame {
  path: string;
  isList: boolean;
  /** Entries so far. */
  rows: number;
  names: Set<string>;
  /** Of the member whose value comes next. */
  name: string;
  expects: "entry or end" | "entry" | "colon" | "value" | "comma or end";
}

/**
 * Takes a JSON document of any size apart into values that `JSON.parse` reads one by one: some ten times as fast as
 * parsers that go token by token, and memory holds one value at a time.
 */
export class JsonPieces {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #before = 0;
  readonly #frames: Frame[] = [];
  #isDone = false;
  /** Where the search for the end of the value at `#at` stands. */
  #end = { at: 0, depth: 0, isText: false };

  constructor(private readonly shape: JsonShape) {}

  /** @throws InputError with the place where the document is no JSON, or holds a value that is too large. */
  *push(chunk: Uint8Array): Generator<JsonPiece> {
    const rest = this.#bytes.subarray(this.#at);
    this.#before += this.#at;
    this.#end.at = Math.max(0, this.#end.at - this.#at);
    this.#at = 0;
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#bytes = rest.length === 0 ? view : Buffer.concat([rest, view]);
    for (let step = this.#step(); step !== "more"; step = this.#step()) if (step !== null) yield step;
    if (this.#bytes.length - this.#at > MAX_VALUE_BYTES)
      throw this.#fault(`one value has more than ${MAX_VALUE_BYTES} bytes`);
  }

  /** @throws InputError where the document is not at its end. */
  end(): void {
    if (!this.#isDone) throw this.#fault("the file ends in the middle");
  }

  /** One step on: a value that came to its end, null for what is between values, "more" where bytes are missing. */
  #step(): JsonPiece | null | "more" {
    if (!this.#skipBlanks()) return "more";
    const byte = this.#bytes[this.#at] as number;
    const frame = this.#frames.at(-1);
    if (frame === undefined) return this.#begin(byte);
    switch (frame.expects) {
      case "comma or end":
        if (byte === COMMA) return this.#on(frame, "entry");
        if (byte === (frame.isList ? CLOSE_LIST : CLOSE_OBJECT)) return this.#close();
        throw this.#fault("a comma or an end is missing");
      case "colon":
        if (byte !== COLON) throw this.#fault("a colon is missing");
        return this.#on(frame, "value");
      case "entry or end":
        if (byte === (frame.isList ? CLOSE_LIST : CLOSE_OBJECT)) return this.#close();
        return frame.isList ? this.#value(frame, byte) : this.#name(frame, byte);
      case "entry":
        return frame.isList ? this.#value(frame, byte) : this.#name(frame, byte);
      case "value":
        return this.#value(frame, byte);
    }
  }

  #begin(byte: number): null {
    if (this.#isDone) throw this.#fault("something follows the end");
    if (byte !== OPEN_OBJECT && byte !== OPEN_LIST) throw this.#fault("it begins with neither { nor [");
    return this.#open("", byte === OPEN_LIST);
  }

  #open(path: string, isList: boolean): null {
    this.#at += 1;
    this.#frames.push({ path, isList, rows: 0, names: new Set(), name: "", expects: "entry or end" });
    return null;
  }

  #close(): null {
    this.#at += 1;
    this.#frames.pop();
    this.#isDone = this.#frames.length === 0;
    return null;
  }

  #on(frame: Frame, expects: Frame["expects"]): null {
    this.#at += 1;
    frame.expects = expects;
    return null;
  }

  #name(frame: Frame, byte: number): null | "more" {
    if (byte !== QUOTE) throw this.#fault("a name in quotes is missing");
    const end = this.#endOfValue();
    if (end === null) return "more";
    if (end - this.#at > MAX_NAME_BYTES) throw this.#fault("a name is too long");
    frame.name = String(this.#parse(end));
    if (frame.names.has(frame.name)) throw this.#fault(`"${frame.name}" occurs twice`);
    frame.names.add(frame.name);
    frame.expects = "colon";
    return null;
  }

  #value(frame: Frame, byte: number): JsonPiece | null | "more" {
    const path = frame.isList ? frame.path : frame.path === "" ? frame.name : `${frame.path}.${frame.name}`;
    if (!frame.isList) {
      const isList = byte === OPEN_LIST && this.shape.lists.has(path);
      if (isList || (byte === OPEN_OBJECT && this.shape.objects.has(path))) {
        frame.expects = "comma or end";
        return this.#open(path, isList);
      }
    }
    const end = this.#endOfValue();
    if (end === null) return "more";
    const value = this.#parse(end);
    frame.rows += 1;
    frame.expects = "comma or end";
    return { path, row: frame.isList ? frame.rows : null, value };
  }

  #parse(end: number): unknown {
    const part = this.#bytes.subarray(this.#at, end);
    if (!isUtf8(part)) throw this.#fault("it is not UTF-8 text");
    try {
      const value: unknown = JSON.parse(part.toString("utf8"));
      this.#at = end;
      return value;
    } catch {
      throw this.#fault("this is no JSON");
    }
  }

  /** The place behind the value that begins at `#at`; null where it has not come yet. Goes on where it stood. */
  #endOfValue(): number | null {
    const bytes = this.#bytes;
    const scan = this.#end;
    if (scan.at <= this.#at) this.#end = { at: this.#at, depth: 0, isText: false };
    let { at, depth, isText } = this.#end;
    const isScalar = depth === 0 && !isText && isScalarByte(bytes[this.#at] as number);
    while (at < bytes.length) {
      const byte = bytes[at] as number;
      if (isText) {
        const quote = bytes.indexOf(QUOTE, at);
        at = quote === -1 ? bytes.length : quote + 1;
        if (quote === -1 || isEscaped(bytes, quote, this.#at)) continue;
        isText = false;
        if (depth === 0) return this.#found(at);
        continue;
      }
      if (isScalar) {
        if (isScalarByte(byte)) at += 1;
        else return this.#found(at);
        continue;
      }
      at += 1;
      if (byte === QUOTE) isText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth -= 1;
        if (depth <= 0) return this.#found(at);
      } else if (depth === 0) throw this.#fault("a value is missing");
    }
    this.#end = isScalar ? { at: this.#at, depth: 0, isText: false } : { at, depth, isText };
    return null;
  }

  #found(end: number): number {
    this.#end = { at: 0, depth: 0, isText: false };
    return end;
  }

  #skipBlanks(): boolean {
    const bytes = this.#bytes;
    while (this.#at < bytes.length && isBlank(bytes[this.#at] as number)) this.#at += 1;
    return this.#at < bytes.length;
  }

  #fault(problem: string): InputError {
    const frame = this.#frames.at(-1);
    const where =
      frame === undefined
        ? `byte ${this.#before + this.#at}`
        : frame.isList
          ? `${frame.path === "" ? "" : `${frame.path}, `}row ${frame.rows + 1}`
          : `behind "${frame.name}"`;
    return new InputError(`The file cannot be read: ${problem} (${where}).`, { file: problem });
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Of numbers, `true`, `false`, `null`, and of what is none of them but stands in their place. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

/** An odd number of backslashes stands before it. */
function isEscaped(bytes: Buffer, quote: number, from: number): boolean {
  let place = quote - 1;
  while (place > from && bytes[place] === BACKSLASH) place -= 1;
  return (quote - 1 - place) % 2 === 1;
}
