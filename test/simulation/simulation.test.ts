import { expect, test } from "bun:test";
import { STRATEGIES, type Strategy } from "../../src/types.ts";
import { figure, scale } from "../support/scale.ts";
import { World } from "./world.ts";

/** `SEED=… bun test test/simulation` repeats a run. */
const SEED = Number(Bun.env.SEED ?? 20_261_124);

/** Each zone around the days on which its clocks are set forth and back; in proof, two whole years from there. */
const ZONES: { zone: string; starts: [forth: string, back: string] }[] = [
  { zone: "UTC", starts: ["2026-02-20T00:00:00Z", "2027-12-20T00:00:00Z"] },
  { zone: "America/New_York", starts: ["2026-02-25T00:00:00Z", "2026-10-20T00:00:00Z"] },
  { zone: "America/Los_Angeles", starts: ["2028-02-20T00:00:00Z", "2026-10-20T00:00:00Z"] },
  { zone: "Europe/Berlin", starts: ["2026-03-15T00:00:00Z", "2026-10-10T00:00:00Z"] },
  { zone: "Australia/Lord_Howe", starts: ["2026-09-20T00:00:00Z", "2026-03-20T00:00:00Z"] },
  { zone: "Africa/Cairo", starts: ["2026-04-10T00:00:00Z", "2026-10-15T00:00:00Z"] },
];

const parts = ZONES.flatMap(({ zone, starts }) => starts.map((startIso) => ({ zone, startIso })));

parts.forEach(({ zone, startIso }, index) => {
  const strategy = STRATEGIES[index % STRATEGIES.length] as Strategy;
  test(`${strategy}, ${zone} from ${startIso.slice(0, 10)}`, () => {
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
