import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Page } from "playwright-core";
import { startApp, type TestApp } from "../support/app.ts";
import { launchBrowser, type PageOptions, type TestBrowser, type WatchedPage } from "../support/browser.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { signIn } from "../support/signed-in.ts";
import { needsTool } from "../support/tools.ts";

/** The frame, the settings and the login over the whole program, as a person meets them. */
const COLD_START_MS = 60_000;
const TEST_LIMIT_MS = 30_000;
const PASSWORD = "a password for browsers";
const chromium = needsTool("chromium", "chromium");
const inBrowser = (name: string, body: () => Promise<void>) => chromium.test(name, body, TEST_LIMIT_MS);

const upstream = startFakeUpstream({ keys: ["key-frame-1"] });
let browser: TestBrowser;
let app: TestApp;
beforeAll(async () => {
  app = await startApp({ upstream: upstream.url, keys: ["key-frame-1"], env: { ADMIN_PASSWORD: PASSWORD } });
  expect((await app.chat()).status).toBe(200);
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

async function enter(path: string, options?: PageOptions): Promise<WatchedPage> {
  const watched = await browser.open(options);
  await watched.page.goto(`${app.url}/login?next=${encodeURIComponent(path)}`);
  await watched.page.getByLabel("Password").fill(PASSWORD);
  await watched.page.getByRole("button", { name: "Log in" }).click();
  await watched.page.waitForURL(app.url + path);
  return watched;
}
/** An ended session and a refused form are answers with these statuses, which the browser's console tells. */
const unexpected = (problems: string[]) => problems.filter((text) => !/status of (401|422)/.test(text));

describe("the keyboard", () => {
  inBrowser(
    "leads to pages, to the search, and to a list of what it can do; never while one types",
    async () => {
      const { page, expectNoProblems, close } = await enter("/");
      await page.keyboard.press("g");
      await page.keyboard.press("k");
      await page.waitForURL(`${app.url}/keys`);
      await page.keyboard.press("/");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("search");
      await page.keyboard.type("g l?");
      expect(await page.getByLabel("Search").inputValue()).toBe("g l?");
      expect(new URL(page.url()).pathname).toBe("/keys");
      await page.keyboard.press("Escape");
      expect(await page.evaluate(() => document.activeElement?.id)).not.toBe("search");
      await page.keyboard.press("?");
      const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
      await dialog.getByText("To Settings").waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("l");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "hidden" });
      expect(new URL(page.url()).pathname).toBe("/keys");
      await page.keyboard.press("g");
      await page.keyboard.press(",");
      await page.waitForURL(`${app.url}/settings`);
      await page.keyboard.press("Control+/");
      expect(new URL(page.url()).pathname).toBe("/settings");
      expectNoProblems();
      await close();
    },
  );

  inBrowser("the first stop is the way past the navigation", async () => {
    const { page, close } = await enter("/settings");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await close();
  });
});

describe("settings", () => {
  inBrowser(
    "lines are typed, refused by line, corrected and saved; a section shows what is unsaved",
    async () => {
      const { page, problems, close } = await enter("/settings");
      const aliases = page.getByLabel("Model aliases");
      await aliases.fill("gpt-4 = gpt-4o\nfast");
      const dot = () =>
        page
          .locator('.sections a[href="#models"]')
          .evaluate((link) => getComputedStyle(link, "::after").content);
      expect(await dot()).toBe('""');
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Line 2: write asked = served").waitFor();
      expect(await aliases.inputValue()).toBe("gpt-4 = gpt-4o\nfast");
      await aliases.fill("gpt-4 = gpt-4o");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved: Model aliases.").waitFor();
      expect(await dot()).toBe("none");
      await page.getByText("No unsaved changes.").waitFor();
      expect(unexpected(problems)).toEqual([]);
      await close();
    },
  );

  inBrowser("the endpoint that is typed is tried in place", async () => {
    const { page, expectNoProblems, close } = await enter("/settings");
    await page.getByLabel("API endpoint").fill("http://127.0.0.1:9/v1");
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText("onnection refused by 127.0.0.1:9").waitFor();
    expect(await page.getByLabel("API endpoint").inputValue()).toBe("http://127.0.0.1:9/v1");
    await page.getByText("1 unsaved change.").waitFor();
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("button", { name: "Test", exact: true }).click();
    await page.getByText(/Answered in \d+ ms and lists/).waitFor();
    expectNoProblems();
    await close();
  });

  inBrowser("a cleanup is shown before it is done, and its end is told on the open page", async () => {
    const { page, expectNoProblems, close } = await enter("/settings/data");
    await page.getByLabel("Older than").fill("0");
    await page.getByRole("button", { name: "Show what it would free" }).click();
    await page.getByRole("dialog").getByText("Frees about").waitFor();
    await page.getByRole("link", { name: "Cancel" }).click();
    await page.getByLabel("Older than").fill("90");
    await page.getByRole("button", { name: "Show what it would free" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Clean up" }).click();
    await page.getByText("0 requests deleted").waitFor();
    expectNoProblems();
    await close();
  });

  for (const javaScript of [true, false]) {
    inBrowser(`another session is ended${javaScript ? "" : " without scripts"}`, async () => {
      const other = await signIn(app.url, PASSWORD);
      const { page, expectNoProblems, close } = await enter("/settings/security", { javaScript });
      await page.getByRole("button", { name: /^End (all|the other)/ }).click();
      await page.getByText(/\d sessions? ended\./).waitFor();
      expect(await page.getByRole("row").count()).toBe(2);
      expect((await other.get("/keys")).html).toContain("<title>Log in");
      expectNoProblems();
      await close();
    });
  }
});

describe("the login", () => {
  inBrowser("counts down after a wrong try", async () => {
    const { page, close } = await browser.open();
    await page.goto(`${app.url}/login`);
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText(/Wrong password\. Try again in \d+ s\./).waitFor();
    await page.getByRole("alert").locator("time", { hasText: "0:00" }).waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(`${app.url}/`);
    await close();
  });

  /** What is typed where, what sends it, and what shows that it was done. */
  const FORMS: [
    name: string,
    path: string,
    type: (page: Page) => Promise<void>,
    send: string,
    done: string,
  ][] = [
    [
      "the settings",
      "/settings",
      (page) => page.getByLabel("Attempts after a host's failure").fill("6"),
      "Save",
      "Saved: Attempts after a host's failure.",
    ],
    [
      "a key in the dialog",
      "/keys",
      async (page) => {
        await page.getByRole("button", { name: "Add key" }).click();
        await page.getByLabel("Secret").fill("sk-typed-before-the-end");
        await page.getByLabel("Name").fill("typed");
      },
      "Save",
      "typed added.",
    ],
    [
      "pasted keys",
      "/keys",
      async (page) => {
        await page.getByRole("button", { name: "Paste many" }).click();
        await page.getByLabel("Keys", { exact: true }).fill("sk-pasted-before-the-end");
      },
      "Add keys",
      "1 key added",
    ],
    [
      "a pool",
      "/pools",
      async (page) => {
        await page.getByRole("button", { name: "Add pool" }).click();
        await page.getByLabel("Name").fill("night shift");
      },
      "Save",
      "night shift added.",
    ],
    [
      "a prompt of the playground",
      "/playground",
      async (page) => {
        await page.getByRole("textbox", { name: "Message" }).fill("Say it again");
        await page.getByLabel("Prompt name").fill("Mine");
      },
      "Save prompt",
      "Mine",
    ],
  ];
  for (const [name, path, type, send, done] of FORMS) {
    inBrowser(`a session that ended elsewhere takes nothing of what was typed: ${name}`, async () => {
      const { page, problems, close } = await enter(path);
      await type(page);
      await (await signIn(app.url, PASSWORD)).send("/settings/security/sessions/end-others");
      const button = page.getByRole("button", { name: send, exact: true }).last();
      await button.click();
      const [tab] = await Promise.all([
        page.context().waitForEvent("page"),
        // In front of an open dialog nothing else can be reached.
        page.getByRole("link", { name: "Log in in a new tab" }).last().click(),
      ]);
      await tab.getByLabel("Password").fill(PASSWORD);
      await tab.getByRole("button", { name: "Log in" }).click();
      await tab.waitForURL(`${app.url}/`);
      await tab.close();
      await button.click();
      await page.getByText(done).first().waitFor();
      await page.getByText("Your session has ended.").first().waitFor({ state: "hidden" });
      expect(unexpected(problems)).toEqual([]);
      await close();
    });
  }

  inBrowser("without scripts the browser sends the form again after the login", async () => {
    const { page, problems, close } = await enter("/settings", { javaScript: false });
    await page.getByLabel("Attempts after a host's failure").fill("8");
    await (await signIn(app.url, PASSWORD)).send("/settings/security/sessions/end-others");
    await page.getByRole("button", { name: "Save" }).click();
    const [tab] = await Promise.all([
      page.context().waitForEvent("page"),
      page.getByRole("link", { name: "Log in" }).click(),
    ]);
    await tab.getByLabel("Password").fill(PASSWORD);
    await tab.getByRole("button", { name: "Log in" }).click();
    await tab.waitForURL(`${app.url}/`);
    await page.reload();
    await page.getByText("Saved: Attempts after a host's failure.").waitFor();
    expect(unexpected(problems)).toEqual([]);
    await close();
  });
});
