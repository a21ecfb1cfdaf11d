import { expect, test } from "bun:test";
import { startJobs } from "../../src/jobs/scheduler.ts";
import { createLogger } from "../../src/log.ts";

test("jobs run at their pace, never twice at once, and again after a failure, until they are stopped", async () => {
  const lines: string[] = [];
  const log = createLogger({ level: "info", format: "json", write: (line) => lines.push(line) });
  const runs = { quick: 0, slow: 0, slowAtOnce: 0, most: 0 };
  const stop = startJobs(
    [
      {
        name: "quick",
        everyMs: 10,
        async run() {
          runs.quick += 1;
          if (runs.quick === 1) throw new Error("the first time fails");
        },
      },
      {
        name: "slow",
        everyMs: 10,
        async run() {
          runs.slow += 1;
          runs.slowAtOnce += 1;
          runs.most = Math.max(runs.most, runs.slowAtOnce);
          await Bun.sleep(60);
          runs.slowAtOnce -= 1;
        },
      },
    ],
    log,
  );
  await Bun.sleep(300);
  stop();
  expect(runs.quick).toBeWithin(5, 31);
  expect(runs.slow).toBeWithin(2, 6);
  expect(runs.most).toBe(1);
  expect(lines.filter((line) => line.includes("a job failed"))).toHaveLength(1);
  const before = runs.quick;
  await Bun.sleep(60);
  expect(runs.quick).toBe(before);
});
