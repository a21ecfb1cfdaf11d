import { Problem } from "../../setting-types.ts";
import type { Pool } from "../../types.ts";
import type { OperationsParts } from "../deps.ts";
import { POOL_LIMITS } from "../pools.ts";
import type { MigrationReport } from "../types.ts";
import { readText, readTime } from "./values.ts";

const DEFAULT_PROFILE = "default";
const DEFAULT_COLOR = "#6366f1";
const COLOR = /^#[0-9a-f]{6}$/;
const ICON = /^[a-z0-9-]{1,40}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f]+/g;

export interface PoolPlan {
  /** New ones. */
  pools: Pool[];
  report: MigrationReport["pools"];
  notes: string[];
  /** The pool of a profile, made where it is not there yet; null: none. */
  poolOf(profile: string | null): Pool | null;
}

/**
 * A pool for each profile, also for one that has no keys, or no row of its own. The default profile is none: its keys
 * stand without a pool. A pool of that name that is here already takes its keys.
 */
export function planPools({ inventory, clock }: OperationsParts, rows: Record<string, unknown>[]): PoolPlan {
  const here = new Map([...inventory.pools.values()].map((pool) => [pool.name.toLowerCase(), pool]));
  const byProfile = new Map<string, Pool>();
  const plan: PoolPlan = { pools: [], report: { added: [], present: [] }, notes: [], poolOf };
  const now = clock.now();

  function poolOf(profile: string | null, row: Record<string, unknown> = {}): Pool | null {
    if (profile === null || profile === DEFAULT_PROFILE) return null;
    const known = byProfile.get(profile);
    if (known !== undefined) return known;
    const name = nameOf(profile);
    if (name === "") return null;
    const present = here.get(name.toLowerCase());
    const pool = present ?? newPool(name, row);
    byProfile.set(profile, pool);
    here.set(name.toLowerCase(), pool);
    if (present === undefined) {
      plan.pools.push(pool);
      plan.report.added.push(pool.name);
    } else plan.report.present.push(pool.name);
    if (pool.name !== profile)
      plan.notes.push(`The profile "${profile.slice(0, 60)}" is the pool "${pool.name}".`);
    return pool;
  }

  function newPool(name: string, row: Record<string, unknown>): Pool {
    const color = text(row.color).toLowerCase();
    const icon = text(row.icon);
    const createdAt = readTime(row.created_at);
    return {
      id: clock.id(),
      name,
      description: cleaned(text(row.description), POOL_LIMITS.descriptionMaxChars),
      color: COLOR.test(color) ? color : DEFAULT_COLOR,
      icon: ICON.test(icon) ? icon : "",
      strategy: null,
      createdAt: typeof createdAt === "number" ? createdAt : now + plan.pools.length,
    };
  }

  for (const row of rows) poolOf(text(row.name) || null, row);
  return plan;
}

/** A name that a pool may have: no `/`, which parts it from the rest of a base URL. */
function nameOf(profile: string): string {
  return cleaned(profile.replaceAll("/", "-"), POOL_LIMITS.nameMaxChars);
}

function cleaned(given: string, maxChars: number): string {
  return given.replace(CONTROL_CHARACTERS, " ").trim().slice(0, maxChars).trim();
}

function text(given: unknown): string {
  const read = readText(given);
  return read instanceof Problem ? "" : (read ?? "");
}
