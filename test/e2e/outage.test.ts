import { expect, test } from "bun:test";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { type Answered, ask, atPace, tally } from "../support/load.ts";
import { openAiError } from "../support/openai-errors.ts";
import { figure, scale } from "../support/scale.ts";

const KEYS = Array.from({ length: 20 }, (_, n) => `key-${n + 1}-of-twenty`);
const PER_S = 150;
const BACK_WITHIN_MS = 5_000;

interface Dated extends Answered {
  beganAt: number;
}

for (const kind of ["nobody listens", "every answer is 500", "every answer is 503"]) {
  test.concurrent(`an outage of the host, ${kind}: not multiplied, no key punished, and back at once`, async () => {
    const outageMs = scale(3_000, 60_000);
    using upstream = startFakeUpstream({ keys: KEYS });
    await using program = await startExecutable();
    await program.setUp(upstream.url, KEYS, { rotation_request_count: 1 });
    const answers: Dated[] = [];
    const stop = atPace(PER_S, async () => {
      const beganAt = performance.now();
      answers.push({ ...(await ask(program.url)), beganAt });
    });
    await Bun.sleep(1_000);
    const downAt = performance.now();
    if (kind === "nobody listens") upstream.down();
    else upstream.override(openAiError(kind.includes("500") ? 500 : 503, "The server had an error"));
    await Bun.sleep(outageMs);
    if (kind === "nobody listens") upstream.up();
    upstream.override(null);
    const upAt = performance.now();
    await Bun.sleep(BACK_WITHIN_MS + 500);
    await stop();

    const during = answers.filter(({ beganAt }) => beganAt >= downAt && beganAt < upAt);
    const attempts = during.reduce((sum, answer) => sum + answer.attempts, 0);
    const after = answers.filter(({ beganAt }) => beganAt >= upAt).sort((a, b) => a.beganAt - b.beganAt);
    const lastFailure = after.findLast(({ status }) => status !== 200);
    const backAfterMs = lastFailure === undefined ? 0 : lastFailure.beganAt - upAt;
    const statuses = (await program.keys()).map(({ status }) => status);
    figure(
      `outage, ${kind}: requests meanwhile, attempts, by requests`,
      `${during.length}, ${attempts}, ${(attempts / during.length).toFixed(2)}`,
    );
    figure(
      `outage, ${kind}: answers meanwhile`,
      tally(during.map(({ status, code }) => `${status} ${code}`)),
    );
    figure(
      `outage, ${kind}: last failure after recovery, ms; keys`,
      `${backAfterMs.toFixed(0)}; ${tally(statuses)}`,
    );
    expect(attempts).toBeLessThanOrEqual(1.5 * during.length);
    expect(backAfterMs).toBeLessThanOrEqual(BACK_WITHIN_MS);
    expect(tally(statuses)).toBe("available × 20");
    expect(answers.filter(({ beganAt }) => beganAt < downAt).length).toBeGreaterThan(20);
  }, 180_000);
}
