/** JSON Schema, as much of it as is written here. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: JsonSchema;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  default?: unknown;
  examples?: unknown[];
}

/** A value as the description itself offers it: what is needed, and what has an example. */
export function exampleOf(given: JsonSchema, shapes: Record<string, JsonSchema>): unknown {
  const schema = given.$ref ? (shapes[given.$ref.split("/").at(-1) ?? ""] ?? {}) : given;
  if (schema.examples !== undefined) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return exampleOf(schema.anyOf.at(-1) ?? {}, shapes);
  const type = [schema.type ?? "string"].flat()[0];
  if (type === "object") {
    const shown = Object.entries(schema.properties ?? {}).filter(
      ([name, field]) => schema.required?.includes(name) || field.examples !== undefined,
    );
    return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field, shapes)]));
  }
  if (type === "array") return [exampleOf(schema.items ?? {}, shapes)];
  if (type === "integer" || type === "number") return schema.minimum ?? 1;
  return type === "boolean" ? true : "ID";
}
