import { expect, test } from "bun:test";
import type { Call } from "../support/call.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ask, atPace, inParallel, tally } from "../support/load.ts";
import { chat, ok } from "../support/openai-answers.ts";
import { rateLimited } from "../support/openai-errors.ts";
import { figure, scale } from "../support/scale.ts";
import { slow } from "../support/scripts.ts";

const MINUTE_MS = 60_000;
const UNDER_WAY_MS = 600;

/** The most of it within any minute. */
function mostInAMinute(events: { at: number; amount: number }[]): number {
  const sorted = events.toSorted((a, b) => a.at - b.at);
  let most = 0;
  let sum = 0;
  let first = 0;
  for (const { at, amount } of sorted) {
    sum += amount;
    while (at - (sorted[first]?.at ?? at) >= MINUTE_MS) {
      sum -= sorted[first]?.amount ?? 0;
      first += 1;
    }
    most = Math.max(most, sum);
  }
  return most;
}

const LIMITS = { rpm_limit: 40, tpm_limit: 1_500, max_concurrency: 4 };

/** As long as it may be, which is what a provider reserves. */
const wordy = (call: Call) =>
  chat("text", { usage: { inputTokens: 25, outputTokens: Number(call.json.max_tokens) } });

test("limits of a key are never passed, as its provider counts", async () => {
  const keys = ["requests-key", "tokens-key-1", "narrow-key-1"];
  using upstream = startFakeUpstream({
    keys: Object.fromEntries(keys.map((key) => [key, slow(20, wordy)])),
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, keys, { rotation_request_count: 1, queue_timeout_ms: 500 });
  const limits = Object.entries(LIMITS);
  for (const { id, name } of await program.keys()) {
    const [limit, value] = limits[keys.indexOf(name)] as [string, number];
    await program.must("PATCH", `/keys/${id}`, { [limit]: value });
  }
  const answers: string[] = [];
  const stop = atPace(400, async (index) => {
    const { status, code } = await ask(program.url, { max_tokens: 50 + (index % 7) * 10 });
    answers.push(`${status} ${code}`);
  });
  await Bun.sleep(scale(4_000, 150_000));
  await stop();
  const [byRequests, byTokens, byPlaces] = keys.map((key) => upstream.callsOf(key)) as [
    Call[],
    Call[],
    Call[],
  ];
  const requests = mostInAMinute(byRequests.map((call) => ({ at: call.startedAt, amount: 1 })));
  const tokens = (["startedAt", "endedAt"] as const).map((moment) =>
    mostInAMinute(byTokens.map((call) => ({ at: call[moment] ?? call.startedAt, amount: tokensOf(call) }))),
  );
  const atOnce = mostAtOnce(byPlaces);
  figure("limits: answers", tally(answers));
  figure(
    `limits ${JSON.stringify(LIMITS)}: most in a minute as counted upstream (tokens at arrival, at the end)`,
    `${requests}; ${tokens.join(", ")}; at once ${atOnce}`,
  );
  expect(requests).toBe(LIMITS.rpm_limit);
  for (const most of tokens) expect(most).toBeWithin(LIMITS.tpm_limit * 0.7, LIMITS.tpm_limit + 1);
  expect(atOnce).toBe(LIMITS.max_concurrency);
  expect(answers.every((answer) => answer === "200 null" || answer === "429 keys_cooling_down")).toBe(true);
}, 240_000);

test("many at once on few places: all are served in their turn, none fails, no place is used twice", async () => {
  const keys = ["narrow-key-1", "narrow-key-2"];
  using upstream = startFakeUpstream({ keys: Object.fromEntries(keys.map((key) => [key, slow(10, ok())])) });
  await using program = await startExecutable();
  await program.setUp(upstream.url, keys, { queue_timeout_ms: 20_000 });
  for (const { id } of await program.keys())
    await program.must("PATCH", `/keys/${id}`, { max_concurrency: 5 });
  const answers = await Promise.all(Array.from({ length: scale(150, 1_000) }, () => ask(program.url)));
  expect(tally(answers.map(({ status }) => status))).toBe(`200 × ${answers.length}`);
  for (const key of keys) expect(mostAtOnce(upstream.callsOf(key))).toBe(5);
  figure("queue: waiting at once, served", `${answers.length - 10}, ${answers.length}`);
}, 120_000);

test("a stated wait is kept to the millisecond, and the key is used again right after", async () => {
  const keys = Array.from({ length: 20 }, (_, n) => `cooled-key-${n + 1}`);
  const waitS = 2;
  const limitedTimes = scale(2, 10);
  const limited = rateLimited({ retryAfter: waitS });
  using upstream = startFakeUpstream({
    keys: Object.fromEntries(
      keys.map((key) => [
        key,
        (call) => ((call.n - 1) % 20 === 0 && call.n <= limitedTimes * 20 ? limited : ok()),
      ]),
    ),
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, keys, { rotation_request_count: 1 });
  const answers: number[] = [];
  const stop = atPace(400, async () => void answers.push((await ask(program.url)).status));
  const everyLimit = () => keys.every((key) => upstream.callsOf(key).length > limitedTimes * 20);
  for (let waited = 0; !everyLimit() && waited < 120_000; waited += 500) await Bun.sleep(500);
  await stop();
  let cooled = 0;
  let early = 0;
  let soon = 0;
  for (const key of keys) {
    const calls = upstream.callsOf(key);
    calls.forEach((call, index) => {
      const next = calls[index + 1];
      if (call.status !== 429 || next === undefined) return;
      cooled += 1;
      const saidAt = call.endedAt ?? call.startedAt;
      // Calls that were under way as the first was limited are no picks within its wait; on a busy machine they are late.
      const later = calls.slice(index + 1).find(({ startedAt }) => startedAt > saidAt + UNDER_WAY_MS);
      if (later === undefined) return;
      if (later.startedAt < saidAt + waitS * 1_000) early += 1;
      if (later.startedAt <= saidAt + waitS * 1_000 + 1_000) soon += 1;
    });
  }
  figure("cooled keys: cooldowns, calls within them, used again within 1 s", `${cooled}, ${early}, ${soon}`);
  expect(early).toBe(0);
  expect(soon).toBeGreaterThanOrEqual(0.99 * cooled);
  expect(cooled).toBeGreaterThanOrEqual(limitedTimes * keys.length);
  expect(tally(answers)).toBe(`200 × ${answers.length}`);
}, 240_000);

test("one client address may be held to so many requests a minute", async () => {
  using upstream = startFakeUpstream({ keys: { "key-a-123": ok() } });
  await using program = await startExecutable({ env: { TRUSTED_PROXIES: "127.0.0.1/32" } });
  await program.setUp(upstream.url, ["key-a-123"], { client_requests_per_minute: 20 });
  const from = (address: string) =>
    fetch(`${program.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-forwarded-for": address },
      body: JSON.stringify({ model: "gpt-4o", messages: [] }),
    });
  const statuses: number[] = [];
  await inParallel(50, 10, async () => {
    const answer = await from("203.0.113.7");
    statuses.push(answer.status);
    const { error } = (await answer.json()) as { error?: { code: string } };
    if (answer.status !== 429) return;
    expect(error?.code).toBe("client_rate_limited");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(50);
  });
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(upstream.calls).toHaveLength(20);
  expect((await from("203.0.113.8")).status).toBe(200);
}, 60_000);

function tokensOf(call: Call): number {
  return call.usage === null || call.usage === undefined
    ? 0
    : call.usage.inputTokens + call.usage.outputTokens;
}

function mostAtOnce(calls: Call[]): number {
  const changes = calls.flatMap((call) => [
    { at: call.startedAt, by: 1 },
    { at: call.endedAt ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
