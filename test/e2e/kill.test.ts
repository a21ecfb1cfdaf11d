import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ok } from "../support/openai-answers.ts";
import { rateLimited } from "../support/openai-errors.ts";
import { temporaryFolder } from "../support/process.ts";
import { figure, scale } from "../support/scale.ts";

const BATCH_MS = 250;

test("kill -9 under load: keys, settings, cooldowns and daily counters are there again", async () => {
  const kills = scale(5, 50);
  const folder = temporaryFolder();
  using upstream = startFakeUpstream({ fallback: ok() });
  upstream.script("limited-key-1", rateLimited({ retryAfter: 3_600 }));
  let keys = ["limited-key-1", "good-key-1"];
  const setUp = await startExecutable({ folder });
  await setUp.setUp(upstream.url, keys, { rotation_request_count: 1 });
  await setUp.kill();
  let used = 0;
  for (let round = 1; round <= kills; round += 1) {
    const program = await startExecutable({ folder });
    const before = await program.keys();
    expect(before.map(({ name }) => name).sort()).toEqual([...keys].sort());
    // Counters may lack what the last batch had not written, and no more.
    const counted = before.reduce((sum, key) => sum + key.daily_used, 0);
    expect(counted).toBeGreaterThanOrEqual(used);
    if (round > 1) {
      expect(before.find(({ name }) => name === "limited-key-1")?.status).toBe("cooling");
      expect(await program.must("GET", "/settings")).toMatchObject({ max_retries: round % 10 });
    }
    let stop = false;
    const load = Array.from({ length: 20 }, async () => {
      while (!stop) {
        await fetch(`${program.url}/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify({ model: "gpt-4o", messages: [] }),
        }).then(
          (answer) => answer.text(),
          () => {},
        );
      }
    });
    await Bun.sleep(2 * BATCH_MS);
    used = (await program.keys()).reduce((sum, key) => sum + key.daily_used, 0);
    await Bun.sleep(2 * BATCH_MS);
    const key = `key-of-round-${round}`;
    await program.must("POST", "/keys", { secret: key, name: key });
    keys = [...keys, key];
    await program.must("PATCH", "/settings", { max_retries: (round + 1) % 10 });
    await program.kill();
    stop = true;
    await Promise.all(load);
  }
  figure("kill -9 under load: kills, acknowledged changes lost", `${kills}, 0`);
  rmSync(folder, { recursive: true, force: true });
}, 300_000);
