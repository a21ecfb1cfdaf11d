import type { TObject, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { LIST_SCHEMAS, type ListName } from "./transfer-schema.ts";

const MAX_PROBLEMS_A_ROW = 5;

export type Json = Record<string, unknown>;

interface Field {
  wire: string;
  property: string;
  isTime: boolean;
  /** Of an object, or of each entry of a list. */
  inner: Field[] | null;
}

/** How the rows of one list stand in a file: snake_case names, times as ISO 8601; in memory camelCase and epoch ms. */
export class Wire {
  readonly #fields: Field[];
  readonly #check: TypeCheck<TSchema>;

  constructor(schema: TObject) {
    this.#fields = fieldsOf(schema);
    this.#check = TypeCompiler.Compile(schema as TSchema);
  }

  encode(item: object): Json {
    return encode(this.#fields, item as Json);
  }

  /** @param row without `problems`. */
  decode(row: unknown): Json {
    return decode(this.#fields, row as Json);
  }

  /** What is wrong with a row, by field; never what was given. Empty where nothing is. */
  problems(row: unknown): Record<string, string> {
    if (this.#check.Check(row)) return wrongTimes(this.#fields, row as Json, "");
    const problems: Record<string, string> = {};
    for (const { path, schema, message } of this.#check.Errors(row)) {
      const field = path.slice(1).replaceAll("/", ".") || "row";
      problems[field] ??= wordsFor(schema, message);
      if (Object.keys(problems).length >= MAX_PROBLEMS_A_ROW) break;
    }
    return problems;
  }
}

/** Compiled when it is first needed. */
export class Wires {
  readonly #wires = new Map<ListName, Wire>();

  of(list: ListName): Wire {
    const wire = this.#wires.get(list) ?? new Wire(LIST_SCHEMAS[list]);
    this.#wires.set(list, wire);
    return wire;
  }
}

function wordsFor(schema: TSchema, message: string): string {
  if (message === "Unexpected property") return "there is no such field";
  if (message === "Expected required property") return "this field is needed";
  return schema.description === undefined ? "give another kind of value" : `give ${schema.description}`;
}

function fieldsOf(schema: TObject): Field[] {
  return Object.entries(schema.properties).map(([wire, property]) => ({
    wire,
    property: wire.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    isTime: property.isTime === true,
    inner: innerOf(property),
  }));
}

function innerOf(schema: TSchema): Field[] | null {
  if (schema.type === "object" && schema.properties !== undefined) return fieldsOf(schema as TObject);
  if (schema.type === "array") return innerOf(schema.items as TSchema);
  for (const one of (schema.anyOf as TSchema[] | undefined) ?? []) {
    const inner = innerOf(one);
    if (inner !== null) return inner;
  }
  return null;
}

function encode(fields: readonly Field[], item: Json): Json {
  const row: Json = {};
  for (const { wire, property, isTime, inner } of fields) {
    const value = item[property];
    if (value === undefined) continue;
    row[wire] =
      isTime && typeof value === "number" ? new Date(value).toISOString() : nested(inner, value, encode);
  }
  return row;
}

function decode(fields: readonly Field[], row: Json): Json {
  const item: Json = {};
  for (const { wire, property, isTime, inner } of fields) {
    const value = row[wire];
    if (value === undefined) continue;
    item[property] = isTime && typeof value === "string" ? Date.parse(value) : nested(inner, value, decode);
  }
  return item;
}

function nested(
  inner: Field[] | null,
  value: unknown,
  walk: (fields: Field[], value: Json) => Json,
): unknown {
  if (inner === null || typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? value.map((one) => walk(inner, one as Json)) : walk(inner, value as Json);
}

/** The form may be right and the day not be there: the 32nd of March. */
function wrongTimes(fields: readonly Field[], row: Json, path: string): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const { wire, isTime, inner } of fields) {
    const value = row[wire];
    if (isTime && typeof value === "string" && Number.isNaN(Date.parse(value)))
      problems[`${path}${wire}`] = "there is no such time";
    if (inner === null || typeof value !== "object" || value === null) continue;
    const entries = Array.isArray(value) ? value : [value];
    for (const [index, entry] of entries.entries()) {
      const place = Array.isArray(value) ? `${path}${wire}.${index}.` : `${path}${wire}.`;
      Object.assign(problems, wrongTimes(inner, entry as Json, place));
    }
  }
  return problems;
}
