/** A conversation is known by its beginning; more of it is not looked at. */
const LONGEST_BEGINNING_BYTES = 2_048;
/** What clients say themselves about requests that share a prefix (platform.openai.com/docs/guides/prompt-caching). */
const OWN_NAMES = ["prompt_cache_key", "session_id"];
const LONGEST_NAME_CHARS = 200;
const TEXT_VALUE = /^\s{0,8}:\s{0,8}"((?:[^"\\]|\\.)*)"/;
const BEGINNINGS = [/"messages"\s{0,8}:\s{0,8}\[/, /"input"\s{0,8}:\s{0,8}/, /"prompt"\s{0,8}:\s{0,8}/];

/**
 * A 32-bit number that stays the same for all requests of one conversation: of the name that the client gives it, or
 * of its messages up to the first of the user's, which every later request repeats. Null where there is neither.
 */
export function conversationHash(body: Uint8Array | null): number | null {
  if (body === null) return null;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const beginning = ownName(bytes) ?? beginningOf(bytes);
  return beginning === null ? null : Bun.hash.xxHash32(beginning);
}

function ownName(bytes: Buffer): string | null {
  for (const name of OWN_NAMES) {
    const field = `"${name}"`;
    const at = bytes.indexOf(field);
    if (at < 0) continue;
    const from = at + field.length;
    const found = TEXT_VALUE.exec(bytes.toString("latin1", from, from + LONGEST_NAME_CHARS));
    if (found !== null) return found[1] as string;
  }
  return null;
}

function beginningOf(bytes: Buffer): string | null {
  for (const name of ["messages", "input", "prompt"]) {
    const at = bytes.indexOf(`"${name}"`);
    if (at < 0) continue;
    const text = bytes.toString("latin1", at, at + LONGEST_BEGINNING_BYTES);
    if (!BEGINNINGS.some((pattern) => pattern.exec(text)?.index === 0)) continue;
    return text.slice(0, endOfFirstQuestion(text));
  }
  return null;
}

/** Behind the first object of the list that is the user's; the whole where that is longer, or there is no list. */
function endOfFirstQuestion(text: string): number {
  let depth = 0;
  let isInText = false;
  let objectAt = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (isInText) {
      if (char === "\\") at += 1;
      else if (char === '"') isInText = false;
    } else if (char === '"') isInText = true;
    else if (char === "{" || char === "[") {
      depth += 1;
      if (char === "{" && depth === 2) objectAt = at;
    } else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth <= 0) return at;
      const isObject = char === "}" && depth === 1;
      if (isObject && /"role"\s{0,8}:\s{0,8}"user"/.test(text.slice(objectAt, at))) return at;
    } else if (char === "," && depth === 0) return at;
  }
  return text.length;
}
