import { afterAll, beforeAll, expect } from "bun:test";
import type { Locator, Page } from "playwright-core";
import { launchBrowser, openAs, type PageOptions, type TestBrowser } from "../support/browser.ts";
import { type PageServer, SESSION, startPages } from "../support/page-server.ts";
import { needsTool } from "../support/tools.ts";

const COLD_START_MS = 60_000;
const TEST_LIMIT_MS = 30_000;
const chromium = needsTool("chromium", "chromium");
const inBrowser = (name: string, body: () => Promise<void>) => chromium.test(name, body, TEST_LIMIT_MS);

let browser: TestBrowser;
let pages: PageServer;
beforeAll(async () => {
  pages = await startPages();
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await pages.stop();
});

const enter = (path: string, options?: PageOptions) =>
  openAs(browser, { url: pages.url, cookie: SESSION }, path, options);

const plot = (page: Page, id: string) => page.locator(`#plot-${id}`);
const picture = (figure: Locator) =>
  figure.locator("canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

/** Waits until a chart looks other than it did, and answers how. */
async function changed(figure: Locator, before: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const now = await picture(figure);
    if (now !== before) return now;
    await Bun.sleep(50);
  }
  throw new Error("the chart did not change");
}

inBrowser(
  "a range is chosen, a series switched off, a place pointed at, a part zoomed into, and all saved",
  async () => {
    const { page, expectNoProblems, close } = await enter("/stats");
    await page.getByRole("navigation", { name: "Range" }).getByText("Week").click();
    await page.waitForURL(`${pages.url}/stats?range=week`);
    await page.getByRole("navigation", { name: "Group by" }).getByText("Model").click();
    await page.waitForURL(`${pages.url}/stats?range=week&group=model`);
    const requests = plot(page, "requests");
    const latency = plot(page, "first-byte");
    await requests.locator("canvas").waitFor();
    await latency.locator("canvas").waitFor();

    const whole = await picture(requests);
    const first = requests.locator("> .legend button").first();
    await first.click();
    expect(await first.getAttribute("aria-pressed")).toBe("false");
    await changed(requests, whole);
    await first.click();
    expect(await first.getAttribute("aria-pressed")).toBe("true");

    const over = requests.locator(".u-over");
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + (box.width * 84) / 167, box.y + 40);
    const tip = requests.locator(".tip");
    await tip.waitFor();
    const row = await requests.locator("tbody tr").nth(84).textContent();
    const told = await tip.textContent();
    expect(told).toStartWith(row!.slice(0, 12));
    expect(told).toContain("gemini-2.5-flash");
    expect(await latency.locator(".u-cursor-x").isVisible()).toBe(true);
    expect(await latency.locator(".tip").isVisible()).toBe(false);

    await page.mouse.move(box.x + box.width + 200, 5);
    const before = await picture(latency);
    await page.mouse.move(box.x + 100, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 220, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const zoomed = await changed(latency, before);
    await over.dblclick({ position: { x: 20, y: 20 } });
    await changed(latency, zoomed);

    const wide = (await over.boundingBox())!.width;
    await page.setViewportSize({ width: 1_100, height: 800 });
    await page.waitForFunction(
      (was) => document.querySelector("#plot-requests .u-over")!.clientWidth < was,
      wide,
    );
    const light = await picture(latency);
    await page.locator(".side").getByRole("button", { name: "Theme" }).click();
    await page.locator(".side").getByRole("button", { name: "Theme" }).click();
    await changed(latency, light);

    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV", exact: true }).click();
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^stats-by-time-\d{4}-\d\d-\d\d\.csv$/);
    expectNoProblems();
    await close();
  },
);

inBrowser("the last hour goes on by the second, and an opened table stays open meanwhile", async () => {
  const { page, expectNoProblems, close } = await enter("/");
  const hour = plot(page, "hour");
  await hour.getByText("Table", { exact: true }).click();
  const before = await picture(hour);
  const asked = page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
  await changed(hour, before);
  await asked;
  pages.installation.figures.requestsLastMinute = 777;
  await hour.getByRole("cell", { name: "777" }).waitFor();
  expectNoProblems();
  await close();
});

inBrowser("times of one's own are asked for in place; statistics are reset after a question", async () => {
  const { page, problems, close } = await enter("/stats");
  await page.getByRole("navigation", { name: "Range" }).getByText("Own").click();
  await page.getByLabel("From").fill("2026-11-20T10:00");
  await page.getByLabel("To", { exact: true }).fill("2026-11-19T10:00");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("Give a time before the other.").waitFor();
  await page.getByLabel("To", { exact: true }).fill("2026-11-21T10:00");
  await page.getByRole("button", { name: "Show" }).click();
  await plot(page, "cost").locator("canvas").waitFor();
  expect(new URL(page.url()).search).toBe("?range=own&from=2026-11-20T10%3A00Z&to=2026-11-21T10%3A00Z");
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset statistics" }).click();
  await page.locator("#toasts").getByText("Statistics begin anew.").waitFor();
  expect(problems.filter((problem) => !problem.includes("status of 422"))).toEqual([]);
  await close();
});

inBrowser("without scripts each chart is its table", async () => {
  const plain = await enter("/stats?group=outcome", { javaScript: false });
  await plain.page.getByRole("region", { name: "Cost by outcome, dollars by hour, as a table" }).waitFor();
  expect(await plain.page.locator("#plot-requests tbody tr").count()).toBe(24);
  expect(await plain.page.locator("#plot-requests td").first().isVisible()).toBe(true);
  plain.expectNoProblems();
  await plain.close();
});
