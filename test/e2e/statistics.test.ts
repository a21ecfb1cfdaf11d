import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { type AdminClient, createAdminClient } from "../support/admin-client.ts";
import { status } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { reset } from "../support/broken-answers.ts";
import type { Script } from "../support/call.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { chat, ok } from "../support/openai-answers.ts";
import { openAiError, rateLimited } from "../support/openai-errors.ts";
import { chatStream } from "../support/openai-streams.ts";
import { startProgram, temporaryFolder } from "../support/process.ts";
import { figure, scale } from "../support/scale.ts";
import { every } from "../support/scripts.ts";

const AT_ONCE = 40;
const MODELS = ["gpt-4o", "gpt-4o-mini", "unpriced-model"];
const GOOD = ["good-key-1", "good-key-2", "good-key-3"];
const KEYS = [...GOOD, "often-limited-1", "often-failing-1", "often-resetting-1"];

/** What the client asks for is named in `user`, and the healthy keys do it. */
const KINDS: Record<string, Script> = {
  json: chat(),
  json_without_usage: status(200, {
    choices: [{ message: { content: "three short words" }, finish_reason: "stop" }],
  }),
  stream: chatStream(6, { usage: "always" }),
  stream_without_usage: chatStream(6, { usage: "never" }),
  stream_cut: chatStream(30, { usage: "never", cut: { atByte: 2_500, by: "fin" } }),
  stream_left: chatStream(200, { usage: "never", delayMs: 20 }),
  mistake: openAiError(400, "This is a mistake of the client"),
};
const KIND_NAMES = Object.keys(KINDS);
const healthy: Script = (call) => KINDS[String(call.json.user)] ?? ok();

interface Row {
  id: string;
  model: string;
  outcome: string;
  usage_source: string;
  input_tokens: number | null;
  output_tokens: number | null;
  cost_usd: number | null;
  duration_ms: number;
  ttft_ms: number | null;
  attempts: { key_id: string }[];
}
interface Sums {
  requests: number;
  successes: number;
  errors: number;
  client_errors: number;
  attempts: number;
  failovers: number;
  input_tokens: number;
  output_tokens: number;
  estimated_requests: number;
  unpriced_requests: number;
  cost_usd: number | null;
  duration_ms: Record<"p50" | "p95" | "p99", number>;
}
interface Stats {
  totals: Sums;
  series: Sums[];
  groups: (Sums & { id: string; label: string })[];
}

test("mixed requests against the truth of the upstream: raw rows, rollups and keys all say the same", async () => {
  const requests = scale(1_000, 10_000);
  using upstream = startFakeUpstream({
    keys: {
      ...Object.fromEntries(GOOD.map((key) => [key, healthy])),
      "often-limited-1": every(3, rateLimited({ retryAfter: 1 }), healthy),
      "often-failing-1": every(4, openAiError(500, "The server had an error"), healthy),
      "often-resetting-1": every(5, reset("mid_body"), healthy),
    },
  });
  await using app = await startApp({
    upstream: upstream.url,
    keys: KEYS,
    settings: { max_failure_count: 100, model_prices: { "gpt-4o": { input: 1, output: 3 } } },
  });
  await inParallel(requests, async (index) => {
    const kind = KIND_NAMES[index % KIND_NAMES.length] as string;
    const leaving = new AbortController();
    const body = { model: MODELS[index % MODELS.length], user: kind, stream: kind.startsWith("stream") };
    const answer = await app.chat(body, { signal: leaving.signal });
    if (kind !== "stream_left") return void (await answer.text().catch(() => ""));
    const reader = answer.body!.getReader();
    await reader.read();
    leaving.abort();
  });
  await settled(app, requests);

  const rows = await allRows(app);
  expect(rows).toHaveLength(requests);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(requests);
  const keys = await app.keys();
  const nameOf = new Map(keys.map(({ id, name }) => [id, name]));
  const stats = await read(app, "key");
  const byKey = new Map(stats.groups.map((group) => [group.label, group]));

  // Attempts by key: what the upstream saw.
  for (const key of KEYS) {
    const calls = upstream.callsOf(key).length;
    expect([key, byKey.get(key)?.attempts]).toEqual([key, calls]);
    const inRows = rows
      .flatMap(({ attempts }) => attempts)
      .filter(({ key_id }) => nameOf.get(key_id) === key);
    expect([key, inRows.length]).toEqual([key, calls]);
    expect([key, keys.find(({ name }) => name === key)?.request_count]).toEqual([key, calls]);
  }
  expect(stats.totals.attempts).toBe(upstream.calls.length);

  // Tokens by key and by model, where the upstream told them.
  const told = rows.filter(({ usage_source }) => usage_source === "upstream");
  expect(told.length).toBeGreaterThan(requests / 4);
  for (const key of KEYS) {
    const own = told.filter(({ attempts }) => nameOf.get(attempts.at(-1)?.key_id ?? "") === key);
    expect([key, ...tokens(own)]).toEqual([key, ...toldBy(upstream, (call) => call.secret === key)]);
  }
  for (const model of MODELS) {
    const own = told.filter((row) => row.model === model);
    expect([model, ...tokens(own)]).toEqual([
      model,
      ...toldBy(upstream, (call) => call.json.model === model),
    ]);
  }
  // The others that were answered are estimated.
  const estimated = rows.filter(({ usage_source }) => usage_source === "estimated");
  expect(estimated.length).toBeGreaterThan(requests / 4);

  // Rollups: the sums of the rows, in all, by time, and by each dimension.
  const expected = sumsOf(rows);
  expect(pick(stats.totals)).toEqual(expected);
  expect(total(stats.series)).toEqual(expected);
  for (const dimension of ["model", "pool", "outcome", "upstream", "key"]) {
    const { groups } = await read(app, dimension);
    expect([dimension, total(groups)]).toEqual([dimension, expected]);
  }
  for (const group of (await read(app, "model")).groups) {
    const own = sumsOf(rows.filter(({ model }) => model === group.id));
    expect([group.id, pick(group)]).toEqual([group.id, own]);
  }
  const durations = rows.map(({ duration_ms }) => duration_ms).sort((a, b) => a - b);
  let worst = 0;
  for (const [name, quantile] of [
    ["p50", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const exact = durations[Math.floor(quantile * (durations.length - 1))] as number;
    worst = Math.max(worst, Math.abs(stats.totals.duration_ms[name] - exact) / Math.max(exact, 1));
  }
  expect(worst).toBeLessThanOrEqual(0.02);
  figure(
    "mixed requests: rows, attempts, differences to the upstream's truth",
    `${requests}, ${upstream.calls.length}, 0`,
  );
  figure("percentiles from sketches: farthest from the exact ones", `${(worst * 100).toFixed(2)} %`);
}, 300_000);

test("kill -9 under load: rollups are the sums of the rows after each restart", async () => {
  const kills = scale(3, 30);
  const folder = temporaryFolder();
  const env = { ADMIN_API_TOKEN: TOKEN, ADMIN_PASSWORD: "a good password" };
  using upstream = startFakeUpstream({ fallback: healthy });
  for (let round = 0; round <= kills; round += 1) {
    const program = await startProgram({ folder, env });
    const admin = createAdminClient(program.url, TOKEN);
    if (round === 0) await admin.setUp(upstream.url, GOOD, { rotation_request_count: 1 });
    const rows = await allRows(admin);
    const { totals, groups } = await read(admin, "key");
    expect([round, pick(totals)]).toEqual([round, sumsOf(rows)]);
    expect(groups.reduce((sum, { requests }) => sum + requests, 0)).toBe(rows.length);
    if (round > 0) {
      expect(rows.length).toBeGreaterThan(0);
      // The dashboard goes on from there.
      expect(await admin.must("GET", "/monitoring")).toMatchObject({ requests: { today: rows.length } });
    }
    if (round === kills) {
      await program.stop();
      break;
    }
    let stop = false;
    const load = Array.from({ length: 4 }, async (_, index) => {
      const body = JSON.stringify({ model: MODELS[index % 3], user: "json", messages: [] });
      while (!stop) {
        await fetch(`${program.url}/v1/chat/completions`, { method: "POST", body }).then(
          (answer) => answer.text(),
          () => {},
        );
      }
    });
    await Bun.sleep(600 + 90 * (round % 7));
    // Some rounds die right after folding.
    if (round % 2 === 1) await read(admin, "key");
    await program.kill();
    stop = true;
    await Promise.all(load);
  }
  figure("kill -9 under load: kills, restarts with rollups other than the rows", `${kills}, 0`);
  rmSync(folder, { recursive: true, force: true });
}, 300_000);

const TOKEN = "test-admin-api-token";

async function inParallel(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** A client that left is noticed a moment later. */
async function settled(admin: AdminClient, requests: number): Promise<void> {
  const until = Date.now() + 20_000;
  while (Date.now() < until) {
    if ((await read(admin, "key")).totals.requests >= requests) return;
    await Bun.sleep(100);
  }
}

const read = async (admin: AdminClient, groupBy: string) =>
  (await admin.must("GET", `/stats?range=1h&group_by=${groupBy}`)) as Stats;

async function allRows(admin: AdminClient): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const path = `/logs?limit=500${cursor === "" ? "" : `&cursor=${cursor}`}`;
    const page = (await admin.must("GET", path)) as { data: Row[]; next_cursor: string | null };
    rows.push(...page.data);
    cursor = page.next_cursor;
  }
  return rows;
}

const CLIENT_OUTCOMES = ["client_error", "content_filtered", "client_closed"];

function sumsOf(rows: Row[]) {
  const count = (counts: (row: Row) => boolean) => rows.filter(counts).length;
  const priced = rows.filter(({ cost_usd }) => cost_usd !== null);
  const unpriced = count(({ usage_source, cost_usd }) => usage_source !== "none" && cost_usd === null);
  const cost = priced.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0);
  const [input, output] = tokens(rows);
  return {
    requests: rows.length,
    successes: count(({ outcome }) => outcome === "ok"),
    errors: count(({ outcome }) => outcome !== "ok" && !CLIENT_OUTCOMES.includes(outcome)),
    client_errors: count(({ outcome }) => CLIENT_OUTCOMES.includes(outcome)),
    attempts: rows.reduce((sum, { attempts }) => sum + attempts.length, 0),
    failovers: count(({ outcome, attempts }) => outcome === "ok" && attempts.length > 1),
    input_tokens: input,
    output_tokens: output,
    estimated_requests: count(({ usage_source }) => usage_source === "estimated"),
    unpriced_requests: unpriced,
    cost_usd: priced.length === 0 && unpriced > 0 ? null : expect.closeTo(cost, 9),
  };
}

type Plain = Omit<Sums, "duration_ms">;
const NAMES: (keyof Plain)[] = [
  "requests",
  "successes",
  "errors",
  "client_errors",
  "attempts",
  "failovers",
  "input_tokens",
  "output_tokens",
  "estimated_requests",
  "unpriced_requests",
  "cost_usd",
];

function pick(sums: Sums): Plain {
  return Object.fromEntries(NAMES.map((name) => [name, sums[name]])) as unknown as Plain;
}

function total(parts: Sums[]): Plain {
  return Object.fromEntries(
    NAMES.map((name) => [name, parts.reduce((sum, part) => sum + (part[name] ?? 0), 0)]),
  ) as unknown as Plain;
}

function tokens(rows: Row[]): [number, number] {
  return [
    rows.reduce((sum, { input_tokens }) => sum + (input_tokens ?? 0), 0),
    rows.reduce((sum, { output_tokens }) => sum + (output_tokens ?? 0), 0),
  ];
}

function toldBy(
  upstream: FakeUpstream,
  which: (call: FakeUpstream["calls"][number]) => boolean,
): [number, number] {
  const told = upstream.calls.filter(
    (call) =>
      which(call) && (call.json.user === "json" || call.json.user === "stream") && call.usage !== null,
  );
  return [
    told.reduce((sum, { usage }) => sum + (usage?.inputTokens ?? 0), 0),
    told.reduce((sum, { usage }) => sum + (usage?.outputTokens ?? 0), 0),
  ];
}
