import { expect, test } from "bun:test";
import { createKeyProbe } from "../../src/jobs/key-probe.ts";
import { manualClock } from "../support/clock.ts";

const DAY_S = 86_400;

/** Runs the job each second and tells when each probe came, in seconds since the key became invalid. */
function scene(keyProbeIntervalS: number) {
  const clock = manualClock();
  const invalid = new Map([["a", clock.now()]]);
  const began = clock.now();
  const probes: { id: string; atS: number }[] = [];
  const settings = { keyProbeIntervalS };
  const newJob = () =>
    createKeyProbe({
      clock,
      settings: () => settings,
      invalidKeys: () => Array.from(invalid, ([id, since]) => ({ id, since })),
      probe: async (id) => void probes.push({ id, atS: (clock.now() - began) / 1_000 }),
    });
  let job = newJob();
  return {
    invalid,
    probes,
    settings,
    clock,
    restart: () => {
      job = newJob();
    },
    async pass(seconds: number, stepS = 1) {
      for (let n = 0; n < seconds; n += stepS) {
        clock.advance(stepS * 1_000);
        await job.run();
      }
    },
  };
}

test("an invalid key is probed after the interval, then after twice as long each time, up to a day", async () => {
  const { probes, pass } = scene(300);
  await pass(3_000);
  expect(probes.map(({ atS }) => atS)).toEqual([300, 600, 1_200, 2_400]);
  await pass(6 * DAY_S, 60);
  const gaps = probes.map(({ atS }, n) => atS - (probes[n - 1]?.atS ?? 0));
  expect(Math.max(...gaps)).toBeWithin(DAY_S, DAY_S + 61);
  expect(gaps.at(-1)).toBeWithin(DAY_S, DAY_S + 61);
});

test("one that works again is forgotten, and begins anew when it becomes invalid again", async () => {
  const { probes, pass, invalid, clock } = scene(10);
  await pass(100);
  expect(probes).toHaveLength(4);
  invalid.delete("a");
  await pass(100);
  expect(probes).toHaveLength(4);
  invalid.set("a", clock.now());
  await pass(10);
  expect(probes).toHaveLength(5);
});

test("a restart begins with a probe where one is due, and goes on at the pace of the time that it is out", async () => {
  const { probes, pass, restart } = scene(10);
  await pass(45);
  restart();
  await pass(1);
  expect(probes.map(({ atS }) => atS)).toEqual([10, 20, 40, 46]);
  await pass(45);
  expect(probes).toHaveLength(4);
  await pass(2);
  expect(probes.at(-1)?.atS).toBe(92);
});

test("0 never probes, and a changed interval holds at once", async () => {
  const { probes, pass, settings } = scene(0);
  await pass(1_000);
  expect(probes).toHaveLength(0);
  settings.keyProbeIntervalS = 5;
  await pass(1);
  expect(probes).toHaveLength(1);
});

test("many are probed a round, in parallel but not all at once", async () => {
  const clock = manualClock();
  let running = 0;
  let most = 0;
  let done = 0;
  const job = createKeyProbe({
    clock,
    settings: () => ({ keyProbeIntervalS: 1 }),
    invalidKeys: () => Array.from({ length: 250 }, (_, n) => ({ id: `k${n}`, since: 0 })),
    async probe() {
      running += 1;
      most = Math.max(most, running);
      await Bun.sleep(1);
      running -= 1;
      done += 1;
    },
  });
  await job.run();
  expect([done, most]).toEqual([100, 4]);
  await job.run();
  expect(done).toBe(200);
});
