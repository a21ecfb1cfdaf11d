import type { KeptBodies, KeptBody } from "../types.ts";
import type { HeaderList } from "../upstream/types.ts";
import { keptHeaders } from "./kept-headers.ts";
import { redact } from "./redact.ts";

const LONGEST_KEPT_BYTES = 65_536;
/** Looked at beyond what is kept, so that no key is torn apart by the cut and half of it kept. */
const LONGEST_SECRET_BYTES = 4_096;
const LOOKED_AT_BYTES = LONGEST_KEPT_BYTES + LONGEST_SECRET_BYTES;

/** Whether the log gets bodies, and what must stand in none of them. */
export interface BodyLog {
  isOn(): boolean;
  /** This program's own: the master key, by which clients log in, and the administrator's. */
  secrets: readonly string[];
}

/** Gathers headers and bodies of one request for the log: text only, without secrets, a body cut at 64 KiB. */
export class BodyKeeper {
  readonly #secrets: Set<string>;
  readonly #answer: Uint8Array[] = [];
  /** Of the answer, what was gathered and what came in all. */
  #gatheredBytes = 0;
  #answerBytes = 0;
  #answerHeaders: [string, string][] = [];

  constructor(secrets: readonly string[]) {
    this.#secrets = new Set(secrets);
  }

  /** A key that was tried: an upstream may echo it. */
  tried(secret: string): void {
    this.#secrets.add(secret);
  }

  /** The answer's headers as the client gets them. */
  answeredWith(headers: [string, string][]): void {
    this.#answerHeaders = headers;
  }

  /** The answer's next bytes, unpacked. */
  answered(chunk: Uint8Array): void {
    this.#answerBytes += chunk.byteLength;
    const missing = LOOKED_AT_BYTES - this.#gatheredBytes;
    if (missing <= 0) return;
    // A copy: a part must not hold the whole.
    const part = new Uint8Array(chunk.subarray(0, missing));
    this.#gatheredBytes += part.byteLength;
    this.#answer.push(part);
  }

  /** @param body Of the request; null where it had none, or was an upload. @param headers Of the request. */
  kept(body: Uint8Array | null, headers: HeaderList): KeptBodies {
    const secrets = [...this.#secrets];
    return {
      request: body === null ? null : this.#keep(body.subarray(0, LOOKED_AT_BYTES), body.byteLength),
      response: this.#keep(Buffer.concat(this.#answer), this.#answerBytes),
      requestHeaders: keptHeaders(headers, secrets),
      responseHeaders: keptHeaders(this.#answerHeaders, secrets),
    };
  }

  /** @param beginning As much of it as is looked at. */
  #keep(beginning: Uint8Array, wholeBytes: number): KeptBody | null {
    const text = beginning.byteLength === 0 ? null : textIn(beginning);
    if (text === null) return null;
    const clean = redact(text, [...this.#secrets]);
    if (wholeBytes <= LONGEST_KEPT_BYTES && Buffer.byteLength(clean) <= LONGEST_KEPT_BYTES)
      return { text: clean, isCut: false };
    const bytes = Buffer.from(clean);
    // What stands at the very end may be half a key, which was not known for one.
    const unsure = wholeBytes > beginning.byteLength ? LONGEST_SECRET_BYTES : 0;
    const end = Math.max(0, Math.min(LONGEST_KEPT_BYTES, bytes.byteLength - unsure));
    return { text: bytes.toString("utf8", 0, characterEnd(bytes, end)), isCut: true };
  }
}

/** Null where it is no text: not UTF-8, or with a zero byte. A character that is not whole at the end is left out. */
function textIn(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** The last place up to `end` that tears no character of UTF-8 apart. */
function characterEnd(bytes: Uint8Array, end: number): number {
  let place = end;
  while (place > 0 && ((bytes[place] ?? 0) & 0xc0) === 0x80) place -= 1;
  return place;
}
