import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { chat } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { logInTo, type Visitor } from "../support/page-visitor.ts";

/** A key's own page, and its values changed in the list, over the whole program and a real upstream. */
const KEYS = ["sk-pages-0001", "sk-pages-0002"];

let upstream: FakeUpstream;
let app: TestApp;
let person: Visitor;
let keys: { id: string; name: string }[];
beforeAll(async () => {
  upstream = startFakeUpstream({ keys: KEYS });
  app = await startApp({ upstream: upstream.url, keys: KEYS });
  keys = await app.keys();
  person = await logInTo(app.url);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream.down();
});

/** As an open page asks. */
async function inPlace(path: string, value?: string): Promise<string> {
  const answer = await fetch(app.url + path, {
    method: value === undefined ? "GET" : "POST",
    headers: { cookie: person.cookie, origin: app.url, "hx-request": "true", "hx-target": "span#x" },
    ...(value !== undefined && { body: new URLSearchParams({ value }) }),
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

test("a key's page tells its last failures, who answered then, and leads to the playground", async () => {
  let calls = 0;
  upstream.override(() => (++calls === 1 ? openAiError(500, "Out of <b>luck</b>") : chat("Hello.")));
  await (await app.chat({ model: "model-a" })).text();
  upstream.override(openAiError(400, "No such parameter"));
  await (await app.chat({ model: "model-b" })).text();
  const [row] = (await app.logs()).filter(({ outcome }) => outcome === "ok");
  const [failed, served] = row!.attempts.map(({ key_id }) => keys.find(({ id }) => id === key_id)!);
  const { html, text } = await person.visit(`/keys/${failed!.id}`);
  expect(text).toContain("of its last 2 requests");
  expect(html).toContain("Out of &lt;b&gt;luck");
  const failures = html.slice(html.indexOf("Last failures"), html.indexOf("History"));
  expect(failures).toContain(`href="/keys/${served!.id}"`);
  expect(failures).not.toContain("No such parameter");
  expect(html).toContain(`href="/playground?key=${failed!.id}"`);
  const playground = await person.visit(`/playground?key=${failed!.id}`);
  expect(playground.html).toContain(`<option value="key:${failed!.id}" selected`);
  const other = await person.visit(`/keys/${served!.id}`);
  expect(other.html.slice(other.html.indexOf("Last failures"), other.html.indexOf("History"))).toContain(
    "None.",
  );
});

test("pool, priority and weight are changed in the list; what is wrong is said there and kept", async () => {
  const pool = (await app.must("POST", "/pools", { name: "night <shift>" })) as { id: string };
  const field = (name: string) => `/keys/${keys[0]!.id}/field?name=${name}`;
  expect(await inPlace(field("pool_id"))).toContain(
    `<option value="${pool.id}">night &lt;shift&gt;</option>`,
  );
  expect(await inPlace(field("pool_id"), pool.id)).toContain("night &lt;shift&gt;");
  expect(await inPlace(field("priority"), "7")).toContain(">7<");
  expect(await inPlace(field("weight"), "1,000")).toContain("saved.");
  expect((await app.keys())[0]).toMatchObject({ pool_id: pool.id, priority: 7, weight: 1_000 });
  for (const [name, value] of [
    ["weight", ""],
    ["weight", "<i>5</i>"],
    ["priority", "101"],
    ["pool_id", "gone"],
  ] as const) {
    const html = await inPlace(field(name), value);
    expect(html).toContain('aria-invalid="true"');
    expect(html).not.toContain("<i>");
    expect(html).not.toContain("saved.");
  }
  expect(await inPlace(field("pool_id"), "")).toContain("saved.");
  expect((await app.keys())[0]).toMatchObject({ pool_id: null, priority: 7, weight: 1_000 });
});

test("a form that was opened from a pool or an upstream has it chosen", async () => {
  const pool = (await app.must("POST", "/pools", { name: "evening" })) as { id: string };
  const other = (await app.must("POST", "/upstreams", { name: "Other", base_url: upstream.url })) as {
    id: string;
  };
  for (const form of ["add", "paste"]) {
    const { html } = await person.visit(`/keys/${form}?upstream=${other.id}&pool=${pool.id}`);
    expect(html).toContain(`<option value="${other.id}" selected`);
    expect(html).toContain(`<option value="${pool.id}" selected`);
    const unknown = await person.visit(`/keys/${form}?upstream=gone&pool=gone`);
    expect(unknown.html).not.toContain(`<option value="${other.id}" selected`);
  }
  expect((await person.visit(`/upstreams/${other.id}`)).html).toContain(
    `hx-get="/keys/add?upstream=${other.id}"`,
  );
  const list = await person.visit(`/keys?pool=${pool.id}`);
  expect(list.html).toContain(`hx-get="/keys/add?pool=${pool.id}"`);
  expect(list.html).toContain(`<input type="hidden" name="pool" value="${pool.id}"`);
});
