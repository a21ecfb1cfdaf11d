import { Days } from "../../record/days.ts";
import { Problem } from "../../setting-types.ts";
import { type Settings, toStored } from "../../settings.ts";
import { ConflictError, type RequestRecord } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { createEvent } from "../key-events.ts";
import { tooManyKeys } from "../key-import.ts";
import { KEY_LIMITS } from "../key-input.ts";
import { configOf } from "../key-store.ts";
import type { MigrationOperations, MigrationReport, MigrationRun } from "../types.ts";
import { readEarlierLog } from "./logs.ts";
import { createMigrationOffer } from "./offer.ts";
import { type KeyPlan, planKeys } from "./plan-keys.ts";
import { type PoolPlan, planPools } from "./plan-pools.ts";
import { planSettings, type SettingsPlan } from "./plan-settings.ts";
import { planUpstream, type UpstreamPlan } from "./plan-upstream.ts";
import { type EarlierData, earlierFilesIn, readEarlierData } from "./sources.ts";
import { readTime } from "./values.ts";

const SETTINGS_FACT = "earlier_settings";
/** What has no counterpart here, whatever was read. */
const ALWAYS_DIFFERENT = [
  "The earlier version let pages of every origin call it (CORS *); here none may until cors_allowed_origins names it.",
  "Keys of the default profile have no pool: without x-lb-pool a request uses the keys of all pools.",
  "The files in logs/ were left aside: all counts came from the database.",
  "ADMIN_PASSWORD, MASTER_API_KEY and REQUIRE_ADMIN_LOGIN keep their names in the environment and in .env.",
];

/** Everything that one run would do. */
interface Plan {
  upstream: UpstreamPlan;
  pools: PoolPlan;
  keys: KeyPlan;
  settings: SettingsPlan;
  /** The whole patch, with `api_endpoint`. */
  patch: Partial<Settings>;
  facts: Record<string, string>;
  notes: string[];
}

/** Takes over what the earlier version left: all of it or nothing, and nothing twice. */
export function createMigration(
  parts: OperationsParts,
): MigrationOperations & { takeOver(data: EarlierData, run: MigrationRun): Promise<MigrationReport> } {
  const days = new Days(() => parts.settings.current.dailyResetTimeZone);

  async function migrate(data: EarlierData, folder: string, run: MigrationRun): Promise<MigrationReport> {
    const { storage, clock } = parts;
    const total = data.database?.logCount() ?? 0;
    if (total > (run.maxRequests ?? Number.POSITIVE_INFINITY)) throw tooManyToServe(total, folder);
    const plan = await makePlan(parts, data, run);
    const skipped = new Map<string, number>();
    const { added, present } = await storage.takeIn(
      {
        upstreams: plan.upstream.change === "insert" ? [plan.upstream.upstream] : [],
        defaultUpstream: plan.upstream.change === "move_default" ? plan.upstream.upstream : null,
        settings: toStored(plan.patch),
        facts: plan.facts,
        pools: plan.pools.pools,
        keys: plan.keys.keys.map(({ stored }) => stored),
        keyStates: plan.keys.keys.map(({ state }) => state),
        keyEvents: [...plan.keys.events, ...settingsEvent(parts, plan, run)],
        requests: records(data, plan, (reason) => skipped.set(reason, (skipped.get(reason) ?? 0) + 1)),
      },
      {
        dayOf: days.startOf,
        now: clock.now(),
        dryRun: run.dryRun,
        progress: (done) => run.progress?.(done, total),
      },
    );
    if (!run.dryRun) await remember(parts, plan);
    const { upstream, change } = plan.upstream;
    return {
      dryRun: run.dryRun,
      read: data.read,
      upstream: { name: upstream.name, baseUrl: upstream.baseUrl, isNew: change !== "none" },
      keys: plan.keys.report,
      pools: plan.pools.report,
      settings: plan.settings.report,
      requests: { added, present, skipped: Array.from(skipped, ([reason, count]) => ({ reason, count })) },
      notes: [...data.notes, ...plan.notes, ...plan.pools.notes, ...plan.keys.notes, ...ALWAYS_DIFFERENT],
    };
  }

  return {
    ...createMigrationOffer(parts),
    takeOver: (data, run) => parts.change(() => migrate(data, parts.dataDir, run)),
    run: (run) =>
      parts.change(async () => {
        const files = earlierFilesIn(run.from ?? parts.dataDir);
        const data = await readEarlierData(files, parts.dataDir);
        try {
          return await migrate(data, files.folder, run);
        } finally {
          data.close();
        }
      }),
  };
}

async function makePlan(parts: OperationsParts, data: EarlierData, run: MigrationRun): Promise<Plan> {
  const { inventory, secretBox, storage } = parts;
  const digest = data.settings === null ? null : secretBox.fingerprint(JSON.stringify(data.settings.values));
  const isKnown = digest !== null && digest === (await storage.facts.get(SETTINGS_FACT));
  const oldest = readTime(data.database?.oldestLog());
  const settings = planSettings(parts, {
    values: data.settings?.values ?? {},
    isKnown,
    oldestLogAt: oldest instanceof Problem ? null : oldest,
  });
  const upstream = planUpstream(parts, settings.endpoint);
  const pools = planPools(parts, data.database?.profiles() ?? []);
  const keys = planKeys(
    parts,
    [
      { name: "database.db", rows: data.database?.keys() ?? [] },
      { name: "keys.json", rows: data.keys },
    ],
    { upstreamId: upstream.upstream.id, poolOf: pools.poolOf, actor: run.actor },
  );
  if (inventory.keyCount() + keys.keys.length > KEY_LIMITS.maxKeys) throw tooManyKeys();
  const moved = upstream.change === "move_default" ? { apiEndpoint: upstream.upstream.baseUrl } : {};
  tellEndpoint(settings, upstream, parts.settings.current.apiEndpoint);
  return {
    upstream,
    pools,
    keys,
    settings,
    patch: { ...settings.patch, ...moved },
    facts: digest === null || isKnown ? {} : { [SETTINGS_FACT]: digest },
    notes: isKnown ? ["The settings were taken over before; what was changed here since stays."] : [],
  };
}

function tellEndpoint({ report }: SettingsPlan, { upstream, change }: UpstreamPlan, here: string): void {
  const earlierName = "endpoint";
  if (change === "move_default") {
    const { baseUrl: value } = upstream;
    report.changed.push({ earlierName, name: "api_endpoint", from: here, value, note: null });
  }
  if (change === "insert") {
    const reason = `api_endpoint is ${here} here, and stays so: the keys belong to a new upstream, "${upstream.name}"`;
    report.left.push({ earlierName, reason });
  }
}

function* records(data: EarlierData, plan: Plan, skip: (reason: string) => void): Generator<RequestRecord> {
  const context = {
    keyId: (earlierId: string) => plan.keys.ids.get(earlierId) ?? earlierId,
    upstreamId: plan.upstream.upstream.id,
    masked: (word: string) => plan.keys.masks.get(word) ?? null,
  };
  for (const row of data.database?.logs() ?? []) {
    const record = readEarlierLog(row, context);
    if (record instanceof Problem) skip(record.text);
    else yield record;
  }
}

function settingsEvent({ clock }: OperationsParts, { settings }: Plan, { actor }: MigrationRun) {
  const names = settings.report.changed.map(({ name }) => name);
  if (names.length === 0) return [];
  const detail = `taken over from the earlier version: ${names.join(", ")}`;
  return [createEvent(clock, actor, "settings_changed", detail)];
}

/** What storage has taken, into memory. */
async function remember(parts: OperationsParts, plan: Plan): Promise<void> {
  const { inventory, settings, pool } = parts;
  const { upstream, change } = plan.upstream;
  if (change !== "none") inventory.upstreams.set(upstream.id, upstream);
  for (const group of plan.pools.pools) inventory.pools.set(group.id, group);
  if (Object.keys(plan.patch).length > 0) settings.replace({ ...settings.current, ...plan.patch });
  parts.upstreamsChanged([...inventory.upstreams.values()]);
  parts.poolsChanged([...inventory.pools.values()]);
  for (const { stored, secret, state } of plan.keys.keys) {
    const { id, name, fingerprint, upstreamId } = stored;
    inventory.putKey(id, name, { secret, fingerprint, upstreamId });
    pool.restore(configOf(stored), secret, state);
  }
  await parts.restoreLive();
}

function tooManyToServe(requests: number, folder: string): ConflictError {
  return new ConflictError(
    `The earlier version has logged ${requests} requests, too many to be taken over while this program serves: stop it ` +
      `and run \`load-balancer migrate --from ${folder}\`.`,
  );
}
