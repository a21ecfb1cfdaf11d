import { rmSync } from "node:fs";
import { join } from "node:path";
import { Elysia } from "elysia";
import { bearerOf, createAccess } from "./admin/access.ts";
import { describeApi } from "./admin/api/openapi.ts";
import { adminApiRoutes, createAdminApi } from "./admin/api.ts";
import { createClientOf } from "./admin/client.ts";
import { createPages } from "./admin/pages.ts";
import { createSessions } from "./admin/session.ts";
import { createAssets } from "./assets.ts";
import { clientAddress } from "./client-address.ts";
import type { Clock } from "./clock.ts";
import { type Config, FIRST_PASSWORD_FILE, isLoopback } from "./config.ts";
import { createHealthRoutes } from "./health.ts";
import { openInstallation } from "./installation.ts";
import { createAlertJob } from "./jobs/alerts.ts";
import { createBackupJob } from "./jobs/backup.ts";
import { createKeyProbe } from "./jobs/key-probe.ts";
import { createLogUpkeep, createRetention } from "./jobs/retention.ts";
import { createRollupJobs } from "./jobs/rollup-flush.ts";
import { startJobs } from "./jobs/scheduler.ts";
import type { Logger } from "./log.ts";
import { createMetricsRoute } from "./metrics.ts";
import { Alerts } from "./operations/alerts.ts";
import { ensurePassword } from "./operations/password.ts";
import { createSessionOperations } from "./operations/sessions.ts";
import type { MigrationOperations } from "./operations/types.ts";
import { ClientLimit } from "./proxy/client-limit.ts";
import { ClientWatch } from "./proxy/client-watch.ts";
import { probeEndpoint } from "./proxy/endpoint-probe.ts";
import { createForward } from "./proxy/forward.ts";
import { InsideCalls } from "./proxy/inside.ts";
import { withModelList } from "./proxy/model-answers.ts";
import { probeKey } from "./proxy/probe.ts";
import { createRealtime } from "./proxy/realtime.ts";
import { createProxyRoutes } from "./proxy/routes.ts";
import { HeldBytes } from "./proxy/upload-body.ts";
import { createCosts } from "./record/cost.ts";
import { LoopLag } from "./record/loop-lag.ts";
import { RequestCounts } from "./record/metrics.ts";
import { ResourceOwners } from "./record/resource-owners.ts";
import { equalSecrets } from "./secrets.ts";
import { loadTls } from "./tls.ts";
import { createTraces } from "./tracing.ts";
import { type RequestRecord, StartError } from "./types.ts";
import { MAX_MESSAGE_BYTES } from "./upstream/socket-types.ts";
import { version } from "./version.ts";

/** Slow heads, slow bodies and connections without a request are closed after this. */
const IDLE_TIMEOUT_S = 30;
/** Above every limit of our own, so that each of them can give its own answer. */
const LARGEST_BODY_BYTES = 8 * 1024 ** 3;
/** Of realtime sessions. Pings keep quiet ones open; a client that answers none is gone. */
const WEBSOCKET = {
  idleTimeout: 120,
  sendPings: true,
  perMessageDeflate: false,
  maxPayloadLength: MAX_MESSAGE_BYTES,
  backpressureLimit: 4 * MAX_MESSAGE_BYTES,
  closeOnBackpressureLimit: true,
} as const;
const DRAIN_LOOK_MS = 20;
/** After the last record, answers may still be on their way to slow clients. */
const FLUSH_TO_CLIENTS_MS = 1_000;

export interface App {
  /** Starts to serve; answers the port. */
  listen(): number;
  /** Lets running requests finish, at most `timeoutMs`, then writes what is to be written and closes. */
  drain(timeoutMs: number): Promise<void>;
  /** The password that was made at the first start; null otherwise. */
  newPassword: string | null;
}

/** The composition root: builds every part once and hands each what it needs. */
export async function createApp(config: Config, log: Logger, clock: Clock): Promise<App> {
  // First of all: a wrong file must not leave a data folder behind.
  const tls = config.tls === null ? null : loadTls(config.tls, clock.now());
  if (tls?.warning) log.warn(tls.warning);
  const startedAtMonotonic = clock.monotonic();
  const installation = await openInstallation(config, log, clock);
  const {
    storage,
    secretBox,
    settings,
    recorder,
    live,
    pool,
    client,
    directory,
    models,
    logTail,
    operations,
  } = installation;
  const currentSettings = () => settings.current;
  const upstreamDeps = { clock, pool, client, upstream: directory.upstream, settings: currentSettings };
  const counts = new RequestCounts();
  const loopLag = new LoopLag(clock);
  const figures = { figures: () => ({ ...live.figures(), recorder: recorder.state }) };
  void tellOfEarlierVersion(operations.migration, log);
  await operations.stats.fold();
  const now = clock.now();
  await installation.restoreLive();
  const { adminPassword, adminApiToken, masterApiKey, metricsToken, requireAdminLogin, trustedProxies } =
    config;
  const newPassword = await ensurePassword({ storage, adminPassword });
  const sessionOperations = await createSessionOperations({ storage, secretBox, adminPassword, clock });
  const sessions = createSessions(sessionOperations, clock);

  // The data plane.
  let draining = false;
  const isTrustedProxy = (address: string) => trustedProxies.has(address);
  const addressOf = (connection: string, headers: Headers) =>
    clientAddress(connection, headers.get("x-forwarded-for"), isTrustedProxy);
  const traces = createTraces(config, { clock, log, client });
  const ended = (record: RequestRecord) => {
    live.ended(record);
    counts.ended(record);
    recorder.record(record);
    traces?.ended(record);
    logTail.publish(record);
    inside.ended(record);
  };
  const owners = new ResourceOwners(storage.resourceOwners, clock, log);
  const forwardDeps = {
    ...upstreamDeps,
    models,
    owners,
    strategyOf: directory.strategyOf,
    watch: new ClientWatch(),
    costOf: createCosts({
      clock,
      ownPrices: () => settings.current.modelPrices,
      baseUrlOf: directory.baseUrlOf,
    }),
    bodyLog: {
      isOn: () => settings.current.logBodies,
      secrets: [masterApiKey, adminApiToken, adminPassword, metricsToken].filter(
        (secret) => secret !== undefined,
      ),
    },
    ended,
  };
  const forward = withModelList({
    clock,
    models,
    aliases: () => Object.keys(settings.current.modelAliases),
    ended,
    forward: createForward(forwardDeps),
  });
  const clientLimit = new ClientLimit();
  const heldUploads = new HeldBytes();
  const bodyLimits = () => ({
    body: settings.current.maxRequestBodyBytes,
    upload: settings.current.maxUploadBytes,
    held: heldUploads,
  });
  const beginTrace = traces === null ? null : (traceparent: string | null) => traces.begin(traceparent);
  const inside = new InsideCalls({
    clock,
    beginTrace,
    forward,
    bodyLimits,
    isDraining: () => draining,
    began: () => live.began(),
    refused: () => live.refused(),
  });
  const proxyRoutes = createProxyRoutes({
    clock,
    log,
    forward,
    realtime: createRealtime({
      ...forwardDeps,
      openSocket: (request, options) => client.openSocket(request, options),
    }),
    masterKeyRequired: masterApiKey !== undefined,
    isMasterKey: (shown) => masterApiKey !== undefined && equalSecrets(shown, masterApiKey),
    idleTimeoutS: IDLE_TIMEOUT_S,
    bodyLimits,
    corsAllowedOrigins: () => settings.current.corsAllowedOrigins,
    poolNamed: directory.poolNamed,
    loopbackAddress: isLoopback(config.host) ? (config.host === "::1" ? "::1" : "127.0.0.1") : null,
    clientAddress: addressOf,
    beginTrace,
    admitClient: (address) =>
      clientLimit.admit(address, settings.current.clientRequestsPerMinute, clock.monotonic()),
    isDraining: () => draining,
    began: () => live.began(),
    refused: () => live.refused(),
    inFlight: () => live.inFlight,
  });

  // The control plane.
  const keepOpen = (request: Request) => server.server?.timeout(request, 0);
  const clientOf = createClientOf({
    connectionAddress: (request) => server.server?.requestIP(request)?.address ?? null,
    clientAddress: addressOf,
    isTrustedProxy,
  });
  const isApiToken = (shown: string) => adminApiToken !== undefined && equalSecrets(shown, adminApiToken);
  const access = createAccess({ requireAdminLogin, isApiToken, sessions, clientOf });
  const alerts = new Alerts({
    clock,
    log,
    client,
    storage,
    settings: currentSettings,
    keys: () => pool.glances(),
    figures: figures.figures,
  });
  const controlPlane = {
    operations,
    live: figures,
    access,
    sessions,
    clientOf,
    clock,
    logger: log,
    version,
    keepOpen,
    sendTestAlert: () => alerts.sendTest(),
  };
  const apiDeps = { ...controlPlane, startedAtMonotonic };
  const stopJobs = startJobs(
    [
      ...createRollupJobs(operations.stats),
      createKeyProbe({
        clock,
        settings: currentSettings,
        invalidKeys: () => pool.invalidKeys(),
        probe: (keyId) => probeKey(upstreamDeps, keyId),
      }),
      createLogUpkeep(operations),
      createRetention({ ...operations, clock, settings: currentSettings }),
      createAlertJob(alerts),
      createBackupJob({ clock, settings: currentSettings, transfer: operations.transfer }),
    ],
    log,
  );
  const openTo = isLoopback(config.host) ? "this_machine" : "network";
  const server = new Elysia({
    websocket: WEBSOCKET,
    serve: {
      hostname: config.host,
      idleTimeout: IDLE_TIMEOUT_S,
      maxRequestBodySize: LARGEST_BODY_BYTES,
      development: false,
      reusePort: false,
      ...(tls !== null && { tls: { cert: tls.cert, key: tls.key } }),
      routes: proxyRoutes,
    },
  })
    .use(
      createHealthRoutes({
        version,
        uptimeS: () => Math.round((clock.monotonic() - startedAtMonotonic) / 1_000),
        isDraining: () => draining,
        hasUsableKey: () => pool.hasAvailableKey(),
        checkStorage: () => storage.checkWritable(),
      }),
    )
    .use(
      createMetricsRoute({
        version,
        counts,
        keysByStatus: () => operations.keys.counts(),
        inFlight: () => live.inFlight,
        waiting: () => pool.waiting,
        recorder: () => recorder.state,
        loopLagMs: () => loopLag.longestMs,
        databaseBytes: async () => (await storage.maintenance.facts()).sizeBytes,
        startedAt: now,
        mayRead: async (request) => {
          const shown = bearerOf(request);
          if (shown !== null && metricsToken !== undefined && equalSecrets(shown, metricsToken)) return true;
          return (await access.decide(request)).caller !== null;
        },
      }),
    )
    .use(createAdminApi(apiDeps))
    .use(createAssets())
    .use(
      createPages({
        ...controlPlane,
        describeApi: () => describeApi(adminApiRoutes(apiDeps), version),
        requireAdminLogin,
        playground: {
          ask: (call) => inside.ask(call),
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
          startedAt: now,
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
            { ...upstreamDeps, keys: () => pool.glances(), upstreams: () => directory.upstreams },
            baseUrl,
          ),
      }),
    );

  return {
    newPassword,
    listen() {
      try {
        server.listen({ port: config.port, hostname: config.host });
      } catch (error) {
        throw portError(error, config);
      }
      return server.server?.port ?? config.port;
    },
    async drain(timeoutMs) {
      draining = true;
      stopJobs();
      loopLag.stop();
      const until = clock.monotonic() + timeoutMs;
      while (live.inFlight > 0 && clock.monotonic() < until) await Bun.sleep(DRAIN_LOOK_MS);
      if (live.inFlight > 0) {
        log.warn("requests were cut off: the drain timeout passed", { count: live.inFlight });
      }
      await Promise.race([server.server?.stop(), Bun.sleep(FLUSH_TO_CLIENTS_MS)]);
      await server.server?.stop(true);
      await owners.flush();
      await traces?.shutdown();
      await installation.close();
    },
  };
}

/** Behind the start: a database that is in use is copied to be read. */
async function tellOfEarlierVersion(migration: MigrationOperations, log: Logger): Promise<void> {
  try {
    const offer = await migration.look();
    if (offer === null) return;
    log.info(
      "data of the earlier version is here: the dashboard has a button that takes it over, or stop and run `load-balancer migrate`",
      {
        folder: offer.folder,
        key_count: offer.keys,
        request_count: offer.requests,
      },
    );
  } catch (error) {
    log.warn("data of the earlier version is here, but cannot be read", { error });
  }
}

function portError(error: unknown, config: Config): StartError {
  const { code } = error as { code?: string };
  const where = `${config.host}:${config.port}`;
  if (code === "EADDRINUSE") return new StartError(`${where} is taken by another program: set another PORT.`);
  return new StartError(
    `${where} cannot be listened on (${code ?? String(error)}): set another HOST or PORT.`,
  );
}
