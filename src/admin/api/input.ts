import { getSchemaValidator, type TSchema } from "elysia";
import { MAX_IMPORT_BYTES } from "../../operations/key-text.ts";
import { InputError } from "../../types.ts";
import { ApiError } from "./errors.ts";

/** Of any body; an import may have as much. */
const MAX_BODY_BYTES = MAX_IMPORT_BYTES;
const MAX_PROBLEMS = 20;
const MAX_FIELD_NAME_CHARS = 60;

export type Check = (value: unknown) => unknown;

/**
 * Checks a value against a schema and answers it with texts of the query made numbers.
 * @throws InputError that names fields and what they may be (the schema's `description`), never what was sent.
 */
export function createCheck(schema: TSchema): Check {
  const validator = getSchemaValidator(schema);
  return (value) => {
    if (validator.Check(value)) return validator.hasTransform ? validator.Decode(value) : value;
    const fields: Record<string, string> = {};
    for (const { path, schema: part, message } of validator.Errors(value)) {
      const name = path.slice(1).replaceAll("/", ".").slice(0, MAX_FIELD_NAME_CHARS);
      if (name in fields) continue;
      fields[name] =
        path !== "" && message === "Unexpected property"
          ? "there is no such field"
          : problemOf(part, message);
      if (Object.keys(fields).length >= MAX_PROBLEMS) break;
    }
    if ("" in fields) throw new InputError("The body must be a JSON object.");
    throw new InputError(`Check ${Object.keys(fields).join(", ")}; nothing was changed.`, fields);
  };
}

const BOUNDS = ["minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern"];

/**
 * The schema without the bounds of its values: operations check those, all fields at once and in words of their own,
 * for the API as for pages and commands. Here a field's kind is checked, and that it is known at all.
 */
export function shapeOf(schema: TSchema): TSchema {
  const shape: Record<string | symbol, unknown> = { ...schema };
  for (const bound of BOUNDS) delete shape[bound];
  if (schema.properties) {
    const fields = Object.entries(schema.properties as Record<string, TSchema>);
    shape.properties = Object.fromEntries(fields.map(([name, field]) => [name, shapeOf(field)]));
  }
  if (schema.items) shape.items = shapeOf(schema.items);
  if (schema.anyOf) shape.anyOf = schema.anyOf.map(shapeOf);
  return shape as unknown as TSchema;
}

function problemOf(schema: TSchema, message: string): string {
  if (message === "Expected required property") return "this field is needed";
  return schema.description === undefined ? "give another kind of value" : `give ${schema.description}`;
}

/** @throws ApiError 413 as soon as more bytes came than are allowed. */
export async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.byteLength;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(part.value);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new InputError("The body must be UTF-8 text.");
  }
}

/** An empty body counts as an empty object. */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError("The body is not valid JSON.");
  }
}

/** Parameters without a value count as not given; of one given twice the last counts. */
export function readQuery(url: string): Record<string, string> {
  const given = [...new URL(url).searchParams].filter(([, value]) => value !== "");
  return Object.fromEntries(given);
}

function tooLarge(): ApiError {
  return new ApiError(413, "request_too_large", `The body may have at most ${MAX_BODY_BYTES} bytes.`);
}
