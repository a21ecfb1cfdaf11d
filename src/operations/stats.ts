import { Days } from "../record/days.ts";
import type { RollupDimension } from "../storage/types.ts";
import type { OperationsParts } from "./deps.ts";
import { createKeyRecents } from "./key-recents.ts";
import { type Grid, StatsSpans } from "./stats-span.ts";
import { mergeAll, spread, toSums } from "./stats-sums.ts";
import type { StatsGroup, StatsOperations, StatsPeriod, StatsQuery } from "./types.ts";

const MAX_GROUPS = 200;
/** What is left waits for the next time. */
const MAX_PRUNE_SLICES = 200;

export const STATS_GROUPS = ["key", "model", "pool", "upstream", "outcome"] as const;

/** Statistics from rollups. Totals and groups cover the same buckets as the series. */
export function createStatsOperations(parts: OperationsParts): StatsOperations {
  const { clock, settings, inventory, pool } = parts;
  const { rollups } = parts.storage;
  const days = new Days(() => settings.current.dailyResetTimeZone);
  const spans = new StatsSpans(days, () => rollups.oldest());
  const fold = () => rollups.fold(days.startOf);
  const names: Partial<Record<RollupDimension, (id: string) => string | undefined>> = {
    key: (id) => pool.view(id)?.name,
    pool: (id) => inventory.pools.get(id)?.name,
    upstream: (id) => inventory.upstreams.get(id)?.name,
  };

  async function readPeriod(grid: Grid, query: StatsQuery, ids?: readonly string[]): Promise<StatsPeriod> {
    const { bucketS, starts, end } = grid;
    const from = starts[0] ?? end;
    const rows = await rollups.series({ bucketS, dimension: "total", values: [""], from, to: end });
    return {
      from,
      to: end,
      bucketS,
      totals: mergeAll(rows),
      series: spread(rows, starts),
      groups: query.groupBy === undefined ? [] : await readGroups(query.groupBy, grid, query, ids),
    };
  }

  async function readGroups(
    dimension: RollupDimension,
    { bucketS, starts, end }: Grid,
    query: StatsQuery,
    values?: readonly string[],
  ): Promise<StatsGroup[]> {
    const range = { dimension, from: starts[0] ?? end, to: end };
    // Whole days are read from days, whatever the series shows: a week of hours has a hundred times the rows.
    const isWhole =
      days.startOf(range.from) === range.from && (days.startOf(end) === end || end >= clock.now());
    const groups = await rollups.groups({
      ...range,
      bucketS: isWhole ? 86_400 : bucketS,
      limit: Math.min(query.groups ?? MAX_GROUPS, MAX_GROUPS),
      ...(values !== undefined && { values }),
    });
    const drawn = groups.slice(0, query.groupSeries ?? 0).map(({ value }) => value);
    const points = drawn.length === 0 ? [] : await rollups.series({ ...range, bucketS, values: drawn });
    const byValue = Map.groupBy(points, ({ value }) => value);
    return groups.map((group) => ({
      id: group.value,
      label: labelOf(dimension, group.value),
      ...toSums(group),
      series: drawn.includes(group.value) ? spread(byValue.get(group.value) ?? [], starts) : [],
    }));
  }

  function labelOf(dimension: RollupDimension, id: string): string {
    if (id === "") return dimension === "pool" ? "No pool" : "None";
    if (dimension === "model" || dimension === "outcome") return id;
    return names[dimension]?.(id) ?? `${id.slice(0, 8)}… (deleted)`;
  }

  return {
    recentByKey: createKeyRecents(clock, rollups),
    async read(query) {
      await fold();
      const { grid, before } = await spans.gridsFor(query, clock.now());
      const period = await readPeriod(grid, query);
      const ids = period.groups.map(({ id }) => id);
      const earlier = before && (await readPeriod(before, { ...query, groupSeries: 0 }, ids));
      return { ...period, before: earlier };
    },
    async reset() {
      await rollups.clear();
      parts.forgetLive();
    },
    fold,
    async prune() {
      for (let slice = 0; slice < MAX_PRUNE_SLICES; slice += 1) {
        if ((await rollups.prune(clock.now())) === 0) break;
        await Bun.sleep(0);
      }
      for (let block = 0; block < MAX_PRUNE_SLICES; block += 1) {
        if (!(await rollups.makeBlock(clock.now()))) return;
        await Bun.sleep(0);
      }
    },
  };
}
