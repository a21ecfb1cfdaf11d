import { Elysia } from "elysia";
import { clientAddress } from "./client-address.ts";
import type { Clock } from "./clock.ts";
import { type Config, socketOf } from "./config.ts";
import { createControlPlane } from "./control-plane.ts";
import { createDataPlane } from "./data-plane.ts";
import { openInstallation } from "./installation.ts";
import { createAlertJob } from "./jobs/alerts.ts";
import { createBackupJob } from "./jobs/backup.ts";
import { createKeyProbe } from "./jobs/key-probe.ts";
import { createLogUpkeep, createRetention } from "./jobs/retention.ts";
import { createRollupJobs } from "./jobs/rollup-flush.ts";
import { startJobs } from "./jobs/scheduler.ts";
import type { Logger } from "./log.ts";
import { Alerts } from "./operations/alerts.ts";
import { ensurePassword } from "./operations/password.ts";
import type { MigrationOperations } from "./operations/types.ts";
import { probeKey } from "./proxy/probe.ts";
import { IDLE_TIMEOUT_S, type Serving } from "./serving.ts";
import { loadTls } from "./tls.ts";
import { StartError } from "./types.ts";
import { freeSocket, openToGroup } from "./unix-socket.ts";
import { isListening } from "./upstream/own-health.ts";
import { MAX_MESSAGE_BYTES } from "./upstream/socket-types.ts";

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
  const installation = await openInstallation(config, log, clock);
  const socket = socketOf(config.host);
  if (socket !== null) await freeSocket(socket, isListening);
  const { storage, recorder, live, pool, client, operations } = installation;
  void tellOfEarlierVersion(operations.migration, log);
  await operations.stats.fold();
  await installation.restoreLive();
  const newPassword = await ensurePassword({ storage, adminPassword: config.adminPassword });

  let draining = false;
  const isTrustedProxy = (address: string) => config.trustedProxies.has(address);
  const serving: Serving = {
    config,
    log,
    clock,
    installation,
    isDraining: () => draining,
    isTrustedProxy,
    addressOf: (connection, headers) =>
      clientAddress(connection, headers.get("x-forwarded-for"), isTrustedProxy),
    live: { figures: () => ({ ...live.figures(), recorder: recorder.state }) },
  };
  const dataPlane = createDataPlane(serving);
  const settings = () => installation.settings.current;
  const alerts = new Alerts({
    clock,
    log,
    client,
    storage,
    settings,
    keys: () => pool.glances(),
    figures: serving.live.figures,
  });
  const controlPlane = await createControlPlane({
    ...serving,
    dataPlane,
    alerts,
    server: () => server.server,
  });
  const upstream = installation.directory.upstream;
  const stopJobs = startJobs(
    [
      ...createRollupJobs(operations.stats),
      createKeyProbe({
        clock,
        settings,
        invalidKeys: () => pool.invalidKeys(),
        probe: (keyId) => probeKey({ clock, pool, client, upstream, settings }, keyId),
      }),
      createLogUpkeep(operations),
      createRetention({ ...operations, clock, settings }),
      createAlertJob(alerts),
      createBackupJob({ clock, settings, transfer: operations.transfer }),
    ],
    log,
  );
  const server = new Elysia({
    websocket: WEBSOCKET,
    serve: {
      ...(socket === null && { hostname: config.host }),
      idleTimeout: IDLE_TIMEOUT_S,
      maxRequestBodySize: LARGEST_BODY_BYTES,
      development: false,
      reusePort: false,
      ...(tls !== null && { tls: { cert: tls.cert, key: tls.key } }),
      routes: dataPlane.routes,
    },
  }).use(controlPlane.routes);

  return {
    newPassword,
    listen() {
      try {
        if (socket === null) server.listen({ port: config.port, hostname: config.host });
        else {
          server.listen({ unix: socket } as object);
          openToGroup(socket);
        }
      } catch (error) {
        throw portError(error, config);
      }
      return server.server?.port ?? config.port;
    },
    async drain(timeoutMs) {
      draining = true;
      stopJobs();
      controlPlane.stop();
      const until = clock.monotonic() + timeoutMs;
      while (live.inFlight > 0 && clock.monotonic() < until) await Bun.sleep(DRAIN_LOOK_MS);
      if (live.inFlight > 0) {
        log.warn("requests were cut off: the drain timeout passed", { count: live.inFlight });
      }
      await Promise.race([server.server?.stop(), Bun.sleep(FLUSH_TO_CLIENTS_MS)]);
      await server.server?.stop(true);
      await dataPlane.close();
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
  const where = socketOf(config.host) === null ? `${config.host}:${config.port}` : config.host;
  if (code === "EADDRINUSE") return new StartError(`${where} is taken by another program: set another PORT.`);
  return new StartError(
    `${where} cannot be listened on (${code ?? String(error)}): set another HOST or PORT.`,
  );
}
