import { expect, test } from "bun:test";
import { reset } from "../support/broken-answers.ts";
import type { Script } from "../support/call.ts";
import { chance } from "../support/chance.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ask, inParallel, tally } from "../support/load.ts";
import { ok } from "../support/openai-answers.ts";
import { openAiError, rateLimited, unauthorized } from "../support/openai-errors.ts";
import { figure, scale } from "../support/scale.ts";

const KEYS = Array.from({ length: 20 }, (_, n) => `key-${n + 1}-of-twenty`);
const FAULTY_AT_ONCE = 6;
const FAULTS: Record<string, Script> = {
  "429 with a wait": rateLimited({ retryAfter: 1 }),
  "429 without one": rateLimited(),
  "401": unauthorized(),
  "402": openAiError(402, "Insufficient balance", { code: "insufficient_quota" }),
  "403": openAiError(403, "You do not have permission to use this API", { code: "permission_denied" }),
  "cut before the head": reset("before_head"),
  "cut inside the head": reset("mid_head"),
};
/** Faults that pass in seconds want keys that are tried again in seconds. */
const SETTINGS = { rotation_request_count: 1, rate_limit_cooldown_s: 1, key_probe_interval_s: 1 };
const SEED = Number(Bun.env.SEED ?? 4);

test("six of twenty keys at fault at any time, and not for long the same: no client notices", async () => {
  const requests = scale(6_000, 100_000);
  const changeMs = scale(1_000, 5_000);
  const dice = chance(SEED);
  using upstream = startFakeUpstream({ keys: KEYS });
  await using program = await startExecutable();
  await program.setUp(upstream.url, KEYS, SETTINGS);
  const kinds = Object.values(FAULTS);
  let faulty: string[] = [];
  let hostFailures = 0;
  let changes = 0;
  const change = () => {
    for (const key of faulty) upstream.script(key, ok());
    faulty = dice.some(KEYS, FAULTY_AT_ONCE);
    for (const key of faulty) {
      const fault = dice.one(kinds);
      const isCut = fault === FAULTS["cut before the head"] || fault === FAULTS["cut inside the head"];
      upstream.script(key, () => {
        if (isCut) hostFailures += 1;
        return fault;
      });
    }
    changes += 1;
    upstream.calls.length = 0;
  };
  change();
  const timer = setInterval(change, changeMs);
  const failures: string[] = [];
  let attempts = 0;
  await inParallel(requests, 32, async () => {
    const answer = await ask(program.url);
    attempts += answer.attempts;
    if (answer.status !== 200) failures.push(`${answer.status} ${answer.code}`);
  });
  clearInterval(timer);
  figure(
    "faulty keys: requests, changes, client failures",
    `${requests}, ${changes}, ${failures.length} (${tally(failures)})`,
  );
  figure(
    "faulty keys: attempts, of them host failures, by requests",
    [attempts, hostFailures, ((requests + hostFailures) / requests).toFixed(3)].join(", "),
  );
  expect({ seed: SEED, failures: tally(failures) }).toEqual({ seed: SEED, failures: "" });
  expect(requests + hostFailures).toBeLessThanOrEqual(1.2 * requests);
  expect(changes).toBeGreaterThan(1);
}, 600_000);

test("190 of 200 keys are limited and nobody knew: the first requests still succeed", async () => {
  const bad = Array.from({ length: 190 }, (_, n) => `limited-key-${n + 1}`);
  const good = Array.from({ length: 10 }, (_, n) => `healthy-key-${n + 1}`);
  using upstream = startFakeUpstream({
    keys: {
      ...Object.fromEntries(bad.map((key, n) => [key, rateLimited(n % 2 === 0 ? { retryAfter: 60 } : {})])),
      ...Object.fromEntries(good.map((key) => [key, ok()])),
    },
  });
  await using program = await startExecutable();
  const deadlineMs = 30_000;
  await program.setUp(upstream.url, [...bad, ...good], {
    max_key_switches: 200,
    retry_deadline_ms: deadlineMs,
    rotation_request_count: 1,
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(program.url)));
  const longestMs = Math.max(...answers.map(({ ms }) => ms));
  figure(
    "190 of 200 keys limited: first 20 requests, most attempts of one, longest wait in ms",
    `${tally(answers.map(({ status }) => status))}, ${Math.max(...answers.map(({ attempts }) => attempts))}, ${longestMs.toFixed(0)}`,
  );
  expect(tally(answers.map(({ status }) => status))).toBe("200 × 20");
  expect(longestMs).toBeLessThan(deadlineMs);
  const before = upstream.calls.length;
  await inParallel(100, 20, async () => {
    expect((await ask(program.url)).status).toBe(200);
  });
  // Now they are known, none of them is asked within its wait.
  expect(upstream.calls.length - before).toBe(100);
}, 120_000);
