import { describe, expect, test } from "bun:test";
import { Latency } from "../../src/pool/latency.ts";

/** After this time what was measured counts for 37 %. */
const MEMORY_MS = 30_000;

function measured(ttftMs: number, now: number): Latency {
  const latency = new Latency();
  latency.learn(ttftMs, now);
  return latency;
}

describe("what a further request would wait", () => {
  test("is nothing on an idle key that was never measured, and a second for each request on it", () => {
    expect(new Latency().cost(0, 5_000)).toBe(0);
    expect(new Latency().cost(3, 5_000)).toBe(3_000);
  });

  test("grows with the requests in flight", () => {
    expect(measured(200, 1_000).cost(0, 1_000)).toBe(200);
    expect(measured(200, 1_000).cost(4, 1_000)).toBe(1_000);
  });

  test("fades as time goes by, and never grows by a clock that stands still", () => {
    const latency = measured(200, 1_000);
    expect(latency.cost(0, 1_000 + MEMORY_MS)).toBeCloseTo(200 / Math.E, 6);
    expect(latency.cost(0, 1_000 + 2 * MEMORY_MS)).toBeCloseTo(200 / Math.E ** 2, 6);
    expect(latency.cost(0, 500)).toBe(200);
  });
});

describe("a new measurement", () => {
  test("that is worse counts at once", () => {
    const latency = measured(200, 1_000);
    latency.learn(900, 1_001);
    expect(latency.cost(0, 1_001)).toBe(900);
  });

  test("that is better counts the more the longer ago the last one was", () => {
    const [soon, later] = [measured(1_000, 0), measured(1_000, 0)];
    soon.learn(100, 300);
    later.learn(100, MEMORY_MS / 3);
    expect(soon.cost(0, 300)).toBeCloseTo(1_000 * Math.exp(-0.01) + 100 * (1 - Math.exp(-0.01)), 6);
    const weight = Math.exp(-1 / 3);
    expect(later.cost(0, MEMORY_MS / 3)).toBeCloseTo(1_000 * weight + 100 * (1 - weight), 6);
  });
});
