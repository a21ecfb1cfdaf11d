import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { asHtmxReads, seen } from "../support/html.ts";
import { ok } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { type Person, signIn } from "../support/signed-in.ts";

const HOSTILE = `=1+1,"<img src=x onerror=alert(1)>" </td><hx-partial>`;

let upstream: FakeUpstream;
let app: TestApp;
let person: Person;
beforeAll(async () => {
  upstream = startFakeUpstream({
    keys: {
      "stats-key-1": (call) => (call.json.user === "mistake" ? openAiError(400, "a mistake") : ok()),
      "stats-key-2": ok(),
    },
  });
  app = await startApp({ upstream: upstream.url, keys: ["stats-key-1", "stats-key-2"] });
  person = await signIn(app.url);
  for (let times = 0; times < 6; times += 1) await (await app.chat()).text();
  await (await app.chat({ model: HOSTILE })).text();
  await app.logs();
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

/** The rows of the table beneath a chart, as texts. */
async function rowsOf(html: string, id: string): Promise<string[][]> {
  const rows: string[][] = [];
  const rewriter = new HTMLRewriter()
    .on(`#${id} tr`, {
      element() {
        rows.push([]);
      },
    })
    .on(`#${id} tr > *`, {
      element() {
        rows.at(-1)?.push("");
      },
      text({ text }) {
        const row = rows.at(-1)!;
        row[row.length - 1] += text;
      },
    });
  await rewriter.transform(new Response(html)).text();
  return rows.map((row) => row.map((cell) => cell.trim()));
}

test("what was asked of the program stands in the figures, the charts' tables and the groups", async () => {
  const { status, html } = await person.get("/stats?range=hour&group=key");
  expect(status).toBe(200);
  expect(html).toContain("7 requests in the last hour.");
  const rows = await rowsOf(html, "plot-requests");
  expect(rows[0]?.slice(0, 3).toSorted()).toEqual(["Time", "stats-key-1", "stats-key-2"]);
  expect(rows).toHaveLength(61);
  const sum = rows.slice(1).reduce((total, row) => total + Number(row[1]) + Number(row[2]), 0);
  expect(sum).toBe(7);
  const gaps = (await rowsOf(html, "plot-duration")).filter((row) => row[1] === "–");
  expect(gaps.length).toBeGreaterThan(50);
  expect((await person.get("/stats?range=week&group=upstream")).html).toContain("by hour");
  expect((await person.get("/stats?range=year&group=outcome")).html).toContain("by day");
});

test("a model's made-up name is text on the page, and no formula in the sheet", async () => {
  const { html } = await person.get("/stats?group=model");
  for (const read of [html, asHtmxReads(html)]) {
    const { elements } = await seen(read);
    expect(elements.filter(({ tag }) => tag === "img" || tag === "hx-partial")).toEqual([]);
  }
  expect((await seen(html)).text).toContain(HOSTILE);
  const groups = await person.get("/stats/csv?group=model&table=groups");
  expect(groups.headers.get("content-disposition")).toMatch(
    /^attachment; filename="stats-by-model-[\d-]+\.csv"$/,
  );
  const [head, ...lines] = groups.html.trim().split("\r\n");
  expect(head).toStartWith("id,label,requests,successes,errors");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toStartWith(`"'=1+1,""<img`);
  const times = (await person.get("/stats/csv?group=model&compare=off")).html.trim().split("\r\n");
  expect(times).toHaveLength(25);
  expect(times[0]).toContain("duration_p99_ms,requests of gpt-4o,");
  expect(times.at(-1)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z,/);
});

test("times of one's own get an address that means the same to everybody, and wrong ones a word beside the field", async () => {
  const { html } = await person.get("/stats?range=own&from=2026-01-02T03:04&to=2026-01-02T05:04");
  expect(html).toContain('value="2026-01-02T03:04"');
  expect(html).toContain("No request in this time");
  const wrong = [
    ["from=2026-01-02T03:04Z&to=2026-01-01T03:04Z", "Give a time before the other."],
    ["from=yesterday&to=2026-01-01T03:04Z", "Give a date and a time."],
    ["from=2020-01-01T00:00Z&to=2026-01-01T03:04Z", "Give a time at most 1000 days before the other."],
  ];
  for (const [query, words] of wrong) {
    const answer = await person.get(`/stats?range=own&${query}`);
    expect([query, answer.status, answer.html.includes(words!)]).toEqual([query, 422, true]);
    expect((await person.get(`/stats/csv?range=own&${query}`)).status).toBe(422);
  }
});

test("the dashboard says how today went, and what it cost as far as prices are known", async () => {
  const { html } = await person.get("/");
  const { text } = await seen(html);
  expect(text).toContain("2 of 2 keys usable");
  expect(text).toContain("Cost today");
  expect(text).toContain("1 without a price");
  const rows = await rowsOf(html, "plot-hour");
  expect([rows.length, rows.at(-1)?.[0]]).toEqual([61, "Last 60 s"]);
  const { cost_usd_today } = (await app.must("GET", "/monitoring")) as { cost_usd_today: number };
  expect(cost_usd_today).toBeGreaterThan(0);
});

test("a reset asks first, and leaves an empty page", async () => {
  expect((await person.get("/stats/reset")).html).toContain("Reset statistics?");
  const after = await person.send("/stats/reset");
  expect(after.html).toContain("Statistics begin anew.");
  expect(after.html).toContain("No request in this time");
});
