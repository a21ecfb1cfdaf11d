import { afterAll, beforeAll, describe, expect } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { launchBrowser, openAs, type PageOptions, type TestBrowser } from "../support/browser.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { models } from "../support/openai-answers.ts";
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
beforeAll(async () => {
  upstream = startFakeUpstream({ fallback: models(["m-1", "m-2"]) });
  app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123", "key-c-123"] });
  cookie = (await logInTo(app.url)).cookie;
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

const enter = (path: string, options?: PageOptions) =>
  openAs(browser, { url: app.url, cookie }, path, options);
/**
 * The browser's console tells as errors: a refused form, answered with status 422, and the 404 of a page's last look at
 * the pool that it has just deleted.
 */
const expected = (problem: string) =>
  problem.includes("status of 422") || /status of 404.*\/pools\//.test(problem);

describe("pools", () => {
  inBrowser(
    "one is added in the dialog; keys are ticked in, dragged in and dragged out; it is deleted",
    async () => {
      const { page, problems, close } = await enter("/pools");
      await page.getByRole("button", { name: "Add pool" }).click();
      await page.getByLabel("Name").fill("a/b");
      await page.getByLabel("flask").check({ force: true });
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Give a name without /.").waitFor();
      expect(await page.getByLabel("flask").isChecked()).toBe(true);
      await page.getByLabel("Name").fill("experiments");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("link", { name: "experiments" }).click();

      const [own, others] = [page.locator("#own-keys"), page.locator("#other-keys")];
      await others.getByLabel("key-a-123").check();
      await page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
      expect(await others.getByLabel("key-a-123").isChecked()).toBe(true);
      await others.getByRole("button", { name: "Put in" }).click();
      await own.getByLabel("key-a-123").waitFor();
      await others.locator("li", { hasText: "key-b-123" }).dragTo(own);
      await own.getByLabel("key-b-123").waitFor();
      await own.locator("li", { hasText: "key-a-123" }).dragTo(others);
      await others.getByLabel("key-a-123").waitFor();
      await page.locator("#toasts").getByText("1 key taken out of experiments.").waitFor();

      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByText("Its 1 key stays and is in no pool then.").waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.waitForURL(`${app.url}/pools`);
      expect((await app.keys()).length).toBe(3);
      expect(problems.filter((problem) => !expected(problem))).toEqual([]);
      await close();
    },
  );
});

describe("upstreams", () => {
  inBrowser(
    "one is added from a card, tested, made the default, changed in the dialog and deleted",
    async () => {
      const { page, expectNoProblems, close } = await enter("/upstreams/add");
      await page.getByRole("link", { name: "Another address" }).click();
      await page.getByLabel("Name").fill("Gateway");
      await page.getByLabel("Base URL").fill(upstream.url);
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("heading", { name: "Gateway" }).waitFor();
      await page.getByRole("button", { name: "Test" }).click();
      await page.locator("#toasts").getByText("It lists 2 models.").waitFor();

      await page.goto(`${app.url}/upstreams`);
      const row = page.locator("tr", { hasText: "Gateway" });
      await row.getByRole("button", { name: "Make default" }).click();
      await row.getByText("default", { exact: true }).waitFor();
      await page.locator("tbody tr").first().getByRole("button", { name: "Make default" }).click();
      await row.getByText("default", { exact: true }).waitFor({ state: "detached" });
      await row.getByRole("button", { name: "Edit" }).click();
      await page.getByLabel("Name").fill("Gateway two");
      await page.getByRole("button", { name: "Save" }).click();
      await row.getByRole("link", { name: "Gateway two" }).waitFor();
      await row.getByRole("button", { name: "Delete" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await row.waitFor({ state: "detached" });
      expectNoProblems();
      await close();
    },
  );
});
