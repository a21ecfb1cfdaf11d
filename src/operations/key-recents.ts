import type { Clock } from "../clock.ts";
import type { RollupStorage } from "../storage/types.ts";
import type { KeyRecent } from "./types.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MINUTES = 60;
const HOURS = 24;
/** Statistics are folded every ten seconds; a page that looks every two gets the same until then. */
const FRESH_MS = 10_000;
const MAX_REMEMBERED = 50;

type Recents = ReadonlyMap<string, KeyRecent>;

/** Last hour and last day of the keys that a page shows: point reads, however many keys there are. */
export function createKeyRecents(clock: Clock, rollups: Pick<RollupStorage, "points">) {
  const remembered = new Map<string, { at: number; recents: Promise<Recents> }>();

  async function read(ids: string[]): Promise<Recents> {
    const now = clock.now();
    const lastMinute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
    const lastHour = Math.floor(now / HOUR_MS) * HOUR_MS;
    const minutes = starts(lastMinute, MINUTE_MS, MINUTES);
    const of = { dimension: "key", values: ids } as const;
    const points = await Promise.all([
      rollups.points({ ...of, bucketS: 60, starts: minutes }),
      rollups.points({ ...of, bucketS: 3_600, starts: starts(lastHour, HOUR_MS, HOURS) }),
    ]);
    const recents = new Map<string, KeyRecent>();
    const recentOf = (id: string) => {
      const known = recents.get(id);
      if (known !== undefined) return known;
      const blank = { minutes: minutes.map(() => 0), attempts: 0, successes: 0, clientErrors: 0 };
      recents.set(id, blank);
      return blank;
    };
    for (const { value, at, attempts } of points[0])
      recentOf(value).minutes[(at - (minutes[0] as number)) / MINUTE_MS] = attempts;
    for (const { value, attempts, successes, clientErrors } of points[1]) {
      const recent = recentOf(value);
      recent.attempts += attempts;
      recent.successes += successes;
      recent.clientErrors += clientErrors;
    }
    return recents;
  }

  return (ids: string[]): Promise<Recents> => {
    const now = clock.monotonic();
    const name = ids.join(" ");
    const known = remembered.get(name);
    if (known !== undefined && now - known.at < FRESH_MS) return known.recents;
    remembered.delete(name);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
    const recents = ids.length === 0 ? Promise.resolve(new Map()) : read(ids);
    remembered.set(name, { at: now, recents });
    // What failed is not kept.
    recents.catch(() => remembered.delete(name));
    return recents;
  };
}

/** Oldest first. */
function starts(last: number, stepMs: number, amount: number): number[] {
  return Array.from({ length: amount }, (_, index) => last - (amount - 1 - index) * stepMs);
}
