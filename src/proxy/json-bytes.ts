/** Where one member of a JSON object stands in its bytes: the value from `start` to before `end`. */
export interface Member {
  name: string;
  start: number;
  end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

const utf8 = new TextDecoder();

/**
 * The members of the outermost object, in their order, a repeated name each time. The bytes must be valid JSON with
 * an object outermost: whoever calls this has parsed them before.
 */
export function membersOf(json: Uint8Array): Member[] {
  const members: Member[] = [];
  let at = skipBlanks(json, json.indexOf(OPEN_BRACE) + 1);
  while (at < json.length && json[at] !== CLOSE_BRACE) {
    const nameEnd = stringEnd(json, at);
    const name: unknown = JSON.parse(utf8.decode(json.subarray(at, nameEnd)));
    const start = skipBlanks(json, skipBlanks(json, nameEnd) + 1);
    const end = valueEnd(json, start);
    members.push({ name: String(name), start, end });
    at = skipBlanks(json, end);
    if (json[at] === COMMA) at = skipBlanks(json, at + 1);
  }
  return members;
}

/** The same bytes with other values at the given members; all other bytes stay. */
export function withValue(json: Uint8Array, members: readonly Member[], value: string): Uint8Array {
  const replacement = new TextEncoder().encode(value);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { start, end } of members) {
    parts.push(json.subarray(from, start), replacement);
    from = end;
  }
  parts.push(json.subarray(from));
  return Buffer.concat(parts);
}

function skipBlanks(json: Uint8Array, at: number): number {
  let here = at;
  while (here < json.length && (json[here] as number) <= SPACE) here += 1;
  return here;
}

/** After the closing quote of the string that begins at `at`. */
function stringEnd(json: Uint8Array, at: number): number {
  for (let quote = json.indexOf(QUOTE, at + 1); quote >= 0; quote = json.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (json[quote - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return quote + 1;
  }
  return json.length;
}

function valueEnd(json: Uint8Array, start: number): number {
  const first = json[start];
  if (first === QUOTE) return stringEnd(json, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return nestedEnd(json, start);
  let at = start;
  while (at < json.length && !endsScalar(json[at] as number)) at += 1;
  return at;
}

function nestedEnd(json: Uint8Array, start: number): number {
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = stringEnd(json, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
  return at;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === COLON || byte <= SPACE;
}
