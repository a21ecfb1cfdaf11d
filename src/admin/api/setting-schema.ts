import { type TSchema, t } from "elysia";
import type { SettingType } from "../../setting-types.ts";
import { type SettingRow, settingRows } from "../../settings.ts";
import { oneOf, whole } from "./schemas.ts";

/** How each kind of setting looks as JSON; `type.read` takes more than this, a form's texts among it. */
const KINDS: Record<SettingType<unknown>["kind"], (type: SettingType<unknown>) => TSchema> = {
  int: ({ min = 0, max = Number.MAX_SAFE_INTEGER }) => whole({ min, max }),
  number: ({ min = 0, max = Number.MAX_SAFE_INTEGER }) => t.Number({ minimum: min, maximum: max }),
  boolean: () => t.Boolean(),
  enum: ({ options = [] }) => oneOf(options),
  url: () => t.String({ format: "uri" }),
  string: () => t.String(),
  time_zone: () => t.String({ examples: ["Europe/Berlin"] }),
  map: () => t.Record(t.String(), t.Unknown()),
};

/** All settings, as they are answered. */
export const settingsAnswer = t.Object(fieldsOf(shown), { $id: "Settings" });

/** Any of them, as they are changed; null is the default. */
export const settingsPatch = t.Object(
  fieldsOf((row) => t.Optional(t.Union([shown(row), t.Null()], { description: described(row) }))),
  { additionalProperties: false },
);

function shown(row: SettingRow): TSchema {
  const schema = { ...KINDS[row.type.kind](row.type), description: described(row) };
  if (row.default === null) return t.Union([schema, t.Null()], { description: described(row) });
  return { ...schema, default: row.default };
}

function described({ help, json }: SettingRow): string {
  return json === undefined ? help : `${help} As JSON: ${json}.`;
}

function fieldsOf(schemaOf: (row: SettingRow) => TSchema): Record<string, TSchema> {
  return Object.fromEntries(settingRows.map((row) => [row.name, schemaOf(row)]));
}
