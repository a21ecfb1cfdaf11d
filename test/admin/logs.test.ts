import { afterAll, beforeAll, expect, test } from "bun:test";
import type { LogRow } from "../support/admin-client.ts";
import { startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { seen } from "../support/html.ts";
import { chat } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { startPages } from "../support/page-server.ts";
import { logInTo, type Visit, type Visitor } from "../support/page-visitor.ts";

/** The Logs page as a person without scripts uses it, over the whole program and a real upstream. */
const KEYS = ["sk-logs-0001", "sk-logs-0002"];

let upstream: FakeUpstream;
let app: TestApp;
let person: Visitor;
/** Newest first: a bad request, one that the second key served, one that the first did. */
let rows: LogRow[];
let pool: { id: string };
beforeAll(async () => {
  upstream = startFakeUpstream({ keys: KEYS });
  app = await startApp({ upstream: upstream.url, keys: KEYS });
  pool = (await app.must("POST", "/pools", { name: "night shift" })) as { id: string };
  const ids = (await app.keys()).map(({ id }) => id);
  await app.must("POST", "/keys/bulk", { action: "move", ids, pool_id: pool.id });
  const ask = async (model: string) => {
    const answer = await fetch(`${app.url}/pools/night%20shift/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hello" }] }),
    });
    await answer.text();
  };
  upstream.override(chat("Hello."));
  await ask("model-a");
  let calls = 0;
  upstream.override(() => (++calls === 1 ? openAiError(500, "Out of <b>luck</b>") : chat("Hello.")));
  await ask("model-a");
  upstream.override(openAiError(400, "No <b>such</b> parameter"));
  await ask("model-b");
  person = await logInTo(app.url);
  rows = await app.logs();
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream.down();
});

const links = async ({ html }: Visit) =>
  (await seen(html)).elements
    .filter(({ tag }) => tag === "a")
    .map(({ attributes }) => (new Map(attributes).get("href") ?? "").replaceAll("&amp;", "&"));
const shown = (visit: Visit) => rows.map(({ id }) => visit.html.includes(`id="request-${id}"`));

test("each filter narrows the list, alone and with others, and each chip takes its own away", async () => {
  const keyId = rows[0]!.attempts[0]!.key_id;
  const [bad, second, first] = [true, true, true];
  const expected: [query: string, chip: string, rows: boolean[]][] = [
    ["model=model-a", "Model: model-a", [false, second, first]],
    ["status=400", "Status: 400", [bad, false, false]],
    ["outcome=ok", "Outcome: ok", [false, second, first]],
    [`pool_id=${pool.id}`, "Pool: night shift", [bad, second, first]],
    ["pool_id=gone", "Pool: one that is gone", [false, false, false]],
    ["q=DEL-B", "", [bad, false, false]],
    ["from=2100-01-01T00:00Z", "From: 1 Jan 2100, 00:00:00 UTC", [false, false, false]],
    ["to=2100-01-01T00:00Z", "Before: 1 Jan 2100, 00:00:00 UTC", [bad, second, first]],
    [
      `key_id=${keyId}`,
      "Key: sk-logs-",
      rows.map(({ attempts }) => attempts.some((attempt) => attempt.key_id === keyId)),
    ],
  ];
  for (const [query, chip, wanted] of expected) {
    const visit = await person.visit(`/logs?${query}`);
    expect([query, shown(visit)]).toEqual([query, wanted]);
    expect(visit.text).toContain(chip);
  }
  const both = await person.visit("/logs?model=model-a&status=200&live=off");
  expect(shown(both)).toEqual([false, second, first]);
  expect(both.text).toContain("Attempt 1: Out of <b>luck</b>");
  expect(await links(both)).toContain("/logs?model=model-a&live=off");
  expect(await links(both)).toContain("/logs?status=200&live=off");
  expect(await links(both)).toContain("/logs?live=off");
});

test("times of a form are the reader's, and become an address that means the same to everybody", async () => {
  const visit = await person.visit("/logs?from=2026-01-31T12:00&to=&model=");
  expect(visit.text).toContain("From: 31 Jan 2026, 12:00:00 UTC");
  expect(await links(visit)).toContain("/logs?from=2026-01-31T12%3A00Z&live=off");
});

test("a filter that can't be comes back as the form, with what is wrong beside the field", async () => {
  for (const [query, problem] of [
    ["status=9", "Give an HTTP status from 100 to 599, such as 429."],
    ["from=2026-01-02T00:00Z&to=2026-01-01T00:00Z", "Give a time before the other."],
    ["to=tomorrow", "Give a time as ISO 8601, such as 2026-01-31T12:00:00Z."],
  ]) {
    const visit = await person.visit(`/logs?model=model-b&${query}`);
    expect([visit.status, visit.text.includes(problem!)]).toEqual([422, true]);
    expect(visit.html).toContain('<option value="model-b" selected');
  }
});

test("the form keeps the search and the pause, and asks of key events only what they have", async () => {
  const fields = async (path: string) =>
    (await seen((await person.visit(path)).html)).elements.flatMap(({ attributes }) => {
      const { name, value } = Object.fromEntries(attributes);
      return name === undefined || name === "viewport" ? [] : [[name, value ?? ""].join("=")];
    });
  const requests = await fields("/logs/filter?q=luck&live=off&status=500&from=2026-01-31T12:00Z");
  for (const field of ["q=luck", "live=off", "status=500", "from=2026-01-31T12:00", "key_id=", "outcome="])
    expect(requests).toContain(field);
  const events = await fields("/logs/filter?kind=key_event&status=500");
  expect(events).toContain("kind=key_event");
  expect(events.filter((field) => /^(status|model|outcome|pool_id)=/.test(field))).toEqual([]);
});

test("a paused list asks for nothing by itself, wherever one goes in it", async () => {
  const live = await person.visit("/logs");
  expect(live.html).toContain('hx-trigger="every 1200ms');
  expect(await links(live)).toContain("/logs?live=off");
  const paused = await person.visit("/logs?live=off");
  expect(paused.html).not.toContain("every 1200ms");
  expect(paused.text).toMatch(/Paused at \d\d:\d\d:\d\d\./);
  expect(await links(paused)).toEqual(
    expect.arrayContaining(["/logs", "/logs?kind=error&live=off", "/logs/filter?live=off"]),
  );
});

test("a story tells every attempt, what the client was told, and the request as curl", async () => {
  const { text } = await person.visit(`/logs/${rows[1]!.id}`);
  expect(text).toMatch(/Answered with 200 by sk-logs-000\d on the second attempt\./);
  for (const told of ["500 upstream error", "200 ok", "Out of <b>luck</b>", "Chosen: ", "no price known"])
    expect(text).toContain(told);
  expect(text).toContain(`curl '${app.url}/pools/night%20shift/v1/chat/completions'`);
  expect(text).toContain('"model": "model-a"');
  const refused = await person.visit(`/logs/${rows[0]!.id}`);
  expect(refused.text).toMatch(/What the client was told ?No <b>such<\/b> parameter/);
  expect((await person.visit("/logs/none")).status).toBe(404);
});

test("key events tell what a value was before and is after", async () => {
  const [key] = await app.keys();
  await app.must("PATCH", `/keys/${key!.id}`, { weight: 7 });
  const visit = await person.visit(`/logs?kind=key_event&key_id=${key!.id}`);
  expect(visit.text).toContain("weight: 1 → 7");
  expect(visit.text).toContain("Key: sk-logs-");
});

test("the form's choices are what requests had lately, in words, with how many; what is gone is left out", async () => {
  const pages = await startPages();
  const { keys, operations } = pages.installation;
  operations.logs.facets = async () => ({
    models: [{ value: "<b>m</b>", requests: 1234 }],
    keys: [
      { value: keys[0]!.id, requests: 9 },
      { value: "gone", requests: 8 },
    ],
    outcomes: [{ value: "rate_limited", requests: 2 }],
    pools: [{ value: "gone", requests: 1 }],
  });
  const { html } = await pages.ask(`/logs/filter?model=once&key_id=${keys[1]!.id}`);
  const options = [...html.matchAll(/<option value="([^"]*)"( selected)?>([^<]*)/g)].map(
    ([, value, selected, label]) => `${value}: ${label}${selected ? " (chosen)" : ""}`,
  );
  expect(options).toEqual([
    ": Any",
    `${keys[1]!.id}: ${keys[1]!.name} (0) (chosen)`,
    `${keys[0]!.id}: ${keys[0]!.name} (9)`,
    ": Any (chosen)",
    ": Any",
    "once: once (0) (chosen)",
    "&lt;b&gt;m&lt;/b&gt;: &lt;b&gt;m&lt;/b&gt; (1,234)",
    ": Any (chosen)",
    "rate_limited: rate limited (2)",
  ]);
  await pages.stop();
});

test("an open page is told of what it would show, and of nothing else", async () => {
  const listen = async (query: string, method = "GET") =>
    fetch(`${app.url}/logs/tail${query}`, { method, headers: { cookie: person.cookie } });
  // As many as may listen at once: what is asked for without its body listens to nothing.
  for (let times = 0; times < 25; times += 1) expect((await listen("", "HEAD")).status).toBe(200);
  const toldBy = async (query: string) => {
    const reader = (await listen(query)).body!.getReader();
    const from = performance.now();
    let text = "";
    while (!text.includes("event: refresh-live"))
      text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    return performance.now() - from;
  };
  const [fitting, other] = [toldBy("?model=model-t"), toldBy("?model=model-u")];
  upstream.override(chat("Hello."));
  await (await app.chat({ model: "model-t" })).text();
  // The other one hears of it by the look that is taken every 5 s anyway.
  expect(await fitting).toBeLessThan(await other);
  expect((await fetch(`${app.url}/logs/tail`, { redirect: "manual" })).status).toBe(303);
}, 20_000);

test("an error just made is found by its words as soon as it stands in the log", async () => {
  upstream.override(openAiError(400, "The quokka is on strike"));
  await (await app.chat({ model: "model-c" })).text();
  const newest = async () => (await app.logs())[0];
  while ((await newest())?.model !== "model-c") await Bun.sleep(20);
  const visit = await person.visit("/logs?q=quokka+str");
  expect(visit.html).toContain(`id="request-${(await newest())!.id}"`);
  expect(visit.text).toContain("1 row, newest first");
});

test("a search that takes long tells how far back it looked, and goes on from there; an old page leads to the new", async () => {
  const pages = await startPages();
  const { logs } = pages.installation.operations;
  const answer = await logs.requests({ kind: "request", limit: 1, cursor: null });
  const stopped = { nextCursor: "c1", searchedTo: Date.UTC(2026, 10, 20, 8, 30) };
  const ask = async (path: string, page: Omit<typeof answer, "data">, data: typeof answer.data) => {
    logs.requests = async () => ({ data, ...page });
    const { html } = await pages.ask(path);
    return { html, text: (await seen(html)).text };
  };

  const few = await ask("/logs?model=m", stopped, answer.data);
  expect(few.text).toContain("1 row, newest first, searched back to 20 Nov 2026, 08:30:00 UTC");
  expect(few.html).toMatch(/href="\/logs\?model=m&amp;cursor=c1[^"]*" rel="next"><span>Look further back</);

  const none = await ask("/logs?model=m", stopped, []);
  expect(none.text).toContain("No row fits so far");
  expect(none.text).toContain("Searched back to 20 Nov 2026, 08:30:00 UTC. Older rows may fit.");
  expect(none.html).toMatch(/href="\/logs\?model=m&amp;cursor=c1[^"]*">Look further back</);

  // Who asked to look further back gets a page of several looks, which stands still.
  const asked: (string | null)[] = [];
  logs.requests = async ({ cursor }) => {
    asked.push(cursor);
    return cursor === "c3"
      ? { data: answer.data, nextCursor: null, searchedTo: null }
      : { ...stopped, data: [], nextCursor: `c${asked.length + 1}` };
  };
  const further = (await pages.ask("/logs?model=m&cursor=c1")).html;
  expect(asked).toEqual(["c1", "c2", "c3"]);
  expect((await seen(further)).text).toContain("1 row, newest first");
  expect(further).not.toContain('hx-trigger="every');

  const end = await ask("/logs?model=m&cursor=c1", { nextCursor: null, searchedTo: null }, []);
  expect(end.text).toContain("No older row fits");
  expect(end.html).toMatch(/href="\/logs\?model=m[^"]*">First page</);
  await pages.stop();
});

test("why a key was chosen is said in words", async () => {
  const [, moved] = rows;
  const { text } = await person.visit(`/logs/${moved!.id}`);
  expect(text).toMatch(/Chosen: round robin \(request \d of \d in its turn\)\. /);
  expect(text).toContain("Chosen: after 1 key that failed, round robin");
});
