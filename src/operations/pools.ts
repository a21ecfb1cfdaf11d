import { Problem } from "../setting-types.ts";
import { settingRows } from "../settings.ts";
import { ConflictError, NotFoundError, type Pool, type Strategy } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent, describeChanges } from "./key-events.ts";
import { textProblem } from "./key-input.ts";
import { nameProblem, refuseTakenName } from "./naming.ts";
import { refuseProblems, refuseWithKeys } from "./references.ts";
import { poolRevision, refuseChanged } from "./revision.ts";
import type { PoolInput, PoolOperations } from "./types.ts";

export const POOL_LIMITS = { nameMaxChars: 50, descriptionMaxChars: 500, maxPools: 1_000 } as const;
const DEFAULT_COLOR = "#6366f1";
const COLOR = /^#[0-9a-f]{6}$/;
const ICON = /^[a-z0-9-]{0,40}$/;
const strategyRow = settingRows.find(({ name }) => name === "strategy");

const MAX_EXPLAINED_KEYS = 500;

const TOLD_FIELDS = (["name", "description", "color", "icon", "strategy"] as const).map((field) => ({
  field,
  wireName: field,
}));

export function createPoolOperations(parts: OperationsParts): PoolOperations {
  const { storage, inventory, clock, change } = parts;

  const find = (id: string): Pool => {
    const pool = inventory.pools.get(id);
    if (pool === undefined) throw new NotFoundError("There is no such pool.");
    return pool;
  };
  const remember = (pool: Pool) => {
    inventory.pools.set(pool.id, pool);
    parts.poolsChanged([...inventory.pools.values()]);
  };

  return {
    list: async () => [...inventory.pools.values()],
    async explain({ model, poolId }) {
      const strategy = poolId === null ? null : find(poolId).strategy;
      const guide = model === null ? { model } : parts.guide(model);
      return parts.pool.explain({ ...guide, poolId, strategy, tried: new Set() }, MAX_EXPLAINED_KEYS);
    },
    get: async (id) => find(id),

    add: (input, actor) =>
      change(async () => {
        const blank: Pool = {
          id: clock.id(),
          name: "",
          description: "",
          color: DEFAULT_COLOR,
          icon: "",
          strategy: null,
          createdAt: clock.now(),
        };
        const pool = withInput(blank, input);
        refuseTakenName("a pool", inventory.pools.values(), pool);
        if (inventory.pools.size >= POOL_LIMITS.maxPools) {
          throw new ConflictError(`There may be at most ${POOL_LIMITS.maxPools} pools.`);
        }
        await storage.pools.insert(pool);
        remember(pool);
        await storage.keyEvents.insert(
          createEvent(clock, actor, "settings_changed", `pool "${pool.name}" added`),
        );
        return pool;
      }),

    edit: (id, patch, actor, seen) =>
      change(async () => {
        const before = find(id);
        refuseChanged(seen, poolRevision(before));
        const after = withInput(before, patch);
        refuseTakenName("a pool", inventory.pools.values(), after);
        const detail = describeChanges(before, after, TOLD_FIELDS);
        if (detail === "") return before;
        await storage.pools.update(after);
        remember(after);
        await storage.keyEvents.insert(
          createEvent(clock, actor, "settings_changed", `pool "${before.name}": ${detail}`),
        );
        return after;
      }),

    remove: (id, actor, seen) =>
      change(async () => {
        const pool = find(id);
        refuseChanged(seen, poolRevision(pool));
        const keys = parts.pool.glances().filter(({ key }) => key.poolId === id).length;
        refuseWithKeys(`The pool "${pool.name}"`, keys);
        await storage.pools.delete(id);
        inventory.pools.delete(id);
        parts.poolsChanged([...inventory.pools.values()]);
        await storage.keyEvents.insert(
          createEvent(clock, actor, "settings_changed", `pool "${pool.name}" deleted`),
        );
      }),
  };
}

/** The pool with what is given put in its place. @throws InputError with the problem of each field. */
function withInput(pool: Pool, input: Partial<PoolInput>): Pool {
  const next: Pool = {
    ...pool,
    name: input.name?.trim() ?? pool.name,
    description: input.description?.trim() ?? pool.description,
    color: input.color?.toLowerCase() ?? pool.color,
    icon: input.icon ?? pool.icon,
    strategy: input.strategy === undefined ? pool.strategy : input.strategy,
  };
  refuseProblems(poolProblems(next));
  return next;
}

function poolProblems({ name, description, color, icon, strategy }: Pool): Record<string, string> {
  const problems: Record<string, string | null> = {
    name: nameProblem(name, POOL_LIMITS.nameMaxChars),
    description: textProblem(description, POOL_LIMITS.descriptionMaxChars),
    color: COLOR.test(color) ? null : "give a colour as #rrggbb",
    icon: ICON.test(icon) ? null : "give the name of an icon: small letters, digits and -",
    strategy: strategyProblem(strategy),
  };
  return Object.fromEntries(
    Object.entries(problems).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

/** Only what works by now, which the setting's own row says. */
function strategyProblem(strategy: Strategy | null): string | null {
  const reading = strategy === null ? null : strategyRow?.type.read(strategy);
  return reading instanceof Problem ? `${reading.text}, or null for the global one` : null;
}
