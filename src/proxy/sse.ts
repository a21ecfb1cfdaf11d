import { OutputText } from "../record/estimate.ts";
import { completed, usageIn } from "../record/usage.ts";
import type { Usage } from "../types.ts";
import { type Protocol, rulesOf } from "./protocols.ts";

/** Enough to see a mark that two chunks share. */
const TAIL_CHARS = 64;
/** The longest usage object, or error event, that is put together from several chunks. */
const LONGEST_USAGE_CHARS = 16_384;
const LONGEST_ERROR_CHARS = 16_384;

const MARK = '"usage"';
const SEQUENCE = '"sequence_number":';
const ERROR_EVENT =
  /(?:^|[\r\n])(?:event: ?error[\r\n]|data: ?\{(?:"type": ?"error", ?)?"error": ?[{"]|data: ?\{"type": ?"response\.failed")/;

/**
 * Watches a stream pass by: whether it proves to be whole, what it used, whether an error event came. It reads the
 * bytes as Latin-1, since every mark is ASCII, and keeps no more than the tail it needs.
 */
export class StreamObserver {
  whole: boolean;
  usage: Usage | null = null;
  /** The number that the next event of a numbered stream would have. */
  nextSequence = 0;
  /** The first error event as far as it has come, from its first line on; null where none came. */
  error: string | null = null;
  /** What was said, for an estimate where the upstream tells no usage. */
  readonly output = new OutputText();
  #tail = "";
  readonly #end: RegExp | null;
  readonly #isNumbered: boolean;

  constructor(protocol: Protocol) {
    this.#end = rulesOf(protocol).end;
    this.whole = this.#end === null;
    this.#isNumbered = protocol === "responses";
  }

  push(chunk: Uint8Array): void {
    const bytes = latin1(chunk);
    const text = this.#tail + bytes;
    this.output.push(bytes);
    if (!this.whole && this.#end?.test(text) === true) this.whole = true;
    if (this.#isNumbered) this.#countEvents(text);
    this.#watchForError(chunk, text);
    const mark = text.lastIndexOf(MARK);
    if (mark >= 0) {
      this.usage = completed(this.usage, usageIn(text));
      // One event's data is one line: without a line end the object may go on in the next chunk.
      if (text.indexOf("\n", mark) < 0 && text.length - mark < LONGEST_USAGE_CHARS) {
        this.#tail = text.slice(Math.max(mark - 1, 0));
        return;
      }
    }
    this.#tail = text.length > TAIL_CHARS ? text.slice(-TAIL_CHARS) : text;
  }

  #countEvents(text: string): void {
    const at = text.lastIndexOf(SEQUENCE);
    const number = at < 0 ? Number.NaN : Number.parseInt(text.slice(at + SEQUENCE.length), 10);
    if (number >= this.nextSequence) this.nextSequence = number + 1;
  }

  #watchForError(chunk: Uint8Array, text: string): void {
    if (this.error !== null) {
      if (this.error.length < LONGEST_ERROR_CHARS) this.error += latin1(chunk);
      return;
    }
    const found = ERROR_EVENT.exec(text);
    if (found !== null) this.error = text.slice(found.index).trimStart();
  }
}

export function latin1(chunk: Uint8Array): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
}
