import type { TSchema } from "elysia";
import { ERRORS } from "./error-cases.ts";
import { exampleOf, type JsonSchema } from "./json-schema.ts";
import { type Route, takesIdempotencyKey, takesIfMatch } from "./route.ts";

interface Content {
  [mediaType: string]: { schema: JsonSchema; example?: unknown };
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description: string;
  schema: JsonSchema;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content; headers?: Record<string, unknown> }>;
}

/** An OpenAPI 3.1 document. */
export interface ApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  security: Record<string, string[]>[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, unknown> };
}

const IF_MATCH = "the etag that was answered: only if nobody changed it since";
const IDEMPOTENCY_KEY =
  "any text that is new for each create: repeated within 24 hours, it answers what was added the first time";
/** Where a path begins with another word than its noun. */
const TAGS: Record<string, string> = {
  pool: "pools",
  backup: "data",
  backups: "data",
  "openapi.json": "description",
};
const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain";
const ERROR_REF = { $ref: "#/components/schemas/Error" };

/** Describes the table of calls; nothing in it is written twice. */
export function describeApi(routes: readonly Route[], version: string): ApiDocument {
  const schemas: Record<string, JsonSchema> = { Error: ERROR_SCHEMA };
  const paths: ApiDocument["paths"] = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = describeRoute(route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Load Balancer admin API",
      version,
      description:
        "All that the admin pages do, for scripts. Times are ISO 8601 in UTC; the last word of a name is its unit. " +
        "Wrong input changes nothing.",
    },
    servers: [{ url: "/api/admin" }],
    security: [{ token: [] }, { session: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "ADMIN_API_TOKEN" },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "lb_session",
          description: "The session of the admin pages; changes only from a page of the same origin.",
        },
      },
    },
  };
}

function describeRoute(route: Route, schemas: Record<string, JsonSchema>): Operation {
  const parameters = parametersOf(route, schemas);
  const content = bodyOf(route, schemas);
  const responses: Operation["responses"] = { [statusOf(route)]: answerOf(route, schemas) };
  for (const { status, when } of ERRORS.filter(
    (error) => error.fits(route) || route.errors.includes(error.status),
  )) {
    responses[status] = { description: when, content: { [JSON_TYPE]: { schema: ERROR_REF } } };
  }
  return {
    operationId: operationId(route),
    tags: [tagOf(route)],
    summary: route.summary,
    ...(route.detail !== "" && { description: route.detail }),
    parameters,
    ...(content !== null && { requestBody: { required: isBodyNeeded(route), content } }),
    responses,
  };
}

function parametersOf(route: Route, schemas: Record<string, JsonSchema>): Parameter[] {
  const parameters: Parameter[] = [];
  if (route.path.includes(":id")) {
    const description = "the id that a list or a create answered";
    parameters.push({ name: "id", in: "path", required: true, description, schema: { type: "string" } });
  }
  for (const [name, field] of Object.entries((route.query?.properties ?? {}) as Record<string, TSchema>)) {
    const { description = "", ...schema } = toJsonSchema(field, schemas);
    const required = (route.query?.required ?? []).includes(name);
    parameters.push({ name, in: "query", required, description, schema });
  }
  for (const [name, meaning] of Object.entries(route.headers)) parameters.push(header(name, meaning));
  if (takesIfMatch(route)) parameters.push(header("If-Match", IF_MATCH));
  if (takesIdempotencyKey(route)) parameters.push(header("Idempotency-Key", IDEMPOTENCY_KEY));
  return parameters;
}

function header(name: string, description: string): Parameter {
  return { name, in: "header", required: false, description, schema: { type: "string" } };
}

function bodyOf(route: Route, schemas: Record<string, JsonSchema>): Content | null {
  if (route.accepts !== null) {
    const entries = Object.entries(route.accepts).map(([type, schema]) => [
      type,
      withExample(toJsonSchema(schema, schemas), schemas),
    ]);
    return Object.fromEntries(entries);
  }
  if (route.body === null) return null;
  if (route.body === "text") return { [TEXT_TYPE]: { schema: { type: "string" } } };
  const schema = withMeanings(toJsonSchema(route.body, schemas), route.answer);
  return { [JSON_TYPE]: withExample(schema, schemas) };
}

function withExample(schema: JsonSchema, schemas: Record<string, JsonSchema>): Content[string] {
  return { schema, example: exampleOf(schema, schemas) };
}

/** A field of a body says what may be given; what it means, the same field of the answer says. */
function withMeanings(body: JsonSchema, answer: Route["answer"]): JsonSchema {
  if (answer === null || isMediaTypes(answer) || body.properties === undefined) return body;
  const meanings = (answer.properties ?? {}) as Record<string, TSchema>;
  for (const [name, field] of Object.entries(body.properties)) {
    const meaning = meanings[name]?.description;
    if (meaning !== undefined) field.description = `${meaning}; give ${field.description ?? "it"}`;
  }
  return body;
}

function isBodyNeeded(route: Route): boolean {
  return route.body === "text" || (route.method === "POST" && (route.body?.required ?? []).length > 0);
}

function statusOf(route: Route): number {
  return route.answer === null ? 204 : route.status;
}

function answerOf(route: Route, schemas: Record<string, JsonSchema>): Operation["responses"][string] {
  const { answer } = route;
  if (answer === null) return { description: "Done." };
  const content: Content = isMediaTypes(answer)
    ? Object.fromEntries(answer.map((type) => [type, { schema: { type: "string" } }]))
    : { [JSON_TYPE]: { schema: toJsonSchema(answer, schemas) } };
  const description = route.status === 201 ? "What was added." : "What was asked for.";
  if (!route.revised) return { description, content };
  const headers = { ETag: { description: "for `If-Match`", schema: { type: "string" } } };
  return { description, content, headers };
}

function isMediaTypes(answer: TSchema | readonly string[]): answer is readonly string[] {
  return Array.isArray(answer);
}

/** By the first part of the path. */
function tagOf({ path }: Pick<Route, "path">): string {
  const noun = path.split("/")[1] ?? "";
  return TAGS[noun] ?? noun;
}

const VERBS: Record<Route["method"], string> = {
  GET: "get",
  POST: "create",
  PATCH: "update",
  DELETE: "delete",
};

/** `list_keys`, `get_key`, `create_key`, `test_key`, `import_keys`. */
function operationId({ method, path, status, answer }: Route): string {
  const [noun = "", ...rest] = path.slice(1).replaceAll(/\W+/g, " ").trim().split(" ");
  const isOne = path.includes("/:id");
  const name = isOne || status === 201 ? noun.replace(/s$/, "") : noun;
  const word = rest.filter((part) => part !== "id").join("_");
  const isList = answer !== null && !isMediaTypes(answer) && answer.properties?.next_cursor !== undefined;
  if (method === "POST" && word !== "") return `${word}_${name}`;
  if (method === "POST" && status !== 201) return name;
  return [method === "GET" && isList ? "list" : VERBS[method], name, word]
    .filter((part) => part !== "")
    .join("_");
}

/** TypeBox as plain JSON Schema: unions of words as `enum`, "or null" as a second type, named shapes as references. */
function toJsonSchema(schema: TSchema, schemas: Record<string, JsonSchema>): JsonSchema {
  const { $id, ...own } = schema;
  if ($id === undefined) return plain(own as TSchema, schemas);
  schemas[$id] ??= plain(own as TSchema, schemas);
  return { $ref: `#/components/schemas/${$id}` };
}

function plain(schema: TSchema, schemas: Record<string, JsonSchema>): JsonSchema {
  // Symbols, TypeBox's own marks, don't survive this.
  const { anyOf, multipleOf, properties, items, ...rest } = JSON.parse(JSON.stringify(schema));
  if (schema.anyOf) return union(rest, schema.anyOf, schemas);
  const result: JsonSchema = { ...rest };
  const isCount = schema.type === "string" && schema.minimum !== undefined;
  if (multipleOf === 1 || isCount) result.type = "integer";
  if (isCount) delete result.pattern;
  if (schema.examples?.length === 0) delete result.examples;
  if (schema.items) result.items = toJsonSchema(schema.items, schemas);
  if (schema.properties) {
    const fields = Object.entries(schema.properties as Record<string, TSchema>);
    result.properties = Object.fromEntries(
      fields.map(([name, field]) => [name, toJsonSchema(field, schemas)]),
    );
  }
  return result;
}

function union(rest: JsonSchema, parts: TSchema[], schemas: Record<string, JsonSchema>): JsonSchema {
  if (parts.every((part) => part.const !== undefined)) {
    return { ...rest, type: "string", enum: parts.map((part) => part.const) };
  }
  // Elysia's own numbers take text as well; what is said of them is the number.
  const numeric = parts.find((part) => part.type === "integer" || part.type === "number");
  if (numeric !== undefined && parts.some(({ format }) => format === "integer" || format === "numeric")) {
    return { ...rest, ...toJsonSchema(numeric, schemas) };
  }
  const others = parts.filter((part) => part.type !== "null").map((part) => toJsonSchema(part, schemas));
  const [only] = others;
  if (others.length === parts.length || only === undefined) return { ...rest, anyOf: others };
  if (others.length > 1) return { ...rest, anyOf: [...others, { type: "null" }] };
  if (typeof only.type !== "string" || only.properties !== undefined) {
    return { ...rest, anyOf: [only, { type: "null" }] };
  }
  const withNull = only.enum === undefined ? {} : { enum: [...only.enum, null] };
  return { ...only, ...rest, type: [only.type, "null"], ...withNull };
}

const ERROR_SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    error: {
      type: "object",
      properties: {
        message: { type: "string", description: "one sentence that says what to do" },
        code: { type: "string", description: "a word for programs" },
        fields: {
          type: "object",
          description: "with invalid_input: the problem of each field",
        },
        request_id: { type: "string", description: "with internal_error: where the program's log has it" },
      },
      required: ["message", "code"],
    },
  },
  required: ["error"],
};
