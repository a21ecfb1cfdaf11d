import { t } from "elysia";
import { listPage, occursIn, type Sorts } from "../../operations/list-page.ts";
import { upstreamRevision } from "../../operations/revision.ts";
import type { UpstreamInput, UpstreamOperations } from "../../operations/types.ts";
import { UPSTREAM_LIMITS } from "../../operations/upstreams.ts";
import { AUTH_STYLES, type AuthStyle, type Upstream } from "../../types.ts";
import { pageJson, presetJson, upstreamJson } from "../present.ts";
import {
  modelsAnswer,
  movedAnswer,
  pageOf,
  presetAnswer,
  upstreamAnswer,
  upstreamTestAnswer,
} from "./answers.ts";
import { Revised, type Route, route } from "./route.ts";
import { body, lineField, listFields, oneOf, sortField } from "./schemas.ts";

const SORTS: Sorts<Upstream> = {
  created_at: (upstream) => upstream.createdAt,
  name: (upstream) => upstream.name.toLowerCase(),
};

const nameField = lineField(UPSTREAM_LIMITS.nameMaxChars, ["OpenAI"]);
const baseUrlField = t.String({
  description: "an address that begins with http:// or https://",
  examples: ["https://api.openai.com/v1"],
});
const otherFields = {
  auth_style: t.Optional(oneOf(AUTH_STYLES)),
  is_default: t.Optional(t.Boolean({ description: "true or false" })),
};

export function upstreamRoutes(upstreams: UpstreamOperations): Route[] {
  const shown = async (id: string) => {
    const upstream = await upstreams.get(id);
    return new Revised(upstreamJson(upstream), upstreamRevision(upstream));
  };
  return [
    route({
      method: "GET",
      path: "/upstreams",
      summary: "Lists upstreams with the health of their hosts",
      query: t.Object({ ...listFields, sort: sortField(SORTS) }),
      answer: pageOf(upstreamAnswer),
      async handle({ query }) {
        const found = (await upstreams.list()).filter(({ name, baseUrl }) =>
          occursIn(query.q, [name, baseUrl]),
        );
        return pageJson(listPage(found, SORTS, query), upstreamJson);
      },
    }),
    route({
      method: "POST",
      path: "/upstreams",
      summary: "Adds an upstream",
      detail:
        "`GET /upstreams/presets` has the base URLs of known providers. With `is_default` keys without an upstream go to " +
        "it, and the setting `api_endpoint` follows.",
      body: body({ name: nameField, base_url: baseUrlField, ...otherFields }),
      status: 201,
      revised: true,
      answer: upstreamAnswer,
      async handle({ body: given, actor }) {
        const input = { ...inputOf(given), name: given.name, baseUrl: given.base_url };
        return shown((await upstreams.add(input, actor)).id);
      },
    }),
    route({
      method: "GET",
      path: "/upstreams/presets",
      summary: "Known providers to choose from",
      answer: pageOf(presetAnswer),
      handle: async () => ({ data: upstreams.presets().map(presetJson), next_cursor: null }),
    }),
    route({
      method: "GET",
      path: "/upstreams/:id",
      summary: "One upstream",
      revised: true,
      answer: upstreamAnswer,
      handle: ({ id }) => shown(id),
    }),
    route({
      method: "PATCH",
      path: "/upstreams/:id",
      summary: "Changes an upstream; a changed base URL clears the status of its keys",
      detail: "Only the fields that are given. `is_default: true` makes it the default; there always is one.",
      revised: true,
      body: body({ name: t.Optional(nameField), base_url: t.Optional(baseUrlField), ...otherFields }),
      answer: upstreamAnswer,
      async handle({ id, body: given, actor, seen }) {
        await upstreams.edit(id, inputOf(given), actor, seen);
        return shown(id);
      },
    }),
    route({
      method: "DELETE",
      path: "/upstreams/:id",
      summary: "Deletes an upstream that has no keys and is not the default",
      revised: true,
      handle: ({ id, actor, seen }) => upstreams.remove(id, actor, seen),
    }),
    route({
      method: "POST",
      path: "/upstreams/:id/test",
      summary: "One cheap real call for its list of models, with its best key or without one",
      detail: "With a key the outcome counts like any other.",
      isSlow: true,
      answer: upstreamTestAnswer,
      async handle({ id, actor }) {
        const { outcome, status, latencyMs, message, keyName, models } = await upstreams.test(id, actor);
        return { outcome, status, latency_ms: Math.round(latencyMs), message, key_name: keyName, models };
      },
    }),
    route({
      method: "GET",
      path: "/upstreams/:id/models",
      summary: "Models that its keys list, as far as is known by now",
      detail: "Nothing is asked for it: lists are renewed when clients ask for models, and by tests.",
      answer: modelsAnswer,
      async handle({ id }) {
        await upstreams.get(id);
        const models = upstreams.models(id);
        return { models: models === null ? null : [...models] };
      },
    }),
    route({
      method: "POST",
      path: "/upstreams/:id/move-keys",
      summary: "Moves all its keys to another upstream, where they begin anew",
      detail: "Those whose secret is there already stay. An upstream without keys can be deleted.",
      body: body({ upstream_id: t.String({ description: "the id of the other upstream" }) }),
      errors: [404],
      answer: movedAnswer,
      async handle({ id, body: given, actor }) {
        await upstreams.get(given.upstream_id);
        return await upstreams.moveKeys(id, given.upstream_id, actor);
      },
    }),
  ];
}

function inputOf(given: {
  name?: string;
  base_url?: string;
  auth_style?: AuthStyle;
  is_default?: boolean;
}): Partial<UpstreamInput> {
  const { base_url, auth_style, is_default, name } = given;
  return { name, baseUrl: base_url, authStyle: auth_style, isDefault: is_default };
}
