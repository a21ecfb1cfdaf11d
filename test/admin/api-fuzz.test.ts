import { expect, test } from "bun:test";
import fc from "fast-check";
import type { ApiDocument } from "../../src/admin/api/openapi.ts";
import { type DescribedCall, type Description, readDescription } from "../support/api-description.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { figure, scale } from "../support/scale.ts";
import { arbitraryFor, oddText } from "../support/schema-arbitrary.ts";

const AT_ONCE = 8;
const KEYS = ["sk-fuzzed-key-0001", "sk-fuzzed-key-0002"];
/** Ids that are remembered of each kind; the newest are the likeliest to exist still. */
const MAX_KNOWN = 30;

interface FuzzedCall {
  call: DescribedCall;
  id: string;
  query: Record<string, string | undefined>;
  body: string | null;
}

test("calls made up from the description: each answer is one that it names, none is 500", async () => {
  const calls = scale(600, 20_000);
  using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.url, keys: KEYS });
  for (const stream of [false, true]) await (await app.chat({ stream })).text();
  const known = new Map<string, string[]>();
  const learn = (path: string, id: string) =>
    known.set(nounOf(path), [id, ...idsOf(known, path)].slice(0, MAX_KNOWN));
  for (const { id } of await app.logs()) learn("/logs", id);
  for (const { id } of await app.keys()) learn("/keys", id);
  const description = readDescription((await app.must("GET", "/openapi.json")) as ApiDocument);
  const addresses = [upstream.url, "http://127.0.0.1:9/v1"];
  const arbitrary = arbitraryCall(description, addresses, () => [...known.values()].flat());

  const faults: string[] = [];
  const statuses = new Map<number, number>();
  const once = async (fuzzed: FuzzedCall) => {
    const answer = await make(app.url, fuzzed, idsOf(known, fuzzed.call.path));
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    for (const id of idsIn(answer)) learn(fuzzed.call.path, id);
    const problem = problemOf(description, fuzzed.call, answer);
    if (problem !== null)
      faults.push(`${JSON.stringify({ ...fuzzed, call: fuzzed.call.id }).slice(0, 600)}: ${problem}`);
  };
  const waiting = fc.sample(arbitrary, { numRuns: calls, seed: Number(process.env.FUZZ_SEED ?? Date.now()) });
  const worker = async () => {
    for (let next = waiting.pop(); next !== undefined && faults.length < 5; next = waiting.pop()) {
      await once(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  expect(faults).toEqual([]);
  expect(app.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(upstream.faults).toEqual([]);
  // A fuzzer that only ever fails to get in proves nothing.
  const good = [...statuses].filter(([status]) => status < 300).reduce((sum, [, count]) => sum + count, 0);
  expect(good).toBeGreaterThan(calls / 4);
  figure("fuzzed calls", calls);
  figure("answers by status", JSON.stringify(Object.fromEntries([...statuses].sort(([a], [b]) => a - b))));
});

const nounOf = (path: string) => path.split("/")[1] ?? "";
const idsOf = (known: Map<string, string[]>, path: string) => known.get(nounOf(path)) ?? [];

/** What was just added or listed can be asked for. */
function idsIn({ status, type, text }: Awaited<ReturnType<typeof make>>): string[] {
  if (status >= 300 || !type.startsWith("application/json")) return [];
  const { id, data = [] } = JSON.parse(text) as { id?: string; data?: { id?: string }[] };
  return [id, ...data.slice(0, 3).map((one) => one.id)].filter((one) => one !== undefined);
}

function arbitraryCall(description: Description, addresses: string[], known: () => string[]) {
  const { calls, resolve } = description;
  const valueFor = (schema: Parameters<typeof arbitraryFor>[0]) =>
    arbitraryFor(schema, resolve, { addresses, known });
  const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return fc.constantFrom(...calls).chain((call): fc.Arbitrary<FuzzedCall> => {
    const parameters = call.operation.parameters.filter((parameter) => parameter.in === "query");
    const fields = parameters.map(({ name, schema }) => [name, valueFor(schema).map(asText)] as const);
    const broken = fc.constantFrom("{", "[]", "null", '"text"', "\ufeff{}", "[".repeat(50_000));
    const valid = valueFor(call.body ?? {}).map((value) => JSON.stringify(value));
    const body = fc.oneof({ weight: 20, arbitrary: valid }, { weight: 1, arbitrary: broken });
    return fc.record({
      call: fc.constant(call),
      id: fc.oneof(
        { weight: 9, arbitrary: fc.nat(1e6).map((n) => `#${n}`) },
        { weight: 1, arbitrary: oddText },
      ),
      query: fc.record(Object.fromEntries(fields), { requiredKeys: [] }),
      body: call.operation.requestBody === undefined ? fc.constant(null) : body,
    });
  });
}

async function make(url: string, { call, id, query, body }: FuzzedCall, known: string[]) {
  const abort = new AbortController();
  const path = call.path.replace("{id}", encodeURIComponent(idFor(id, known).toWellFormed()) || "-");
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const asked = new URLSearchParams(given);
  const answer = await fetch(`${url}/api/admin${path}?${asked}`, {
    method: call.method.toUpperCase(),
    headers: { authorization: "Bearer test-admin-api-token", "content-type": "application/json" },
    signal: abort.signal,
    ...(body !== null && { body }),
  });
  const type = answer.headers.get("content-type") ?? "";
  const isLive = type.startsWith("text/event-stream");
  const text = isLive ? "" : await answer.text();
  if (isLive) abort.abort();
  return { status: answer.status, type, text };
}

/** `#7` is the eighth that is known, counted round. */
function idFor(id: string, known: string[]): string {
  const number = /^#(\d+)$/.exec(id)?.[1];
  return number === undefined ? id : (known[Number(number) % Math.max(known.length, 1)] ?? "none");
}

/** Paths that an odd id makes (`..`, an empty one) may lead to another call or to none. */
function problemOf(description: Description, call: DescribedCall, answer: Awaited<ReturnType<typeof make>>) {
  if (answer.status >= 500 && answer.status !== 503) return `${answer.status} ${answer.text}`;
  return description.problemOf(call, answer);
}
