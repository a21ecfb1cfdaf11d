import { isLoopback } from "./config.ts";
import { ClientLimit } from "./proxy/client-limit.ts";
import { ClientWatch } from "./proxy/client-watch.ts";
import { createForward } from "./proxy/forward.ts";
import { InsideCalls } from "./proxy/inside.ts";
import { withModelList } from "./proxy/model-answers.ts";
import { createRealtime } from "./proxy/realtime.ts";
import { createProxyRoutes } from "./proxy/routes.ts";
import { HeldBytes } from "./proxy/upload-body.ts";
import { createCosts } from "./record/cost.ts";
import { RequestCounts } from "./record/metrics.ts";
import { ResourceOwners } from "./record/resource-owners.ts";
import { equalSecrets } from "./secrets.ts";
import { IDLE_TIMEOUT_S, type Serving } from "./serving.ts";
import { createTraces } from "./tracing.ts";
import type { RequestRecord } from "./types.ts";

/** What answers clients: the proxy's routes, with everything that a request meets on its way and leaves behind. */
export function createDataPlane({ config, log, clock, installation, isDraining, addressOf }: Serving) {
  const { storage, settings, recorder, live, pool, client, directory, models, logTail } = installation;
  const { adminPassword, adminApiToken, masterApiKey, metricsToken } = config;
  const currentSettings = () => settings.current;
  const counts = new RequestCounts();
  const traces = createTraces(config, { clock, log, client });
  const owners = new ResourceOwners(storage.resourceOwners, clock, log);
  const ended = (record: RequestRecord) => {
    live.ended(record);
    counts.ended(record);
    recorder.record(record);
    traces?.ended(record);
    logTail.publish(record);
    inside.ended(record);
  };
  const forwardDeps = {
    clock,
    pool,
    client,
    upstream: directory.upstream,
    settings: currentSettings,
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
  const heldUploads = new HeldBytes();
  /** What a client's request and one from inside have in common. */
  const entrance = {
    clock,
    forward,
    bodyLimits: () => ({
      body: settings.current.maxRequestBodyBytes,
      upload: settings.current.maxUploadBytes,
      held: heldUploads,
    }),
    beginTrace: traces === null ? null : (traceparent: string | null) => traces.begin(traceparent),
    isDraining,
    began: () => live.began(),
    refused: () => live.refused(),
  };
  const inside = new InsideCalls(entrance);
  const clientLimit = new ClientLimit();
  const routes = createProxyRoutes({
    ...entrance,
    log,
    realtime: createRealtime({
      ...forwardDeps,
      openSocket: (request, options) => client.openSocket(request, options),
    }),
    masterKeyRequired: masterApiKey !== undefined,
    isMasterKey: (shown) => masterApiKey !== undefined && equalSecrets(shown, masterApiKey),
    idleTimeoutS: IDLE_TIMEOUT_S,
    corsAllowedOrigins: () => settings.current.corsAllowedOrigins,
    poolNamed: directory.poolNamed,
    loopbackAddress: isLoopback(config.host) ? (config.host === "::1" ? "::1" : "127.0.0.1") : null,
    clientAddress: addressOf,
    admitClient: (address) =>
      clientLimit.admit(address, settings.current.clientRequestsPerMinute, clock.monotonic()),
    inFlight: () => live.inFlight,
  });
  return {
    routes,
    inside,
    counts,
    /** Writes and sends what is left of requests that ended. */
    async close(): Promise<void> {
      await owners.flush();
      await traces?.shutdown();
    },
  };
}

export type DataPlane = ReturnType<typeof createDataPlane>;
