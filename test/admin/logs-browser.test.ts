import { afterAll, beforeAll, expect } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { launchBrowser, openAs, type PageOptions, type TestBrowser } from "../support/browser.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { chat } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { logInTo } from "../support/page-visitor.ts";
import { needsTool } from "../support/tools.ts";

/** The first start on a machine reads 300 MB from its disk. */
const COLD_START_MS = 60_000;
const chromium = needsTool("chromium", "chromium");
const inBrowser = (name: string, body: () => Promise<void>) => chromium.test(name, body, COLD_START_MS);

let upstream: FakeUpstream;
let app: TestApp;
let browser: TestBrowser;
let cookie: string;
const ask = async (model: string) => (await app.chat({ model })).text();
beforeAll(async () => {
  const keys = ["key-a-123", "key-b-123"];
  upstream = startFakeUpstream({ keys });
  app = await startApp({ upstream: upstream.url, keys });
  upstream.override(openAiError(400, `No <b>such</b> parameter ${"x".repeat(300)}`));
  await ask("bad-model");
  let calls = 0;
  upstream.override(() => (++calls === 1 ? openAiError(500, "Out of luck") : chat("Hello.")));
  await ask("good-model");
  upstream.override(chat("Hello."));
  cookie = (await logInTo(app.url)).cookie;
  await app.logs();
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

const enter = (path: string, options?: PageOptions) =>
  openAs(browser, { url: app.url, cookie }, path, options);

inBrowser(
  "why did it fail: filtered in the dialog, opened beside the list, closed, paused, resumed",
  async () => {
    const { page, expectNoProblems, close } = await enter("/logs");
    const rows = page.locator("#live tbody tr");
    const dialog = page.getByRole("dialog");
    await page.getByRole("link", { name: "Filter", exact: true }).click();
    await dialog.getByLabel("Status").fill("400");
    await dialog.getByRole("button", { name: "Show" }).click();
    await page.getByText("Status: 400").waitFor();
    expect(await rows.count()).toBe(1);

    // The link of the time lies over the whole row, apart from the key's own link.
    await rows.first().getByText("bad-model").click({ force: true });
    await dialog.getByText("Ended with 400 after one attempt: client error.").waitFor();
    expect(
      await dialog.evaluate((element) => element.querySelector("h2")!.getBoundingClientRect().top),
    ).toBeGreaterThan(0);
    await dialog.getByText("No <b>such</b> parameter").first().waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(page.url()).toContain("status=400");
    await page.getByRole("link", { name: "Remove filter" }).click();
    await page.locator("#live").getByText("good-model").waitFor();

    await page.getByRole("link", { name: "Pause" }).click();
    await page.getByText("Paused at").waitFor();
    expect(await page.locator("#live[hx-get]").count()).toBe(0);
    await page.getByLabel("Search").fill("good");
    await page.locator("#live").getByText("bad-model").waitFor({ state: "detached" });
    expect(page.url()).toEndWith("/logs?q=good&live=off");
    await ask("good-model-again");
    await page.getByRole("link", { name: "Resume" }).click();
    await page.locator("#live").getByText("good-model-again").waitFor();
    await ask("good-model-live");
    await page.locator("#live").getByText("good-model-live").waitFor();
    expectNoProblems();
    await close();
  },
);

inBrowser("a request shows as it ends, told by a stream; where too many listen, by asking", async () => {
  const { page, expectNoProblems, close } = await enter("/logs");
  await page.locator("html.told").waitFor({ state: "attached" });
  await ask("told-model");
  await page.locator("#live").getByText("told-model").waitFor();
  // Another list is another stream.
  await page.getByLabel("Search").fill("found");
  await page.waitForURL(/q=found/);
  expect(await page.locator("[data-tail]").count()).toBe(0);
  await ask("found-model");
  await page.locator("#live").getByText("found-model").waitFor();
  const stop = new AbortController();
  const listeners = Array.from({ length: 20 }, () =>
    fetch(`${app.url}/logs/tail`, { headers: { cookie }, signal: stop.signal }),
  );
  const open = await Promise.all(listeners);
  await page.goto(`${app.url}/logs`);
  await ask("asked-model");
  await page.locator("#live").getByText("asked-model").waitFor();
  expect(await page.locator("html.told").count()).toBe(0);
  stop.abort();
  // An answer that nobody holds any more is closed before it is read.
  expect(open.length).toBe(20);
  expectNoProblems();
  await close();
});

inBrowser("from one story to the next, by the keyboard too", async () => {
  await ask("third-model");
  await app.logs();
  const { page, expectNoProblems, close } = await enter("/logs?live=off");
  const names = await page.locator("#live tbody tr").evaluateAll((rows) => rows.map(({ id }) => id));
  await page.locator("#live tbody .when").first().click({ force: true });
  const dialog = page.getByRole("dialog");
  const shows = (row: string) => dialog.locator(`[data-of="${row}"]`).first().waitFor({ state: "attached" });
  await shows(names[0]!);
  await page.keyboard.press("Enter");
  await shows(names[1]!);
  await page.keyboard.press("Enter");
  await shows(names[2]!);
  await dialog.getByRole("button", { name: "Newer request" }).click();
  await shows(names[1]!);
  expectNoProblems();
  await close();
});

inBrowser("a row's key leads to the key, and the story to a page of its own", async () => {
  const { page, expectNoProblems, close } = await enter("/logs?model=good-model");
  await page.locator("#live tbody .when").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("on the second attempt.").waitFor();
  await page.getByRole("link", { name: "Open as page" }).click();
  await page.getByRole("heading", { name: "Request", level: 1 }).waitFor();
  await page.goBack();
  await page.locator("#live tbody .key").first().click();
  await page.waitForURL(/\/keys\//);
  expectNoProblems();
  await close();
});
