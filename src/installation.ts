import { join } from "node:path";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";
import { LogTail } from "./operations/log-tail.ts";
import { createOperations } from "./operations/operations.ts";
import { openSettings } from "./operations/secret-settings.ts";
import { KeyPool } from "./pool/pool.ts";
import { guideOf, modelRoutes } from "./proxy/model-routes.ts";
import { Models } from "./proxy/models.ts";
import { probeKey, probeUpstream } from "./proxy/probe.ts";
import { Days } from "./record/days.ts";
import { keyEvents } from "./record/key-events.ts";
import { LiveRecord } from "./record/live.ts";
import { Recorder } from "./record/recorder.ts";
import { checkSecretKey, loadSecretKey } from "./secrets.ts";
import { createSettings } from "./settings.ts";
import { lockDataFolder, openStorage, prepareDataFolder } from "./storage/storage.ts";
import type { Pool, Strategy, Upstream } from "./types.ts";
import { checkBaseUrl } from "./upstream/address-guard.ts";
import { createUpstreamClient } from "./upstream/client.ts";
import { createFindProxy } from "./upstream/forward-proxy.ts";

/** The dashboard's memory begins with this much of the past. */
const RESTORED_HISTORY_MS = 25 * 3_600_000;
const TODAY_BY_KEY = { dimension: "key", bucketS: 86_400, limit: 10_000 } as const;
/** The name of the database in the data folder. */
const DATABASE_FILE = "load-balancer.db";

/**
 * The data folder with all that lives on it, and nothing that listens: what the server is built on, and what commands
 * work with while no server runs. Nobody else can open it until `close`.
 * @throws StartError where another process holds it, or it cannot be opened.
 */
export async function openInstallation(config: Config, log: Logger, clock: Clock) {
  const { storage, secretBox, lock } = await openData(config, log, clock);
  const settings = createSettings(await openSettings(storage, secretBox), checkBaseUrl);
  for (const name of settings.ignored) {
    log.warn("a stored setting is not valid any more; its default holds", { name });
  }
  const currentSettings = () => settings.current;

  // What is remembered of requests.
  const recorder = new Recorder(storage, log, clock);
  const live = new LiveRecord(clock, () => settings.current.dailyResetTimeZone);
  const restoreLive = async () => {
    live.forget();
    const now = clock.now();
    const today = new Days(() => settings.current.dailyResetTimeZone).startOf(now);
    const byKey = await storage.rollups.groups({ ...TODAY_BY_KEY, from: today, to: now + 60_000 });
    live.restore(
      await storage.rollups.minutes(now - RESTORED_HISTORY_MS, now + 60_000),
      new Map(byKey.map(({ value, counts: { attempts } }) => [value, attempts])),
    );
  };

  // The pool of keys, and the way out.
  const pool: KeyPool = new KeyPool({
    clock,
    settings: currentSettings,
    events: keyEvents(recorder, (id) => pool.view(id)?.name ?? null),
  });
  settings.onChange(() => pool.settingsChanged());
  const client = createUpstreamClient({
    clock,
    findProxy: createFindProxy(config.httpsProxy, config.noProxy),
  });
  const directory = new Directory();
  const upstreamDeps = { clock, pool, client, upstream: directory.upstream, settings: currentSettings };

  const models = new Models({
    ...upstreamDeps,
    keys: () => pool.glances(),
    upstreams: () => directory.upstreams,
  });

  // What people do.
  const logTail = new LogTail();
  const operations = createOperations({
    storage,
    pool,
    settings,
    secretBox,
    clock,
    upstreamHealth: (id) => pool.upstreamHealth(id),
    probe: (keyId) => probeKey(upstreamDeps, keyId),
    probeUpstream: (id) => probeUpstream(upstreamDeps, id),
    listedModels: (upstreamId) => models.listedAt(upstreamId),
    guide: (model) => guideOf(modelRoutes(model, settings.current, models)[0], models),
    checkBaseUrl,
    forgetLive: () => live.forget(),
    restoreLive,
    logTail,
    dataDir: config.dataDir,
    archiveDir: join(config.dataDir, "archive"),
    upstreamsChanged: directory.upstreamsChanged,
    poolsChanged: directory.poolsChanged,
  });
  await operations.loadAll();

  return {
    storage,
    secretBox,
    settings,
    recorder,
    live,
    restoreLive,
    pool,
    client,
    directory,
    models,
    logTail,
    operations,
    /** Writes what waits to be written and lets the folder go. */
    async close(): Promise<void> {
      if (!(await recorder.flush())) log.error("records could not be written", { ...recorder.state });
      client.close();
      storage.close();
      lock.release();
    },
  };
}

export type Installation = Awaited<ReturnType<typeof openInstallation>>;

/** The data folder with its lock, its database and the secret key that opens it. */
async function openData(config: Config, log: Logger, clock: Clock) {
  prepareDataFolder(config.dataDir);
  const lock = lockDataFolder(config.dataDir);
  const storage = await openStorage({ path: join(config.dataDir, DATABASE_FILE), clock, logger: log });
  const hasData = (await storage.facts.get("secret_key_check")) !== null;
  const secretBox = loadSecretKey(config.dataDir, config.encryptionKey, hasData);
  await checkSecretKey(secretBox, storage.facts);
  return { storage, secretBox, lock };
}

/** What the proxy looks up by name or id on the way of a request, kept up to date by operations. */
class Directory {
  upstreams: readonly Upstream[] = [];
  #upstreams = new Map<string, Upstream>();
  #poolIds = new Map<string, string>();
  #strategies = new Map<string, Strategy | null>();

  upstream = (id: string): Upstream => {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) throw new Error(`upstream ${id} is gone`);
    return upstream;
  };

  /** Null where it was deleted while a request was under way. */
  baseUrlOf = (id: string): string | null => this.#upstreams.get(id)?.baseUrl ?? null;

  poolNamed = (name: string): string | null => this.#poolIds.get(name) ?? null;

  strategyOf = (poolId: string): Strategy | null => this.#strategies.get(poolId) ?? null;

  upstreamsChanged = (list: Upstream[]): void => {
    this.upstreams = list;
    this.#upstreams = new Map(list.map((upstream) => [upstream.id, upstream]));
  };

  poolsChanged = (list: Pool[]): void => {
    this.#poolIds = new Map(list.map(({ name, id }) => [name, id]));
    this.#strategies = new Map(list.map(({ id, strategy }) => [id, strategy]));
  };
}
