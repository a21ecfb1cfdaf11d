import { afterAll, beforeAll, expect } from "bun:test";
import type { Page } from "playwright-core";
import { APP_PASSWORD, startApp, type TestApp } from "../support/app.ts";
import { launchBrowser, type PageOptions, type TestBrowser, type WatchedPage } from "../support/browser.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { openAiError } from "../support/openai-errors.ts";
import { chatStream } from "../support/openai-streams.ts";
import { needsTool } from "../support/tools.ts";

const COLD_START_MS = 60_000;
const TEST_LIMIT_MS = 30_000;
const KEYS = ["sk-playground-0001", "sk-playground-0002"];
const chromium = needsTool("chromium", "chromium");
const inBrowser = (name: string, body: () => Promise<void>) => chromium.test(name, body, TEST_LIMIT_MS);

let upstream: FakeUpstream;
let app: TestApp;
let browser: TestBrowser;
beforeAll(async () => {
  upstream = startFakeUpstream({ keys: KEYS });
  app = await startApp({ upstream: upstream.url, keys: KEYS });
  if (chromium.path) browser = await launchBrowser(chromium.path);
}, COLD_START_MS);
afterAll(async () => {
  await browser?.close();
  await app[Symbol.asyncDispose]();
  upstream.down();
});

async function enter(path: string, options?: PageOptions): Promise<WatchedPage> {
  const watched = await browser.open(options);
  const { page } = watched;
  await page.goto(`${app.url}/login?next=${encodeURIComponent(path)}`);
  await page.getByLabel("Password").fill(APP_PASSWORD);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(app.url + path);
  return watched;
}

async function ask(page: Page, message: string): Promise<void> {
  await page.getByLabel("Model", { exact: true }).fill("gpt-4o");
  await page.getByRole("textbox", { name: "Message" }).fill(message);
}

const HOSTILE = [
  "First **bold** line.\n\n",
  "<img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n",
  "[link](javascript:alert(1)) ![pic](http://127.0.0.1:9/p.png)\n\n",
  "<hx-partial hx-target='body'>gone</hx-partial>\n\n",
  "| a | b |\n|---|---|\n| 1 | 2 |\n",
  "\n1. first\n2. second\n",
];

inBrowser("an answer streams in as markdown, whatever it says, and the conversation goes on", async () => {
  upstream.override(chatStream(HOSTILE, { delayMs: 120 }));
  const { page, expectNoProblems, close } = await enter("/playground");
  await ask(page, "Tell me");
  await page.getByRole("textbox", { name: "Message" }).press("Control+Enter");
  await page.locator(".turn strong", { hasText: "bold" }).waitFor();
  await page.getByRole("button", { name: "Stop" }).waitFor();
  expect(await page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("");
  await page.getByRole("link", { name: "Log entry" }).waitFor();
  expect(await page.locator("#turns").getByRole("table").count()).toBe(1);
  expect(
    await page
      .locator("#turns ol li")
      .first()
      .evaluate((item) => getComputedStyle(item).listStyleType),
  ).toBe("decimal");
  // The code has the whole conversation without another key being pressed.
  await page.locator("#code-curl").getByText("1. first").waitFor();
  expect(await page.locator("#turns :is(img, script, iframe)").count()).toBe(0);
  expect(await page.locator("#turns a[href^='javascript']").count()).toBe(0);
  await page.locator("#turns").getByText("<img src=x onerror=alert(1)>").waitFor();
  upstream.override(chatStream(["Once ", "more."]));
  await page.getByRole("textbox", { name: "Message" }).fill("Again");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator("#turns").getByText("Once more.").waitFor();
  await page.getByRole("link", { name: "Log entry" }).nth(1).waitFor();
  expect(upstream.calls.at(-1)?.json.messages).toMatchObject([
    { role: "user", content: "Tell me" },
    { role: "assistant", content: HOSTILE.join("") },
    { role: "user", content: "Again" },
  ]);
  await page.getByText("Python", { exact: true }).first().click();
  await page.locator("#code-python").getByText("Once more.").waitFor();
  expectNoProblems();
  await close();
});

inBrowser("Stop closes the request upstream and keeps what was said", async () => {
  upstream.override(chatStream(2_000, { delayMs: 20 }));
  const { page, expectNoProblems, close } = await enter("/playground");
  await ask(page, "Count");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("word3").first().waitFor();
  const call = upstream.calls.at(-1)!;
  expect(call.endedAt).toBeNull();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped").waitFor();
  await call.ended;
  expect(call.aborted).toBe(true);
  expect(await page.locator("input[name=said]").count()).toBe(2);
  const [row] = await app.logs();
  expect(row?.outcome).toBe("client_closed");
  expectNoProblems();
  await close();
});

inBrowser("a tab that closes, closes the request upstream", async () => {
  upstream.override(chatStream(2_000, { delayMs: 20 }));
  const { page, close } = await enter("/playground");
  await ask(page, "Count");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("word3").first().waitFor();
  const call = upstream.calls.at(-1)!;
  await close();
  await call.ended;
  expect(call.aborted).toBe(true);
});

inBrowser("what failed says what to do and is asked again; prompts are kept", async () => {
  upstream.override(openAiError(400, "no such thing"));
  const { page, problems, close } = await enter("/playground");
  await ask(page, "Please");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("no such thing").waitFor();
  await page.getByText("The provider refused what was asked").waitFor();
  upstream.override(chatStream(["Now it works."]));
  await page.getByRole("button", { name: "Ask again" }).click();
  await page.locator("#turns").getByText("Now it works.").waitFor();
  await page.getByLabel("Temperature").fill("nine");
  await page.getByRole("textbox", { name: "Message" }).fill("And this?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Give a number from 0 to 2, or nothing.").waitFor();
  expect(await page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("And this?");
  await page.getByLabel("Temperature").fill("0.3");
  await page.getByLabel("Prompt name").fill("Mine");
  await page.getByRole("button", { name: "Save prompt" }).click();
  await page.getByRole("link", { name: /^Mine/ }).click();
  await page.waitForURL(/\?prompt=/);
  expect(await page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("And this?");
  expect(await page.getByLabel("Temperature").inputValue()).toBe("0.3");
  await page.getByRole("button", { name: "Delete Mine" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByRole("link", { name: /^Mine/ }).waitFor({ state: "detached" });
  expect(problems.filter((problem) => !problem.includes("status of 422"))).toEqual([]);
  await close();
});
