import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { type Person, signIn } from "../support/signed-in.ts";

/** The part Data over the whole program, as a person without scripts uses it. */
const upstream = startFakeUpstream({ keys: ["key-data-1"] });
let app: TestApp;
let person: Person;
beforeAll(async () => {
  app = await startApp({ upstream: upstream.url, keys: ["key-data-1"] });
  person = await signIn(app.url);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

const UNTIL_MS = 5_000;

async function eventually(read: () => Promise<string>, text: string): Promise<string> {
  for (const until = Date.now() + UNTIL_MS; ; await Bun.sleep(50)) {
    const html = await read();
    if (html.includes(text)) return html;
    if (Date.now() > until) throw new Error(`"${text}" did not come:\n${html}`);
  }
}
const data = async () => (await person.get("/settings/data")).html;

test("tells how large the database is and how many requests it holds", async () => {
  for (let index = 0; index < 3; index++) expect((await app.chat()).status).toBe(200);
  const html = await eventually(data, "3 requests in the log.");
  expect(html).toMatch(/title="[\d,]+ bytes"/);
  expect(html).toContain('aria-current="page">Data');
  expect(html).toMatch(/<bdi class="mono cut">[^<]+\/data<\/bdi>/);
});

test("a cleanup says first what it would free, and deletes nothing by that", async () => {
  const young = await person.get("/settings/data/cleanup?older_than_days=30");
  expect(young.html).toContain("No requests older than 30 days");
  const all = await person.get("/settings/data/cleanup?older_than_days=0&archive=true");
  expect(all.html).toContain("Delete 3 requests?");
  expect(all.html).toMatch(/Frees about [\d.]+ [kM]B of .*Requests are written to \/.*archive first/);
  expect((await app.logs()).length).toBe(3);
});

test("days that cannot be used are said beside the field, and what was typed stays", async () => {
  for (const days of ["-1", "soon", "", "1e9"]) {
    const { status, html } = await person.get(`/settings/data/cleanup?older_than_days=${days}`);
    expect(status).toBe(422);
    expect(html).toContain("Give a whole number from 0 to 36500.");
    expect(html).toContain(`value="${days}"`);
  }
  expect((await person.send("/settings/data/cleanup", { older_than_days: "soon" })).status).toBe(422);
  expect((await app.logs()).length).toBe(3);
});

test("then it deletes, archives, and the page tells what came of it", async () => {
  const begun = await person.send("/settings/data/cleanup", { older_than_days: "0", archive: "true" });
  expect(begun.html).toContain("The cleanup has begun.");
  const html = await eventually(data, "3 requests and");
  expect(html).toMatch(/3 requests and \d+ key events deleted, .* freed in .*3 requests written to 1 file/);
  expect(await app.logs()).toEqual([]);
});

test("the statistics begin anew after a question", async () => {
  const before = (await app.must("GET", "/stats?range=24h")) as { totals: { requests: number } };
  expect(before.totals.requests).toBe(3);
  expect((await person.get("/settings/data/statistics")).html).toContain("Reset statistics?");
  const { html } = await person.send("/settings/data/statistics");
  expect(html).toContain("The statistics begin anew.");
  const after = (await app.must("GET", "/stats?range=24h")) as { totals: { requests: number } };
  expect(after.totals.requests).toBe(0);
  expect((await app.keys()).length).toBe(1);
});
