import { keyColour } from "./components/key-chip.tsx";
import type { Colour } from "./components/swatch.tsx";
import type { GroupFigures } from "./stats-figures.ts";
import type { StatsGroupName } from "./stats-query.ts";

const COLOURS = 14;
export const BEFORE: Colour = { className: "c-text" };
export const QUIET: Colour = { className: "c-quiet" };

/**
 * A colour for each group, by id, the same in every chart and table of the page: a key has its own everywhere, a pool
 * the one that a person gave it; the others start from their name's and leave out what one before them has.
 */
export function groupColours(
  by: StatsGroupName,
  groups: readonly GroupFigures[],
  poolColours: ReadonlyMap<string, string>,
): Map<string, Colour> {
  const taken = new Set<string>();
  return new Map(groups.map(({ id, label }) => [id, colourOf(id, label)]));

  function colourOf(id: string, label: string): Colour {
    if (by === "key") return { className: keyColour(label) };
    const own = by === "pool" ? poolColours.get(id) : undefined;
    if (own !== undefined) return { fill: own };
    if (by === "outcome" && id === "ok") return { className: "c-available" };
    let className = keyColour(label);
    for (let tries = 0; taken.has(className) && tries < COLOURS; tries += 1)
      className = nextColour(className);
    taken.add(className);
    return { className };
  }
}

function nextColour(className: string): string {
  return `k${(Number(className.slice(1)) % COLOURS) + 1}`;
}
