import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { JsonSchema } from "../../src/admin/api/json-schema.ts";
import type { ApiDocument, Operation } from "../../src/admin/api/openapi.ts";

/** One operation of the description, ready to be called. */
export interface DescribedCall {
  id: string;
  method: string;
  /** Below `/api/admin`, with `{id}`. */
  path: string;
  operation: Operation;
  /** The shape of a JSON body; null where it takes none. */
  body: JsonSchema | null;
  /** The first status below 300. */
  goodStatus: number;
}

export interface Description {
  document: ApiDocument;
  calls: DescribedCall[];
  /** The shape that a `$ref` names; the schema itself otherwise. */
  resolve(schema: JsonSchema): JsonSchema;
  /** What is wrong with an answer by the description; null: nothing. */
  problemOf(call: DescribedCall, answer: { status: number; type: string; text: string }): string | null;
}

/** Takes the description at its word: a field that it does not name counts as a fault. */
export function readDescription(document: ApiDocument): Description {
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  ajv.addSchema(closed(structuredClone(document)) as object, "api");
  const resolve = (schema: JsonSchema): JsonSchema => {
    const name = schema.$ref?.split("/").at(-1);
    return name === undefined ? schema : (document.components.schemas[name] ?? {});
  };
  return {
    document,
    calls: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => describe(path, method, operation)),
    ),
    resolve,
    problemOf(call, { status, type, text }) {
      const response = call.operation.responses[status];
      if (response === undefined) return `${status} is not described: ${text.slice(0, 300)}`;
      const types = Object.keys(response.content ?? {});
      const mediaType = type.split(";")[0] ?? "";
      if (types.length === 0) return text === "" ? null : `a body where none is described: ${text}`;
      if (!types.includes(mediaType)) return `${mediaType} is not described for ${status}`;
      if (mediaType !== "application/json") return null;
      const pointer = ["paths", call.path, call.method, "responses", String(status), "content", mediaType];
      const ref = [...pointer, "schema"].map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
      const validate =
        ajv.getSchema(`api#/${ref.join("/")}`) ?? ajv.compile({ $ref: `api#/${ref.join("/")}` });
      return validate(JSON.parse(text)) ? null : `${ajv.errorsText(validate.errors)}: ${text.slice(0, 500)}`;
    },
  };
}

function describe(path: string, method: string, operation: Operation): DescribedCall {
  const statuses = Object.keys(operation.responses).map(Number);
  const content = operation.requestBody?.content ?? {};
  const body = content["application/json"]?.schema ?? null;
  return { id: operation.operationId, method, path, operation, body, goodStatus: Math.min(...statuses) };
}

/** Objects with named fields have no others. */
function closed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) closed(part);
  const schema = value as JsonSchema;
  if (
    schema.type === "object" &&
    schema.properties !== undefined &&
    schema.additionalProperties === undefined
  ) {
    schema.additionalProperties = false;
  }
  return value;
}
