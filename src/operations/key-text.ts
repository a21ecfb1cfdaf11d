import { InputError } from "../types.ts";
import { readCsvLine, readHeading } from "./key-csv.ts";
import { KEY_FIELDS, type RawKeyFields } from "./key-input.ts";

export const MAX_IMPORT_BYTES = 5 * 1024 * 1024;
export const MAX_IMPORT_ROWS = 20_000;
/** A name and a secret of the greatest length fit; it also bounds the work of the line patterns. */
const MAX_LINE_CHARS = 1_000;

/** One key of a paste or an import, unchecked. `row` counts from 1: lines of a text, entries of an array. */
export type KeyRow = { row: number } & ({ fields: RawKeyFields } | { problem: string });

/** JSON names of the fields: this product's, then the earlier version's export. */
const JSON_NAMES: Record<string, { field: keyof RawKeyFields; convert?: (value: unknown) => unknown }> = {
  ...Object.fromEntries(
    Object.entries(KEY_FIELDS).map(([field, { wireName }]) => [
      wireName,
      { field: field as keyof RawKeyFields },
    ]),
  ),
  key: { field: "secret" },
  // Names, as an export of keys has them beside the ids: they are the same elsewhere too.
  pool: { field: "poolId" },
  upstream: { field: "upstreamId" },
  isActive: { field: "enabled", convert: (value) => (value === 1 ? true : value === 0 ? false : value) },
  // 0 meant "none" there, and fractions were let in.
  dailyRateLimit: {
    field: "dailyLimit",
    convert: (value) => (typeof value === "number" ? Math.ceil(value) || null : value),
  },
};

/**
 * Reads a paste or an import file: a JSON array of texts or objects, the earlier version's full export (its keys),
 * CSV with a heading, or plain text with one key a line. Throws InputError `{text}` where nothing of it can be read.
 */
export function readKeyText(text: string): KeyRow[] {
  if (Buffer.byteLength(text) > MAX_IMPORT_BYTES) throw unreadable(`give at most ${MAX_IMPORT_BYTES} bytes`);
  const trimmed = text.trim();
  const rows = trimmed.startsWith("[") || trimmed.startsWith("{") ? readJson(trimmed) : readLines(text);
  if (rows.length > MAX_IMPORT_ROWS) throw unreadable(`give at most ${MAX_IMPORT_ROWS} keys at a time`);
  return rows;
}

function unreadable(problem: string): InputError {
  return new InputError("The keys could not be read; nothing was added.", { text: problem });
}

function readJson(text: string): KeyRow[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw unreadable("it begins like JSON; give valid JSON");
  }
  const entries = Array.isArray(parsed) ? parsed : keysOfFullExport(parsed);
  if (entries === null) throw unreadable("give an array of keys, or the earlier version's export");
  return entries.map((entry, index) => ({ row: index + 1, ...readEntry(entry) }));
}

function keysOfFullExport(parsed: unknown): unknown[] | null {
  const data = isObject(parsed) && isObject(parsed.data) ? parsed.data : null;
  return data !== null && Array.isArray(data.api_keys) ? data.api_keys : null;
}

function readEntry(entry: unknown): { fields: RawKeyFields } | { problem: string } {
  if (typeof entry === "string") return { fields: { secret: entry } };
  if (!isObject(entry)) return { problem: "neither a text nor an object" };
  const fields: RawKeyFields = {};
  for (const [name, { field, convert }] of Object.entries(JSON_NAMES)) {
    const value = entry[name];
    if (value === undefined || (value === null && name === "name")) continue;
    fields[field] = convert === undefined ? value : convert(value);
  }
  return "secret" in fields ? { fields } : { problem: "no secret" };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readLines(text: string): KeyRow[] {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ row: index + 1, line, content: line.trim() }))
    .filter(({ content }) => content !== "" && !content.startsWith("#"));
  const form = lines[0] === undefined ? null : readHeading(lines[0].content);
  if (form === null) return lines.map(({ row, content }) => ({ row, ...readLine(content) }));
  if ("problem" in form) throw unreadable(form.problem);
  return lines.slice(1).map(({ row, line }) => ({ row, ...readCsvLine(line, form) }));
}

/**
 * What may stand between a name and its secret. A secret has no spaces, so `": "` and a tab are plain; `=` and `,`
 * count only behind something that looks like a name and before something as long as a secret, because base64
 * ends in `=`. A bare `:` is part of the secret (some providers issue `id:secret`).
 */
const NAMED_LINES = [
  /^(?<name>[^\t]*?)\s*\t\s*(?<secret>\S+)$/,
  /^(?<name>.+?):\s+(?<secret>\S+)$/,
  /^(?<name>[\w .()-]+?)\s*=\s*(?<secret>\S{8,})$/,
  /^(?<name>[^,]+?)\s*,\s*(?<secret>[^\s,]{8,})$/,
];

function readLine(line: string): { fields: RawKeyFields } | { problem: string } {
  if (line.length > MAX_LINE_CHARS) return { problem: `longer than ${MAX_LINE_CHARS} characters` };
  for (const form of NAMED_LINES) {
    const groups = form.exec(line)?.groups;
    if (groups !== undefined)
      return { fields: { name: unquote(groups.name ?? ""), secret: unquote(groups.secret ?? "") } };
  }
  if (/[\s,]/.test(line))
    return { problem: "a line is a secret, or `name: secret`, `name=secret`, `name,secret`" };
  return { fields: { secret: unquote(line) } };
}

function unquote(text: string): string {
  return /^(["']).*\1$/.test(text) ? text.slice(1, -1) : text;
}
