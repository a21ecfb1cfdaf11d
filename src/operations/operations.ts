import { createCleanupOperations } from "./cleanup.ts";
import type { OperationsDeps, OperationsParts } from "./deps.ts";
import { createMigration } from "./earlier/migration.ts";
import { createInventory } from "./inventory.ts";
import { createKeyStore } from "./key-store.ts";
import { createKeyOperations } from "./keys.ts";
import { createLogOperations } from "./logs.ts";
import { createOneAtATime } from "./one-at-a-time.ts";
import { createPoolOperations } from "./pools.ts";
import { createPromptOperations } from "./prompts.ts";
import { createSettingsOperations } from "./settings.ts";
import { type Loaded, loadAll } from "./startup.ts";
import { createStatsOperations } from "./stats.ts";
import { createTransferOperations } from "./transfer/transfer.ts";
import type { Operations } from "./types.ts";
import { createUpstreamStore } from "./upstream-store.ts";
import { createUpstreamOperations } from "./upstreams.ts";

export interface LoadableOperations extends Operations {
  /** To be awaited once before anything else is called. */
  loadAll(): Promise<Loaded>;
}

/**
 * What pages, API, commands and jobs all call. Every change goes one after the other: checked, written to storage
 * (awaited, durable), then to memory; what throws has changed nothing.
 */
export function createOperations(deps: OperationsDeps): LoadableOperations {
  const parts: OperationsParts = { ...deps, inventory: createInventory(), change: createOneAtATime() };
  const keyStore = createKeyStore(parts);
  const upstreamStore = createUpstreamStore(parts, keyStore);
  const keys = createKeyOperations(parts, keyStore);
  const migration = createMigration(parts);
  const stats = createStatsOperations(parts);
  return {
    keys,
    pools: createPoolOperations(parts),
    upstreams: createUpstreamOperations(parts, upstreamStore, keyStore),
    settings: createSettingsOperations(parts, upstreamStore),
    logs: createLogOperations(parts.storage, parts.clock, parts.logTail),
    prompts: createPromptOperations(parts),
    cleanup: createCleanupOperations(parts),
    stats,
    migration,
    transfer: createTransferOperations(parts, stats.fold, keys, migration),
    loadAll: () => loadAll(parts, upstreamStore),
  };
}
