import { t } from "elysia";
import type { SettingsOperations } from "../../operations/types.ts";
import { toJson } from "../../settings.ts";
import { type Route, route } from "./route.ts";
import { body } from "./schemas.ts";
import { settingsAnswer, settingsPatch } from "./setting-schema.ts";

export function settingRoutes(settings: SettingsOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/settings",
      summary: "All settings as one flat object",
      answer: settingsAnswer,
      handle: async () => toJson(settings.current()),
    }),
    route({
      method: "PATCH",
      path: "/settings",
      summary: "Changes settings: all that are named or none; null is the default",
      // Names and values are checked by the settings' own table.
      body: t.Record(t.String(), t.Unknown(), { maxProperties: 1_000 }),
      accepts: { "application/json": settingsPatch },
      answer: settingsAnswer,
      handle: async ({ body: given, actor }) => toJson((await settings.patch(given, actor)).settings),
    }),
    route({
      method: "POST",
      path: "/settings/reset",
      summary: "Puts settings back to their defaults: those named, or all",
      body: body({
        names: t.Optional(
          t.Array(t.String(), {
            maxItems: 1_000,
            description: "a list of settings' names",
            examples: [["max_retries"]],
          }),
        ),
      }),
      answer: settingsAnswer,
      handle: async ({ body: given, actor }) => toJson(await settings.reset(given.names ?? "all", actor)),
    }),
  ];
}
