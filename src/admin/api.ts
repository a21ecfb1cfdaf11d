import { Elysia, t } from "elysia";
import type { Operations } from "../operations/types.ts";
import { createConfirmPassword, type PasswordDeps } from "./api/admin-password.ts";
import { type CallDeps, createFallback, createRouteHandler } from "./api/call.ts";
import { dataRoutes } from "./api/data.ts";
import { IdempotencyKeys } from "./api/idempotency.ts";
import { keyRoutes } from "./api/keys.ts";
import { logRoutes } from "./api/logs.ts";
import { type MonitoringDeps, monitoringRoutes } from "./api/monitoring.ts";
import { describeApi } from "./api/openapi.ts";
import { explainRoutes } from "./api/pool.ts";
import { poolRoutes } from "./api/pools.ts";
import { promptRoutes } from "./api/prompts.ts";
import { type Route, route } from "./api/route.ts";
import { settingRoutes } from "./api/settings.ts";
import { statsRoutes } from "./api/stats.ts";
import { upstreamRoutes } from "./api/upstreams.ts";

const PREFIX = "/api/admin";

export interface AdminApiDeps extends CallDeps, PasswordDeps, Omit<MonitoringDeps, "keys"> {
  operations: Operations;
}

/** THE table of the admin JSON API: every path and method that it has. */
export function adminApiRoutes(deps: AdminApiDeps): Route[] {
  const { operations } = deps;
  const routes: Route[] = [
    ...keyRoutes({
      keys: operations.keys,
      confirmPassword: createConfirmPassword(deps),
      now: () => deps.clock.now(),
    }),
    ...poolRoutes(operations.pools),
    ...explainRoutes(operations.pools),
    ...upstreamRoutes(operations.upstreams),
    ...promptRoutes(operations.prompts),
    ...settingRoutes(operations.settings),
    ...logRoutes(deps),
    ...statsRoutes(operations.stats),
    ...dataRoutes({
      transfer: operations.transfer,
      confirmPassword: createConfirmPassword(deps),
      now: () => deps.clock.now(),
    }),
    ...monitoringRoutes({ ...deps, keys: operations.keys }),
    route({
      method: "GET",
      path: "/openapi.json",
      summary: "This description, as OpenAPI 3.1",
      answer: t.Object({}, { additionalProperties: true }),
      handle: async () => describeApi(routes, deps.version),
    }),
  ];
  return routes;
}

/** `/api/admin/*` as an Elysia plugin. Bodies are read in `call.ts`, after it is known who calls. */
export function createAdminApi(deps: AdminApiDeps) {
  const routes = adminApiRoutes(deps);
  const given = new IdempotencyKeys(deps.clock);
  const app = new Elysia({ name: "admin-api" });
  for (const row of routes) {
    const handle = createRouteHandler(row, deps, given);
    app.route(
      row.method,
      `${PREFIX}${row.path}`,
      ({ request, params }) => handle(request, (params as { id?: string } | undefined)?.id ?? ""),
      { parse: "none", detail: { summary: row.summary } },
    );
  }
  const fallback = createFallback((path) => methodsOf(routes, path), deps);
  return app
    .all(PREFIX, ({ request }) => fallback(request), { parse: "none" })
    .all(`${PREFIX}/*`, ({ request }) => fallback(request), { parse: "none" });
}

function methodsOf(routes: Route[], path: string): string[] {
  const segments = path.slice(PREFIX.length).replace(/\/$/, "").split("/");
  const fits = (row: Route) => {
    const pattern = row.path.split("/");
    return (
      pattern.length === segments.length &&
      pattern.every((part, index) => part === segments[index] || (part === ":id" && segments[index] !== ""))
    );
  };
  return [...new Set(routes.filter(fits).map(({ method }) => method))];
}
