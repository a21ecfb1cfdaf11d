import type { ApiCall, ApiDocsProps, ApiField, ApiFieldGroup, ApiShape } from "../../../views/api-docs.tsx";
import type { JsonSchema } from "./json-schema.ts";
import { exampleOf } from "./json-schema.ts";
import type { ApiDocument, Operation, Parameter } from "./openapi.ts";

const MAX_DEPTH = 4;
const PLACES: Record<Parameter["in"], string> = { path: "Path", query: "Query", header: "Headers" };

/** The description as the page shows it; nothing is said there that the document does not say. */
export function docsOf(document: ApiDocument, origin: string): ApiDocsProps {
  const base = `${origin}${document.servers[0]?.url ?? ""}`;
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      tag: operation.tags[0] ?? "",
      call: callOf(base, method.toUpperCase(), path, operation, document),
    })),
  );
  return {
    intro: document.info.description,
    example: curl(`${base}/keys?limit=10`, "GET", null),
    sections: document.tags.map(({ name }) => ({
      id: `section-${name}`,
      label: labelOf(name),
      calls: calls.filter(({ tag }) => tag === name).map(({ call }) => call),
    })),
    shapes: Object.entries(document.components.schemas).map(
      ([name, schema]): ApiShape => ({
        id: shapeId(name),
        name,
        fields: fieldsOf(schema),
      }),
    ),
  };
}

function callOf(
  base: string,
  method: string,
  path: string,
  operation: Operation,
  document: ApiDocument,
): ApiCall {
  const [good, ...errors] = Object.entries(operation.responses);
  const bodies = Object.entries(operation.requestBody?.content ?? {});
  const [type, body] = bodies[0] ?? [null, null];
  const needed = operation.parameters.filter((parameter) => parameter.in === "query" && parameter.required);
  const query = needed
    .map(({ name, schema }) => `${name}=${exampleOf(schema, document.components.schemas)}`)
    .join("&");
  const url = `${base}${path.replace("{id}", "ID")}${query === "" ? "" : `?${query}`}`;
  return {
    id: operation.operationId,
    method,
    path,
    summary: operation.summary,
    detail: operation.description ?? "",
    takes: [
      ...Object.entries(PLACES).map(([place, title]) => ({
        title,
        fields: operation.parameters.filter((parameter) => parameter.in === place).map(parameterField),
      })),
      ...bodies.map(([mediaType, { schema }]) => ({
        title: `Body (${mediaType})`,
        fields: fieldsOf(schema),
      })),
    ].filter(({ fields }) => fields.length > 0),
    answers: answerOf(good),
    errors: errors.map(([status, { description }]) => ({ status: Number(status), when: description })),
    example: curl(url, method, body === null ? null : { type: type ?? "", value: body.example }),
  };
}

function answerOf(good: [string, Operation["responses"][string]] | undefined): ApiFieldGroup {
  const [status = "", response] = good ?? [];
  const [type, content] = Object.entries(response?.content ?? {})[0] ?? ["nothing", null];
  const types = Object.keys(response?.content ?? { [type]: null }).join(" or ");
  const isJson = type === "application/json";
  return { title: `Answer ${status} (${types})`, fields: isJson && content ? fieldsOf(content.schema) : [] };
}

function parameterField({ name, required, description, schema }: Parameter): ApiField {
  return { name, ...typeOf(schema, description), isRequired: required, meaning: description };
}

/** Every field with its way from the outside: `data[].id`. A named shape is not opened. */
function fieldsOf(schema: JsonSchema, prefix = "", depth = 0): ApiField[] {
  if (schema.$ref !== undefined) return [fieldOf(prefix || "(the whole)", schema, true)];
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((part) => fieldsOf(part, prefix, depth));
  if (schema.properties === undefined) {
    return prefix === "" && schema.type !== undefined ? [fieldOf("(the whole)", schema, true)] : [];
  }
  return Object.entries(schema.properties).flatMap(([name, field]) => {
    const way = prefix === "" ? name : `${prefix}.${name}`;
    const own = fieldOf(way, field, schema.required?.includes(name) === true);
    const isList = field.items !== undefined;
    const inner = field.items ?? field.anyOf?.find((part) => part.properties !== undefined) ?? field;
    const isOpened = inner.properties !== undefined && depth < MAX_DEPTH;
    return isOpened ? [own, ...fieldsOf(inner, isList ? `${way}[]` : way, depth + 1)] : [own];
  });
}

function fieldOf(name: string, schema: JsonSchema, isRequired: boolean): ApiField {
  return { name, ...typeOf(schema), isRequired, meaning: schema.description ?? "" };
}

/** In words: "integer, 1 to 500", "Key[]", "text or null". */
function typeOf(
  schema: JsonSchema,
  meaning = schema.description ?? "",
): { type: string; shape: string | null } {
  const ref = (schema.$ref ?? schema.items?.$ref)?.split("/").at(-1);
  if (ref !== undefined) {
    return { type: schema.items === undefined ? ref : `${ref}[]`, shape: shapeId(ref) };
  }
  if (schema.anyOf !== undefined) {
    const parts = schema.anyOf.map((part) => typeOf(part));
    const named = parts.find((part) => part.shape !== null);
    return { type: parts.map(({ type }) => type).join(" or "), shape: named?.shape ?? null };
  }
  const types = [schema.type ?? "anything"].flat().map((type) => (type === "string" ? "text" : type));
  if (schema.items !== undefined) types[0] = `${typeOf(schema.items).type}[]`;
  const bounds = [
    // What the meaning says already is not said again.
    meaning.includes(String(schema.maximum)) ? "" : range(schema.minimum, schema.maximum),
    meaning.includes(String(schema.maxLength)) ? "" : range(schema.minLength, schema.maxLength, "characters"),
    schema.enum === undefined || meaning.includes("one of ")
      ? ""
      : schema.enum.filter((word) => word !== null).join(" "),
    schema.format === "date-time" ? "a time" : "",
    schema.default === undefined ? "" : `default ${JSON.stringify(schema.default)}`,
  ].filter((text) => text !== "");
  return { type: [types.join(" or "), ...bounds].join(", "), shape: null };
}

function range(min: number | undefined, max: number | undefined, unit = ""): string {
  if (max === undefined) return "";
  return `${min === undefined ? `at most ${max}` : `${min} to ${max}`} ${unit}`.trim();
}

/** A command line to be pasted. Quoted for a POSIX shell. */
function curl(url: string, method: string, body: { type: string; value: unknown } | null): string {
  const parts = [`curl${method === "GET" ? "" : ` -X ${method}`} ${quoted(url)}`];
  parts.push('-H "Authorization: Bearer $ADMIN_API_TOKEN"');
  if (body !== null) {
    const text = typeof body.value === "string" ? body.value : JSON.stringify(body.value);
    parts.push(`-H "Content-Type: ${body.type}"`, `-d ${quoted(text)}`);
  }
  return parts.join(" \\\n  ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function shapeId(name: string): string {
  return `shape-${name}`;
}

function labelOf(tag: string): string {
  const words = tag.replace(/\W+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
