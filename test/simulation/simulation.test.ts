import { expect, test } from "bun:test";
import { figure, scale } from "../support/scale.ts";
import { PARTS } from "./parts.ts";
import { World } from "./world.ts";

/** `SEED=… bun test test/simulation` repeats a run. */
const SEED = Number(Bun.env.SEED ?? 20_261_124);

PARTS.forEach(({ zone, startIso, strategy, name }, index) => {
  test(name, () => {
    const size = { keys: scale(200, 5_000), days: scale(30, 730), requests: scale(15_000, 1_500_000) };
    const report = new World({ seed: SEED + index, strategy, zone, startIso, ...size }).run();
    const { problems, ...counts } = report;
    figure(`simulation, ${strategy}, ${zone}, ${size.keys} keys × ${size.days} days`, JSON.stringify(counts));
    expect({ seed: SEED, problems }).toEqual({ seed: SEED, problems: [] });
    expect(counts.claims).toBeGreaterThan(size.requests / 2);
    expect(counts.dailyResets).toBeGreaterThan(0);
    expect(counts.restarts).toBeGreaterThan(0);
    expect(counts.ejections).toBeGreaterThan(0);
  }, 1_800_000);
});
