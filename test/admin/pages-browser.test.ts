import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { launchBrowser, openAs, type PageOptions, type TestBrowser } from "../support/browser.ts";
import { PAGE_PASSWORD, type PageServer, SESSION, startPages } from "../support/page-server.ts";
import { needsTool } from "../support/tools.ts";

/** The first start on a machine reads 300 MB from its disk. */
const COLD_START_MS = 60_000;
const TEST_LIMIT_MS = 30_000;
const chromium = needsTool("chromium", "chromium");
const inBrowser = (name: string, body: () => Promise<void>) => chromium.test(name, body, TEST_LIMIT_MS);

let browser: TestBrowser;
let pages: PageServer;
beforeAll(async () => {
  pages = await startPages({ openProxy: "this_machine" });
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await pages.stop();
});

/** Opens a page as someone who is logged in. */
const enter = (path: string, options?: PageOptions) =>
  openAs(browser, { url: pages.url, cookie: SESSION }, path, options);

const row = (page: Page, name: string) => page.locator("tr", { hasText: name });
/** A refused form is an answer with status 422, which the browser's console tells as an error. */
const expected = (problem: string) => problem.includes("status of 422");

describe("with scripts", () => {
  inBrowser("a key is added in the dialog, after its first secret was refused in place", async () => {
    const { page, problems, close } = await enter("/keys");
    await page.getByRole("button", { name: "Add key" }).click();
    await page.getByLabel("Secret").fill("short");
    await page.getByLabel("Name").fill("<b>bold</b>");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Give 8 to 500 characters.").waitFor();
    expect(await page.getByLabel("Secret").inputValue()).toBe("short");
    await page.getByLabel("Secret").fill("sk-abcdefghijklmnop");
    await page.getByRole("button", { name: "Save" }).click();
    await row(page, "<b>bold</b>").waitFor();
    await page.locator("#toasts").getByText("<b>bold</b> added.").waitFor();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    expect(problems.filter((problem) => !expected(problem))).toEqual([]);
    await close();
  });

  inBrowser("switched off and undone, tested in place, deleted and brought back", async () => {
    const { page, expectNoProblems, close } = await enter("/keys");
    const first = row(page, "gem-prod-01");
    await first.getByRole("button", { name: "Disable" }).click();
    await first.getByRole("button", { name: "Enable" }).waitFor();
    await page.locator("#toasts").getByRole("button", { name: "Undo" }).click();
    await first.getByRole("button", { name: "Disable" }).waitFor();
    await first.getByRole("button", { name: "Test" }).click();
    await first.getByText("Works").waitFor();
    await row(page, "or-spare-02").getByRole("button", { name: "Delete" }).click();
    await row(page, "or-spare-02").waitFor({ state: "detached" });
    await page.getByText("needs you", { exact: false }).first().waitFor();
    await page.locator("#toasts").getByText("or-spare-02 deleted.").waitFor();
    await page.locator("#toasts").getByRole("button", { name: "Undo" }).last().click();
    await row(page, "or-spare-02").waitFor();
    expectNoProblems();
    await close();
  });

  inBrowser("many are ticked, kept through what lives, limited, and deleted after a question", async () => {
    const { page, problems, close } = await enter("/keys");
    const bar = page.locator("#bulk");
    expect(await bar.isVisible()).toBe(false);
    for (const number of [1, 2, 3, 4]) await page.getByLabel(`Select gem-batch-0${number}`).check();
    await bar.getByText("4 selected").waitFor();
    await page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
    expect(await page.locator("[data-pick]:checked").count()).toBe(4);
    await bar.getByRole("button", { name: "Limits" }).click();
    await page.getByLabel("Requests a minute").fill("many");
    await page.getByRole("button", { name: "Limit 4 keys" }).click();
    await page.getByText("Give a whole number from 1").waitFor();
    await page.getByLabel("Requests a minute").fill("60");
    await page.getByRole("button", { name: "Limit 4 keys" }).click();
    await page.locator("#toasts").getByText("4 keys limited.").waitFor();
    await bar.waitFor({ state: "hidden" });
    expect(pages.installation.keys.filter(({ rpmLimit }) => rpmLimit === 60)).toHaveLength(4);
    await page.getByLabel("Select all on this page").check();
    await page.getByLabel("Select all on this page").uncheck();
    await page.getByLabel("Select or-main-01").check();
    await page.getByLabel("Select or-main-02").check();
    await bar.getByRole("button", { name: "Delete 2 keys" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete 2 keys" }).click();
    await row(page, "or-main-02").waitFor({ state: "detached" });
    expect(problems.filter((problem) => !expected(problem))).toEqual([]);
    await close();
  });

  inBrowser("a name is changed in its place by Enter, left by Escape, while the page lives on", async () => {
    const { page, expectNoProblems, close } = await enter("/keys");
    const place = () => row(page, "gem-prod-02").getByRole("link", { name: "Rename" });
    await place().click();
    const field = page.getByLabel("Name of gem-prod-02");
    await field.fill("half a na");
    await page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
    expect(await field.inputValue()).toBe("half a na");
    await field.press("Escape");
    await field.waitFor({ state: "detached" });
    await place().click();
    await field.fill("in place <b>");
    await field.press("Enter");
    await row(page, "in place <b>").waitFor();
    await row(page, "in place <b>").getByRole("link", { name: "Limit" }).click();
    await page.getByLabel("Daily limit of in place <b>").fill("x");
    await page.keyboard.press("Enter");
    await page.getByText("or leave it empty").waitFor();
    await page.keyboard.press("Escape");
    Object.assign(pages.installation.keys[1]!, { name: "gem-prod-02" });
    expectNoProblems();
    await close();
  });

  inBrowser("a file that is dropped on the page opens the form with it", async () => {
    const { page, expectNoProblems, close } = await enter("/keys");
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(["dropped-one=sk-eeeeeeeeeeeeeeee"], "keys.env"));
      return data;
    });
    await page.dispatchEvent("table.keys", "drop", { dataTransfer: transfer });
    await page.getByRole("dialog").getByText("Or a file").waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLInputElement>("[data-drop]")?.files?.[0]?.name === "keys.env",
    );
    await page.getByRole("button", { name: "Add keys" }).click();
    await page.getByText("1 key added").waitFor();
    await row(page, "dropped-one").waitFor();
    expectNoProblems();
    await close();
  });

  inBrowser("searching keeps the address, the focus and what was typed while the page lives on", async () => {
    const { page, expectNoProblems, close } = await enter("/keys");
    await page.getByLabel("Search").pressSequentially("batch", { delay: 30 });
    await page.waitForURL(`${pages.url}/keys?q=batch`);
    await page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
    expect(await page.locator("tbody tr").count()).toBe(4);
    expect(await page.getByLabel("Search").inputValue()).toBe("batch");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("search");
    expectNoProblems();
    await close();
  });

  inBrowser(
    "what changes on the server shows within 2 s, a countdown counts, and hidden tabs rest",
    async () => {
      const { page, expectNoProblems, close } = await enter("/keys");
      const changed = pages.installation.keys[1]!;
      const until = Date.now() + 90_000;
      Object.assign(changed, { status: "cooling", cooldownUntil: until, statusReason: "429 on purpose" });
      await row(page, changed.name).getByText("429 on purpose").waitFor({ timeout: 3_000 });
      const badge = row(page, changed.name).locator("time[data-until]");
      const before = await badge.textContent();
      await page.waitForFunction(
        (was) => document.querySelector("[data-until]")?.textContent !== was,
        before,
      );
      await page.evaluate(() =>
        Object.defineProperty(document, "hidden", { value: true, configurable: true }),
      );
      let asked = 0;
      page.on("request", () => {
        asked += 1;
      });
      await page.waitForTimeout(2_500);
      expect(asked).toBe(0);
      await page.evaluate(() =>
        Object.defineProperty(document, "hidden", { value: false, configurable: true }),
      );
      const caughtUp = page.waitForRequest(/\/keys/, { timeout: 1_000 });
      await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
      await caughtUp;
      Object.assign(changed, { status: "available", cooldownUntil: null, statusReason: null });
      expectNoProblems();
      await close();
    },
  );

  inBrowser("settings count what is unsaved, take Enter as Save, and say what was changed", async () => {
    const { page, problems, close } = await enter("/settings");
    const bar = page.locator(".save-bar");
    await page.getByLabel("Requests before the next key").fill("7");
    await page.getByLabel("Further keys for one request").fill("-3");
    await bar.getByText("2 unsaved changes.").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Give a whole number from 0 to 10000.").waitFor();
    expect(await page.getByLabel("Requests before the next key").inputValue()).toBe("7");
    await page.getByLabel("Further keys for one request").fill("50");
    await page.getByLabel("Further keys for one request").press("Enter");
    await page.getByText("Saved: Requests before the next key, Further keys for one request.").waitFor();
    await page.getByText("more presets").click();
    await page.getByRole("button", { name: "Groq" }).click();
    expect(await page.getByLabel("API endpoint").inputValue()).toBe("https://api.groq.com/openai/v1");
    await page.getByRole("button", { name: "Discard" }).click();
    await bar.getByText("No unsaved changes.").waitFor();
    await page.getByLabel("API endpoint").fill("http://127.0.0.1:9/v1");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved: API endpoint.").waitFor();
    await page.getByLabel("Strategy").selectOption("random");
    await page.getByRole("button", { name: "Reset to Default" }).click();
    await page.getByText("API endpoint is at its default.").waitFor();
    expect(await page.getByLabel("API endpoint").inputValue()).toStartWith("https://generativelanguage");
    expect(await page.getByLabel("Strategy").inputValue()).toBe("random");
    expect(problems.filter((problem) => !expected(problem))).toEqual([]);
    await close();
  });

  inBrowser("unsaved settings are not left without a question", async () => {
    const { page, expectNoProblems, close } = await enter("/settings");
    const questions: string[] = [];
    page.on("dialog", async (dialog) => {
      questions.push(dialog.type());
      await (questions.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    const field = page.getByLabel("Failures before ejection");
    await field.click();
    await page.keyboard.type("7");
    await page.getByText("1 unsaved change.").waitFor();
    const toStats = page.getByRole("link", { name: "Stats" });
    await toStats.click({ noWaitAfter: true });
    expect(page.url()).toEndWith("/settings");
    await toStats.click();
    await page.waitForURL(/\/stats/);
    expect(questions).toEqual(["beforeunload", "beforeunload"]);
    await page.goto(`${pages.url}/settings`);
    await page.getByRole("link", { name: "Stats" }).click();
    await page.waitForURL(/\/stats/);
    expect(questions).toHaveLength(2);
    expectNoProblems();
    await close();
  });

  inBrowser("the theme is chosen without a flash and kept", async () => {
    const { page, expectNoProblems, close } = await enter("/");
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme ?? "auto");
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect([await theme(), await ground()]).toEqual(["auto", "rgb(246, 246, 248)"]);
    await page.locator(".side").getByRole("button", { name: "Theme" }).click();
    await page.locator(".side").getByRole("button", { name: "Theme" }).click();
    expect([await theme(), await ground()]).toEqual(["dark", "rgb(12, 13, 16)"]);
    await page.goto(`${pages.url}/logs`, { waitUntil: "commit" });
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    expectNoProblems();
    await close();
  });

  inBrowser("a lost server is a thin line, and gone when it is back", async () => {
    const lost = await startPages();
    const port = Number(new URL(lost.url).port);
    const { page, close } = await browser.open();
    await page.goto(`${lost.url}/login`);
    await page.getByLabel("Password").fill(PAGE_PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(`${lost.url}/`);
    await lost.stop();
    await page.getByText("Reconnecting…").waitFor({ timeout: 6_000 });
    const back = await startPages({ port });
    await page.getByText("The server answers again.").waitFor({ timeout: 6_000 });
    await page.getByText("Reconnecting…").waitFor({ state: "hidden", timeout: 6_000 });
    await close();
    await back.stop();
  });
});

describe("on a phone", () => {
  inBrowser("a row's actions open at the thumb", async () => {
    const { page, expectNoProblems, close } = await enter("/keys", { width: 360, height: 780 });
    await page.getByRole("button", { name: "More for gem-prod-02" }).click();
    await page.waitForResponse((answer) => answer.request().headers()["hx-source"] === "div#live");
    await row(page, "gem-prod-02").getByRole("button", { name: "Disable" }).click();
    await page.locator("#toasts").getByText("gem-prod-02 disabled.").waitFor();
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.locator("#more").getByRole("button", { name: "Log out" }).click();
    await page.getByText("You are logged out.").waitFor();
    expectNoProblems();
    await close();
  });
});

for (const width of [1440, 1280, 1024]) {
  inBrowser(`no list has to be scrolled sideways at ${width} px`, async () => {
    const { page, expectNoProblems, close } = await enter("/keys", { width });
    for (const path of ["/keys", "/logs", "/pools", "/upstreams"]) {
      await page.goto(pages.url + path);
      const over = await page.evaluate(() =>
        [...document.querySelectorAll("html, .scroll")].map((box) => box.scrollWidth - box.clientWidth),
      );
      expect(over.every((pixels) => pixels <= 0)).toBe(true);
    }
    expectNoProblems();
    await close();
  });
}
