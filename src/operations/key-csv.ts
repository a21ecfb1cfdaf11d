import { KEY_FIELDS, type RawKeyFields } from "./key-input.ts";

/** Longer than a line of plain text: tags and columns of other programs stand in it too. */
const MAX_LINE_CHARS = 8_000;
const DELIMITERS = [",", ";", "\t"];
/** A heading is words; secrets have digits or dashes in them. */
const HEADING = /^(?:[a-z][a-z_ ]*)?$/;

type Convert = (text: string) => unknown;
interface Column {
  field: keyof RawKeyFields;
  convert: Convert;
}

const asText: Convert = (text) => text;
const asNumber: Convert = (text) => (/^\d+$/.test(text) ? Number(text) : text);
const asTags: Convert = (text) => text.split(/[,;|]/);
const asBoolean: Convert = (text) => BOOLEANS.get(text.toLowerCase()) ?? text;
const BOOLEANS = new Map([
  ["true", true],
  ["yes", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["0", false],
]);

const CONVERT: Partial<Record<keyof RawKeyFields, Convert>> = {
  tags: asTags,
  weight: asNumber,
  priority: asNumber,
  dailyLimit: asNumber,
  rpmLimit: asNumber,
  tpmLimit: asNumber,
  maxConcurrency: asNumber,
  enabled: asBoolean,
};

/** What a column may be called: the API's names, and others that people use. */
const NAMES = new Map<string, keyof RawKeyFields>([
  ...Object.entries(KEY_FIELDS).map(
    ([field, { wireName }]) => [wireName, field as keyof RawKeyFields] as const,
  ),
  ["key", "secret"],
  ["api_key", "secret"],
  ["apikey", "secret"],
  ["pool", "poolId"],
  ["upstream", "upstreamId"],
]);

export interface CsvForm {
  delimiter: string;
  /** Null: a column that means nothing here. */
  columns: (Column | null)[];
}

/**
 * The form of a CSV whose first line this is; null where it is no heading: all of its cells are words, and one of them
 * is a name of the secret's column. `problem` where it names a field twice.
 */
export function readHeading(line: string): CsvForm | { problem: string } | null {
  const delimiter = DELIMITERS.find((one) => line.includes(one)) ?? ",";
  const names = cellsOf(line, delimiter)?.map((cell) => cell.trim().toLowerCase());
  if (names?.every((name) => HEADING.test(name)) !== true) return null;
  const columns = names.map((name): Column | null => {
    const field = NAMES.get(name.replaceAll(" ", "_"));
    return field === undefined ? null : { field, convert: CONVERT[field] ?? asText };
  });
  const fields = columns.flatMap((column) => column?.field ?? []);
  if (!fields.includes("secret")) return null;
  const twice = fields.find((field, at) => fields.indexOf(field) !== at);
  return twice === undefined
    ? { delimiter, columns }
    : { problem: `its heading names ${KEY_FIELDS[twice].wireName} twice` };
}

/** A line below the heading. An empty cell is a field that is not given. */
export function readCsvLine(
  line: string,
  { delimiter, columns }: CsvForm,
): { fields: RawKeyFields } | { problem: string } {
  if (line.length > MAX_LINE_CHARS) return { problem: `longer than ${MAX_LINE_CHARS} characters` };
  const cells = cellsOf(line, delimiter);
  if (cells === null) return { problem: "its quotes do not end on this line" };
  if (cells.slice(columns.length).some((cell) => cell.trim() !== ""))
    return { problem: `${cells.length} cells below a heading of ${columns.length}` };
  const fields: RawKeyFields = {};
  for (const [at, column] of columns.entries()) {
    const text = cells[at]?.trim() ?? "";
    if (column !== null && text !== "") fields[column.field] = column.convert(text);
  }
  return "secret" in fields ? { fields } : { problem: "no secret" };
}

/** Cells of a line (RFC 4180); null where quotes are open at its end: no field of a key goes over lines. */
function cellsOf(line: string, delimiter: string): string[] | null {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    let cell = "";
    if (line[at] === '"') {
      let end = at + 1;
      while (end < line.length && (line[end] !== '"' || line[end + 1] === '"'))
        end += line[end] === '"' ? 2 : 1;
      if (end >= line.length) return null;
      cell = line.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const next = line.indexOf(delimiter, at);
    cells.push(cell + line.slice(at, next === -1 ? undefined : next));
    if (next === -1) return cells;
    at = next + 1;
  }
}
