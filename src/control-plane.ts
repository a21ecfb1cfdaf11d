import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Elysia } from "elysia";
import { bearerOf, createAccess } from "./admin/access.ts";
import { describeApi } from "./admin/api/openapi.ts";
import { adminApiRoutes, createAdminApi } from "./admin/api.ts";
import { createClientOf } from "./admin/client.ts";
import { createPages } from "./admin/pages.ts";
import { createSessions } from "./admin/session.ts";
import { createAssets } from "./assets.ts";
import { FIRST_PASSWORD_FILE, isLoopback, socketOf } from "./config.ts";
import type { DataPlane } from "./data-plane.ts";
import { createHealthRoutes } from "./health.ts";
import { createMetricsRoute } from "./metrics.ts";
import type { Alerts } from "./operations/alerts.ts";
import { createSessionOperations } from "./operations/sessions.ts";
import { probeEndpoint } from "./proxy/endpoint-probe.ts";
import { LoopLag } from "./record/loop-lag.ts";
import { equalSecrets } from "./secrets.ts";
import type { Serving } from "./serving.ts";
import { version } from "./version.ts";

interface ControlPlaneParts extends Serving {
  dataPlane: DataPlane;
  alerts: Alerts;
  /** Null until the server listens. */
  server(): Elysia["server"];
}

/** What people, scripts and scrapers see: pages, admin API, health and metrics. */
export async function createControlPlane(parts: ControlPlaneParts) {
  const { config, log, clock, installation, dataPlane, alerts, isDraining } = parts;
  const { storage, secretBox, settings, recorder, live, pool, client, directory, models, operations } =
    installation;
  const { adminPassword, adminApiToken, masterApiKey, metricsToken, requireAdminLogin } = config;
  const startedAt = clock.now();
  const startedAtMonotonic = clock.monotonic();
  const loopLag = new LoopLag(clock);

  const sessionOperations = await createSessionOperations({ storage, secretBox, adminPassword, clock });
  const sessions = createSessions(sessionOperations, clock);
  const clientOf = createClientOf({
    // By a unix socket comes who is on this machine.
    connectionAddress: (request) =>
      parts.server()?.requestIP(request)?.address ?? (socketOf(config.host) === null ? null : "127.0.0.1"),
    clientAddress: parts.addressOf,
    isTrustedProxy: parts.isTrustedProxy,
  });
  const isApiToken = (shown: string) => adminApiToken !== undefined && equalSecrets(shown, adminApiToken);
  const access = createAccess({ requireAdminLogin, isApiToken, sessions, clientOf });

  const common = {
    operations,
    live: parts.live,
    access,
    sessions,
    clientOf,
    clock,
    logger: log,
    version,
    keepOpen: (request: Request) => parts.server()?.timeout(request, 0),
    sendTestAlert: () => alerts.sendTest(),
  };
  const apiDeps = { ...common, startedAtMonotonic };
  const openTo = isLoopback(config.host) ? "this_machine" : "network";

  const health = createHealthRoutes({
    version,
    uptimeS: () => Math.round((clock.monotonic() - startedAtMonotonic) / 1_000),
    isDraining,
    hasUsableKey: () => pool.hasAvailableKey(),
    checkStorage: () => storage.checkWritable(),
  });
  const metrics = createMetricsRoute({
    version,
    counts: dataPlane.counts,
    keysByStatus: () => operations.keys.counts(),
    inFlight: () => live.inFlight,
    waiting: () => pool.waiting,
    recorder: () => recorder.state,
    loopLagMs: () => loopLag.longestMs,
    databaseBytes: async () => (await storage.maintenance.facts()).sizeBytes,
    startedAt,
    mayRead: async (request) => {
      const shown = bearerOf(request);
      if (shown !== null && metricsToken !== undefined && equalSecrets(shown, metricsToken)) return true;
      return (await access.decide(request)).caller !== null;
    },
  });
  const pages = createPages({
    ...common,
    describeApi: () => describeApi(adminApiRoutes(apiDeps), version),
    requireAdminLogin,
    firstPasswordWaits: () => existsSync(join(config.dataDir, FIRST_PASSWORD_FILE)),
    playground: {
      ask: (call) => dataPlane.inside.ask(call),
      models: async () => [
        ...new Set([
          ...Object.keys(settings.current.modelAliases),
          ...(await models.list(null)).map(({ id }) => id),
        ]),
      ],
    },
    openProxy: masterApiKey === undefined ? openTo : "nobody",
    sessionOperations: {
      ...sessionOperations,
      async changePassword(next, keep) {
        await sessionOperations.changePassword(next, keep);
        rmSync(join(config.dataDir, FIRST_PASSWORD_FILE), { force: true });
      },
    },
    about: {
      dataDir: config.dataDir,
      startedAt,
      runtime: `Bun ${Bun.version}`,
      database: storage.engine,
      isSet: {
        adminPassword: adminPassword !== undefined,
        adminApiToken: adminApiToken !== undefined,
        masterApiKey: masterApiKey !== undefined,
        metricsToken: metricsToken !== undefined,
        encryptionKey: config.encryptionKey !== undefined,
      },
    },
    probeEndpoint: (baseUrl) =>
      probeEndpoint(
        {
          clock,
          pool,
          client,
          settings: () => settings.current,
          keys: () => pool.glances(),
          upstreams: () => directory.upstreams,
        },
        baseUrl,
      ),
  });

  return {
    routes: new Elysia({ name: "control-plane" })
      .use(health)
      .use(metrics)
      .use(createAdminApi(apiDeps))
      .use(createAssets())
      .use(pages),
    stop: () => loopLag.stop(),
  };
}
