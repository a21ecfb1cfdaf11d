import type { HeaderList } from "../upstream/types.ts";
import { FIELD_LIST, type FieldKind } from "./error-fields.ts";

/** What an error says, whatever shape its provider gave it. */
export interface ErrorShape {
  /** The provider's sentence; "" where it said nothing. */
  message: string;
  /** Every text of the error, one a line, at most 4,096 characters: what the text patterns are matched against. */
  text: string;
  /** Lower-case identifiers: `code`, `type`, `status`, `reason`, quota ids. Some carry their field: `status_code:1008`. */
  names: ReadonlySet<string>;
  /** The HTTP status that the body states, 400–599. */
  status: number | null;
  /** Fields that state a wait, as they came. */
  waits: readonly WaitField[];
  /** Response headers that an aggregator quotes. */
  headers: HeaderList;
  /** The answer of the provider behind an aggregator. */
  quoted: ErrorShape | null;
  /** An aggregator tells of a provider's failure, whether it quotes the answer or not. */
  relayed: boolean;
}

export interface WaitField {
  field: string;
  value: string | number;
}

const RELAYED = /^provider returned error/i;

/** What gateways write before the answer that they quote: `litellm.AuthenticationError: OpenAIException - Incorrect …`. */
const QUOTE_MARK = /\b\w{2,40}Exception - |\bError from provider: /;

const LONGEST_TEXT_CHARS = 4_096;
const MAX_DEPTH = 6;
const MAX_NODES = 64;
/** A JSON text inside JSON inside JSON: no honest aggregator goes deeper. */
const MAX_QUOTES = 2;

export type JsonObject = { readonly [name: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error in a body that is known to be one. Plain text is its own message. */
export function readError(body: string, quotes = 0): ErrorShape {
  const text = body.trim();
  const json = parseJson(text);
  if (json !== undefined) return readErrorJson(json, quotes);
  return looksLikeJson(text) ? readErrorJson(salvage(text), quotes) : readErrorJson(text, quotes);
}

/** The error in a JSON value that is known to be or to hold one. */
export function readErrorJson(json: unknown, quotes = 0): ErrorShape {
  const reader = new ShapeReader(quotes);
  reader.read(json, 0);
  return reader.shape();
}

/** The value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function looksLikeJson(text: string): boolean {
  return text.startsWith("{") || text.startsWith("[");
}

class ShapeReader {
  #texts: string[] = [];
  #names = new Set<string>();
  #status: number | null = null;
  #waits: WaitField[] = [];
  #headers: HeaderList = [];
  #quoted: ErrorShape | null = null;
  #nodes = 0;

  constructor(private readonly quotes: number) {}

  shape(): ErrorShape {
    const message = this.#texts[0] ?? "";
    const quoted = this.#quoted ?? this.#quotedIn(message);
    return {
      message,
      text: this.#texts.join("\n").slice(0, LONGEST_TEXT_CHARS),
      names: this.#names,
      status: this.#status,
      waits: this.#waits,
      headers: this.#headers,
      quoted,
      relayed: quoted !== null || RELAYED.test(message),
    };
  }

  read(value: unknown, depth: number): void {
    if (depth > MAX_DEPTH || this.#nodes >= MAX_NODES) return;
    this.#nodes += 1;
    if (typeof value === "string") this.#addText(value);
    else if (Array.isArray(value)) for (const item of value.slice(0, MAX_NODES)) this.read(item, depth + 1);
    else if (isObject(value)) {
      for (const [field, kind] of FIELD_LIST) {
        const inner = value[field];
        if (inner !== undefined && inner !== null) this.#readField(field, kind, inner, depth);
      }
    }
  }

  #readField(field: string, kind: FieldKind, value: unknown, depth: number): void {
    const scalar = typeof value === "string" || typeof value === "number";
    if (kind === "mark") this.#names.add(field);
    else if (kind === "quote") this.#quoted ??= quotedFrom(value, this.quotes);
    else if (kind === "headers") this.#addHeaders(value);
    else if (kind === "wait") this.#addWait(field, value);
    else if (scalar && kind === "name") this.#addName(value, "");
    else if (scalar && kind === "numbered") this.#addName(value, `${field}:`);
    else if (!scalar || kind === "text") this.read(value, depth + 1);
  }

  #addText(value: string): void {
    const text = value.trim();
    if (text === "") return;
    this.#texts.push(text);
    if (/^[\w.-]{1,64}$/.test(text)) this.#names.add(text.toLowerCase());
  }

  #addName(value: string | number, prefix: string): void {
    const number = typeof value === "number" ? value : /^\d{3}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= 400 && number <= 599) this.#status ??= number;
    else if (String(value).length <= 200) this.#names.add(`${prefix}${value}`.toLowerCase());
  }

  #addWait(field: string, value: unknown): void {
    if (typeof value === "string" || typeof value === "number") this.#waits.push({ field, value });
  }

  #addHeaders(value: unknown): void {
    if (!isObject(value)) return;
    for (const [name, text] of Object.entries(value).slice(0, MAX_NODES)) {
      if (typeof text === "string" || typeof text === "number") {
        this.#headers.push([name.toLowerCase(), String(text)]);
      }
    }
  }

  /** A provider's answer inside the sentence, as JSON or as text. */
  #quotedIn(message: string): ErrorShape | null {
    const start = message.search(/\{\s{0,8}"|\[\s{0,8}\{\s{0,8}"/);
    if (start >= 0) {
      const end = Math.max(message.lastIndexOf("}"), message.lastIndexOf("]"));
      const json = parseJson(message.slice(start, end + 1));
      const quoted = json === undefined ? null : quotedFrom(json, this.quotes);
      // Any other JSON in a sentence (a schema, a list of parameters) is no answer.
      if (quoted !== null && (quoted.text !== "" || quoted.status !== null)) return quoted;
    }
    const mark = QUOTE_MARK.exec(message);
    return mark === null ? null : quotedFrom(message.slice(mark.index + mark[0].length), this.quotes);
  }
}

function quotedFrom(value: unknown, quotes: number): ErrorShape | null {
  if (quotes >= MAX_QUOTES) return null;
  if (typeof value === "string") return value.trim() === "" ? null : readError(value, quotes + 1);
  return isObject(value) || Array.isArray(value) ? readErrorJson(value, quotes + 1) : null;
}

/** The first message and identifiers of JSON that was cut off, so that an error of megabytes is still understood. */
function salvage(text: string): JsonObject {
  const found: Record<string, string> = {};
  for (const [, field, value] of text.matchAll(
    /"(message|code|type|status|detail|error)"\s{0,8}:\s{0,8}"((?:[^"\\]|\\.){0,1000})/g,
  )) {
    if (field !== undefined && value !== undefined && !(field in found)) found[field] = value;
  }
  return found;
}
