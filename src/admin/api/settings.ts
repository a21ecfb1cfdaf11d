import { t } from "elysia";
import { settingsRevision } from "../../operations/revision.ts";
import type { SettingsOperations } from "../../operations/types.ts";
import { type Settings, toJson } from "../../settings.ts";
import { Revised, type Route, route } from "./route.ts";
import { body } from "./schemas.ts";
import { settingsAnswer, settingsPatch } from "./setting-schema.ts";

const shown = (settings: Settings) => new Revised(toJson(settings), settingsRevision(settings));

export function settingRoutes(settings: SettingsOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/settings",
      summary: "All settings as one flat object",
      detail: "What each means, and what it may be, stands with `PATCH /settings`. A secret is never shown.",
      revised: true,
      answer: settingsAnswer,
      handle: async () => shown(settings.current()),
    }),
    route({
      method: "PATCH",
      path: "/settings",
      summary: "Changes settings: all that are named or none; null is the default",
      detail:
        "In force at once, without a restart. `api_endpoint` also becomes the default upstream's base URL.",
      revised: true,
      // Names and values are checked by the settings' own table.
      body: t.Record(t.String(), t.Unknown(), { maxProperties: 1_000 }),
      accepts: { "application/json": settingsPatch },
      answer: settingsAnswer,
      handle: async ({ body: given, actor, seen }) =>
        shown((await settings.patch(given, actor, seen)).settings),
    }),
    route({
      method: "POST",
      path: "/settings/reset",
      summary: "Puts settings back to their defaults: those named, or all",
      detail: "In force at once. Keys, pools, upstreams and logs stay as they are.",
      revised: true,
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
      handle: async ({ body: given, actor }) => shown(await settings.reset(given.names ?? "all", actor)),
    }),
  ];
}
