/**
 * Pictures of every page in light and dark, at 1440 and 390 px, to be looked at: `test/shots/*.png`.
 *
 *     bun scripts/shots.ts                     over an invented installation
 *     bun scripts/shots.ts URL [PASSWORD]      over a running server
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { launchBrowser, type TestBrowser } from "../test/support/browser.ts";
import { PAGE_PASSWORD, startPages } from "../test/support/page-server.ts";

const OUT = join(import.meta.dir, "..", "test", "shots");
const WIDTHS = [1440, 390];
const THEMES = ["light", "dark"] as const;

interface Scene {
  name: string;
  path: string;
  /** What a person clicks there before the picture is taken; without it there is no picture. */
  click?(page: Page): Locator;
}

const SCENES: Scene[] = [
  { name: "dashboard", path: "/" },
  { name: "keys", path: "/keys" },
  { name: "keys-add", path: "/keys", click: (page) => page.getByRole("button", { name: "Add key" }) },
  {
    name: "keys-paste",
    path: "/keys",
    click: (page) => page.getByRole("button", { name: "Paste many" }),
  },
  { name: "key", path: "/keys", click: (page) => page.locator("a[href^='/keys/']").nth(2) },
  { name: "stats", path: "/stats" },
  { name: "stats-week", path: "/stats?range=week&group=model&compare=off" },
  { name: "stats-own", path: "/stats?range=own" },
  { name: "logs", path: "/logs" },
  {
    name: "logs-filter",
    path: "/logs?model=gemini-2.5-pro&live=off",
    click: (page) => page.getByRole("link", { name: "Filter", exact: true }),
  },
  { name: "logs-events", path: "/logs?kind=key_event" },
  { name: "log", path: "/logs", click: (page) => page.locator("a[href^='/logs/']").nth(3) },
  { name: "pools", path: "/pools" },
  { name: "pool", path: "/pools", click: (page) => page.locator("a[href^='/pools/']").first() },
  { name: "upstreams", path: "/upstreams" },
  { name: "upstreams-add", path: "/upstreams/add?preset=Azure+OpenAI" },
  { name: "playground", path: "/playground" },
  { name: "settings", path: "/settings" },
  { name: "settings-security", path: "/settings/security" },
  { name: "settings-data", path: "/settings/data" },
  { name: "settings-about", path: "/settings/about" },
  { name: "api-docs", path: "/api/admin/docs" },
];

const [givenUrl, givenPassword] = process.argv.slice(2);
const own = givenUrl ? null : await startPages({ openProxy: "this_machine" });
const empty = givenUrl ? null : await startPages({ openProxy: "this_machine" });
empty?.installation.keys.splice(0);
empty?.installation.requests.splice(0);
if (empty) empty.installation.figures.requestsToday = 0;

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const browser = await launchBrowser(Bun.which("chromium") ?? "chromium");
const problems: string[] = [];
const password = givenPassword ?? PAGE_PASSWORD;
for (const width of WIDTHS) {
  for (const colorScheme of THEMES) {
    problems.push(
      ...(await shootAll(browser, own?.url ?? givenUrl!, width, colorScheme, ["login", ...SCENES])),
    );
    if (empty)
      problems.push(
        ...(await shootAll(browser, empty.url, width, colorScheme, [{ name: "welcome", path: "/" }])),
      );
  }
}
await browser.close();
await own?.stop();
await empty?.stop();
for (const problem of problems) console.error(problem);
console.log(`${OUT}: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

async function shootAll(
  browser: TestBrowser,
  url: string,
  width: number,
  colorScheme: "light" | "dark",
  scenes: (Scene | "login")[],
): Promise<string[]> {
  const { page, problems, close } = await browser.open({
    width,
    height: width > 720 ? 900 : 844,
    colorScheme,
  });
  const shoot = async (name: string) => {
    await page.waitForTimeout(250);
    await page.screenshot({
      path: join(OUT, `${name}-${colorScheme}-${width}.png`),
      fullPage: !name.startsWith("keys-"),
    });
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (sideways > 0) problems.push(`${name}-${colorScheme}-${width} scrolls ${sideways} px sideways`);
  };
  await page.goto(`${url}/login`);
  await page.getByLabel("Password").fill(password);
  if (scenes.includes("login")) await shoot("login");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`${url}/`);
  for (const scene of scenes) {
    if (scene === "login") continue;
    await page.goto(url + scene.path);
    const clicked = scene.click?.(page);
    if (clicked && (await clicked.count()) === 0) continue;
    await clicked?.click();
    await shoot(scene.name);
  }
  await close();
  return problems.map((problem) => `${width} ${colorScheme}: ${problem}`);
}
