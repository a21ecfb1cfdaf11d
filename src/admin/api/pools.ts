import { t } from "elysia";
import { listPage, occursIn, type Sorts } from "../../operations/list-page.ts";
import { POOL_LIMITS } from "../../operations/pools.ts";
import { poolRevision } from "../../operations/revision.ts";
import type { PoolOperations } from "../../operations/types.ts";
import { type Pool, STRATEGIES } from "../../types.ts";
import { pageJson, poolJson } from "../present.ts";
import { pageOf, poolAnswer } from "./answers.ts";
import { Revised, type Route, route } from "./route.ts";
import { body, lineField, listFields, sortField } from "./schemas.ts";

const SORTS: Sorts<Pool> = { created_at: (pool) => pool.createdAt, name: (pool) => pool.name.toLowerCase() };

const nameField = lineField(POOL_LIMITS.nameMaxChars, ["production"]);
const otherFields = {
  description: t.Optional(lineField(POOL_LIMITS.descriptionMaxChars)),
  color: t.Optional(
    t.String({ description: "a colour as #rrggbb", pattern: "^#[0-9a-fA-F]{6}$", examples: ["#6366f1"] }),
  ),
  icon: t.Optional(
    t.String({
      description: "the name of an icon: small letters, digits and -",
      pattern: "^[a-z0-9-]{0,40}$",
      examples: ["rocket"],
    }),
  ),
  strategy: t.Optional(
    t.Union([...STRATEGIES.map((strategy) => t.Literal(strategy)), t.Null()], {
      description: `one of ${STRATEGIES.join(", ")}, or null for the global one`,
    }),
  ),
};

const shown = (pool: Pool) => new Revised(poolJson(pool), poolRevision(pool));

export function poolRoutes(pools: PoolOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/pools",
      summary: "Lists pools",
      query: t.Object({ ...listFields, sort: sortField(SORTS) }),
      answer: pageOf(poolAnswer),
      async handle({ query }) {
        const found = (await pools.list()).filter(({ name, description }) =>
          occursIn(query.q, [name, description]),
        );
        return pageJson(listPage(found, SORTS, query), poolJson);
      },
    }),
    route({
      method: "POST",
      path: "/pools",
      summary: "Adds a pool",
      detail:
        "Clients name it by the header `x-lb-pool` or by the base URL `/pools/NAME/v1`. Keys come into it by their " +
        "`pool_id`, many at once by `POST /keys/bulk` with the action `move`.",
      body: body({ name: nameField, ...otherFields }),
      status: 201,
      revised: true,
      answer: poolAnswer,
      handle: async ({ body: given, actor }) => shown(await pools.add(given, actor)),
    }),
    route({
      method: "GET",
      path: "/pools/:id",
      summary: "One pool",
      revised: true,
      answer: poolAnswer,
      handle: async ({ id }) => shown(await pools.get(id)),
    }),
    route({
      method: "PATCH",
      path: "/pools/:id",
      summary: "Changes a pool",
      detail: "Only the fields that are given. Clients that name it by its old name find none any more.",
      revised: true,
      body: body({ name: t.Optional(nameField), ...otherFields }),
      answer: poolAnswer,
      handle: async ({ id, body: given, actor, seen }) => shown(await pools.edit(id, given, actor, seen)),
    }),
    route({
      method: "DELETE",
      path: "/pools/:id",
      summary: "Deletes a pool that has no keys",
      revised: true,
      handle: ({ id, actor, seen }) => pools.remove(id, actor, seen),
    }),
  ];
}
