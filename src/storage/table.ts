import type { SQLQueryBindings } from "bun:sqlite";

/** One column's way into SQL and back. */
export interface Codec<T> {
  encode(value: T): SQLQueryBindings;
  decode(value: unknown): T;
}

/** Text, ids, real numbers, blobs and null as they are. */
export function plain<T extends string | number | Uint8Array | null>(): Codec<T> {
  return { encode: (value) => value, decode: (value) => value as T };
}

/** Whole numbers: durations are measured in fractions, and a STRICT column takes none. */
export function whole<T extends number | null = number>(): Codec<T> {
  return { encode: (value) => (value === null ? null : Math.round(value)), decode: (value) => value as T };
}

export const flag: Codec<boolean> = { encode: (value) => (value ? 1 : 0), decode: (value) => value === 1 };

export function json<T>(): Codec<T> {
  return { encode: (value) => JSON.stringify(value), decode: (value) => JSON.parse(String(value)) as T };
}

export type Row = Record<string, unknown>;
export type Codecs<Item> = { readonly [P in keyof Item & string]-?: Codec<Item[P]> };

/** The mapping of one noun, camelCase, to its table, snake_case. */
export interface Table<Item> {
  name: string;
  /** Column names with commas between them. */
  columns: string;
  /** One `?` a column. */
  placeholders: string;
  /** `column = ?` for each column. */
  assignments: string;
  /** `column = excluded.column` for each column: the UPDATE of an upsert. */
  overwrites: string;
  /** In the order of `columns`. */
  encode(item: Item): SQLQueryBindings[];
  decode(row: Row): Item;
}

export function defineTable<Item>(name: string, codecs: Codecs<Item>): Table<Item> {
  const properties = Object.keys(codecs) as (keyof Item & string)[];
  const fields = properties.map((property) => ({
    property,
    column: snakeCase(property),
    codec: codecs[property],
  }));
  const columns = fields.map(({ column }) => column);
  return {
    name,
    columns: columns.join(", "),
    placeholders: columns.map(() => "?").join(", "),
    assignments: columns.map((column) => `${column} = ?`).join(", "),
    overwrites: columns.map((column) => `${column} = excluded.${column}`).join(", "),
    encode: (item) => fields.map(({ property, codec }) => codec.encode(item[property])),
    decode(row) {
      const item: Partial<Item> = {};
      for (const { property, column, codec } of fields) item[property] = codec.decode(row[column]);
      return item as Item;
    },
  };
}

function snakeCase(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
