import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { PAGES } from "../../src/admin/pages.ts";
import { startApp } from "../support/app.ts";
import { expectNoSidewaysScroll, PAGE_FORMS, violationsIn } from "../support/axe.ts";
import { launchBrowser, openAs, type TestBrowser, type WatchedPage } from "../support/browser.ts";
import { type FilledApp, HOSTILE, startFilledApp } from "../support/filled-app.ts";
import { logInTo, type Visitor } from "../support/page-visitor.ts";
import { isProof } from "../support/scale.ts";
import { needsTool } from "../support/tools.ts";

const COLD_START_MS = 60_000;
const PICTURES = join(import.meta.dir, "../shots");
const chromium = needsTool("chromium", "chromium");

interface Scene {
  /** Behind the page's path. */
  query?: string;
  /** What a person does there before it is looked at. */
  act?(page: Page): Promise<void>;
  /** Of its pictures, where the path has more than one. */
  name?: string;
}

const opens = (role: "button" | "link", name: string) => async (page: Page) => {
  await page.getByRole(role, { name, exact: true }).first().click();
  await page.getByRole("dialog").getByRole("heading").first().waitFor();
};

/** Every page that a person can look at, in its forms. A path that is missing here fails the test. */
const SCENES: Record<string, Scene[]> = {
  "/login": [{ query: "?why=again" }],
  "/": [
    { name: "dashboard" },
    {
      name: "dashboard-story",
      act: async (page) => {
        // The link of the time lies over the whole row.
        await page.locator(".failures .c-reason").first().click({ force: true });
        await page.getByRole("dialog").getByText("Answered with 200").waitFor();
      },
    },
  ],
  "/shortcuts": [{}],
  "/keys": [
    { name: "keys" },
    { name: "keys-columns", query: "?columns=pool.upstream.tags.created_at&status=cooling" },
    { name: "keys-picked", act: (page) => page.locator("[data-pick]").first().check() },
    { name: "keys-add-dialog", act: opens("button", "Add key") },
    { name: "keys-none", query: "?q=nothing-like-it" },
  ],
  "/keys/add": [{}],
  "/keys/paste": [{}],
  "/keys/export": [{}],
  "/keys/filter": [{}],
  "/keys/columns": [{}],
  "/keys/:id": [{}],
  "/keys/:id/edit": [{}],
  "/keys/:id/reveal": [{}],
  "/keys/:id/field": [{ query: "?name=name" }],
  "/stats": [
    {
      name: "stats",
      query: "?group=outcome",
      act: (page) => page.getByText("Table", { exact: true }).first().click(),
    },
    { name: "stats-own", query: "?range=own" },
  ],
  "/stats/reset": [{}],
  "/pools": [{}],
  "/pools/add": [{}],
  "/pools/:id": [{}],
  "/pools/:id/edit": [{}],
  "/pools/:id/delete": [{}],
  "/upstreams": [{}],
  "/upstreams/add": [
    { name: "upstreams-add" },
    { name: "upstreams-add-azure", query: "?preset=Azure+OpenAI" },
  ],
  "/upstreams/:id": [{}],
  "/upstreams/:id/edit": [{}],
  "/upstreams/:id/delete": [{}],
  "/logs": [
    { name: "logs" },
    { name: "logs-error", query: "?kind=error" },
    { name: "logs-events", query: "?kind=key_event" },
    {
      name: "logs-chips",
      query: `?model=${"m".repeat(200)}&q=x&status=400&from=2026-01-01T00:00Z&outcome=ok`,
    },
    {
      name: "logs-drawer",
      query: "?status=400&live=off",
      act: async (page) => {
        await page.locator("#live .when").first().click({ force: true });
        await page.getByRole("dialog").getByText("Ended with 400").waitFor();
      },
    },
  ],
  "/logs/filter": [{}],
  "/logs/:id": [{}],
  "/playground": [
    { name: "playground" },
    {
      name: "playground-conversation",
      act: async (page) => {
        await page.getByLabel("Model", { exact: true }).fill("gpt-4o");
        await page.getByRole("textbox", { name: "Message" }).fill(HOSTILE.long);
        await page.getByRole("button", { name: "Send" }).click();
        await page.getByRole("link", { name: "Log entry" }).waitFor();
      },
    },
  ],
  "/playground/prompts/:id/delete": [{}],
  "/settings": [{}],
  "/settings/reset": [{}],
  "/settings/security": [{}],
  "/settings/about": [{}],
  "/settings/about/licenses": [
    { name: "licenses", act: (page) => page.getByText("elysia 1.", { exact: false }).first().click() },
  ],
  "/settings/data": [{}],
  "/settings/data/cleanup": [{ query: "?older_than_days=30" }],
  "/settings/data/statistics": [{}],
  "/api/admin/docs": [{}],
};

let filled: FilledApp;
let visitor: Visitor;
let browser: TestBrowser;
/** One page for all: a new one costs more than what is looked at in it. */
let visited: WatchedPage;
beforeAll(async () => {
  filled = await startFilledApp();
  visitor = await logInTo(filled.app.url);
  if (isProof) mkdirSync(PICTURES, { recursive: true });
  if (!chromium.path) return;
  browser = await launchBrowser(chromium.path);
  const who = { url: filled.app.url, cookie: visitor.cookie };
  visited = await openAs(browser, who, "/shortcuts", { reducedMotion: true });
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await filled[Symbol.asyncDispose]();
});

function addressOf(path: string): string {
  const noun = path.split("/")[1] as keyof FilledApp["ids"];
  return path.replace(":id", filled.ids[noun]);
}

test("each page of the table has a scene, or is no page to be looked at", async () => {
  const paths = PAGES.filter(({ method }) => method === "GET").map(({ path }) => path);
  expect(Object.keys(SCENES).filter((path) => !paths.includes(path))).toEqual([]);
  for (const path of paths.filter((path) => SCENES[path] === undefined)) {
    const answer = await fetch(filled.app.url + addressOf(path), {
      headers: { cookie: visitor.cookie },
      redirect: "manual",
    });
    const isHtml = answer.ok && answer.headers.get("content-type")?.startsWith("text/html") === true;
    const isPage = isHtml && (await answer.text()).includes("<!doctype html>");
    // An event stream would go on.
    if (!isHtml) await answer.body?.cancel();
    expect([path, isPage]).toEqual([path, false]);
  }
});

for (const [path, scenes] of Object.entries(SCENES)) {
  chromium.test(
    `${path} in light and dark, wide and narrow: axe finds nothing, nothing scrolls sideways, no policy is broken`,
    async () => {
      for (const { query = "", act, name = nameOf(path) } of scenes)
        await look(visited, filled.app.url + addressOf(path) + query, name, act);
    },
    COLD_START_MS,
  );
}

chromium.test(
  "the same where nothing is there yet, and where a page is not there",
  async () => {
    await using app = await startApp({ upstream: filled.upstream.url });
    const { cookie } = await logInTo(app.url);
    const empty = await openAs(browser, { url: app.url, cookie }, "/shortcuts", { reducedMotion: true });
    for (const path of ["/", "/keys", "/pools", "/stats", "/logs", "/playground"])
      await look(empty, app.url + path, `empty-${nameOf(path)}`);
    await look(empty, `${app.url}/keys/none`, "not-found");
    await look(empty, `${app.url}/keys`, "sidebar-narrow", async (page) => {
      await page.keyboard.press("[");
      await page.getByRole("button", { name: "Widen the sidebar" }).waitFor();
    });
    await empty.close();
  },
  COLD_START_MS,
);

/** Looks at one page in its four forms and at the width of the narrowest phones. */
async function look({ page, problems }: WatchedPage, url: string, name: string, act?: Scene["act"]) {
  await page.goto(url);
  // Only what is there is looked at, not what comes with the next look.
  await page.evaluate(() => Object.defineProperty(document, "hidden", { value: true }));
  await act?.(page);
  for (const { colorScheme, width, height = 0 } of PAGE_FORMS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    // The theme changes colours, and nothing else that axe looks at.
    const found = await violationsIn(page, colorScheme === "dark" ? ["color-contrast"] : undefined);
    expect([name, colorScheme, width, ...found]).toEqual([name, colorScheme, width]);
    await expectNoSidewaysScroll(page);
    if (isProof)
      await page.screenshot({
        path: join(PICTURES, `${name}-${colorScheme}-${width}.png`),
        fullPage: (await page.locator("dialog[open]").count()) === 0,
      });
  }
  await page.setViewportSize({ width: 360, height: 780 });
  await expectNoSidewaysScroll(page);
  await page.setViewportSize(PAGE_FORMS[0] as { width: number; height: number });
  const faults = problems
    .splice(0)
    .filter((text) => !(name === "not-found" && text.includes("status of 404")));
  expect([name, ...faults]).toEqual([name]);
}

function nameOf(path: string): string {
  return path.replaceAll(/\W+/g, "-").replace(/^-/, "") || "dashboard";
}
