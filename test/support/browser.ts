import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { temporaryFolder } from "./process.ts";

/** Without these, chromium calls home, wants a display, or can't run as root. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const ACTION_LIMIT_MS = 10_000;

export interface PageOptions {
  width?: number;
  height?: number;
  colorScheme?: "light" | "dark";
  /** Default true. */
  javaScript?: boolean;
  /** Default false: what moves, moves. */
  reducedMotion?: boolean;
}

export interface WatchedPage {
  page: Page;
  /** Console errors, uncaught errors, violations of the content security policy, failed requests; as they came. */
  problems: string[];
  /** Fails with all problems where there are any. */
  expectNoProblems(): void;
  /** A new cookie jar goes with it. */
  close(): Promise<void>;
}

export interface TestBrowser extends AsyncDisposable {
  open(options?: PageOptions): Promise<WatchedPage>;
  close(): Promise<void>;
}

/** Debian's chromium (`needsTool("chromium", "chromium").path`), headless, with a profile of its own. */
export async function launchBrowser(path: string): Promise<TestBrowser> {
  const home = temporaryFolder();
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", HOME: home };
  const browser = await chromium.launch({ executablePath: path, headless: true, args: FLAGS, env });
  const close = async () => {
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { open: (options) => openPage(browser, options), close, [Symbol.asyncDispose]: close };
}

/** Opens a page of a server as someone who is logged in there. `cookie`: as a request header has it. */
export async function openAs(
  browser: TestBrowser,
  { url, cookie }: { url: string; cookie: string },
  path: string,
  options?: PageOptions,
): Promise<WatchedPage> {
  const watched = await browser.open(options);
  const cookies = cookie
    .split("; ")
    .filter(Boolean)
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return { name, value: value.join("="), url };
    });
  await watched.page.context().addCookies(cookies);
  await watched.page.goto(url + path);
  return watched;
}

async function openPage(browser: Browser, options: PageOptions = {}): Promise<WatchedPage> {
  const {
    width = 1440,
    height = 900,
    colorScheme = "light",
    javaScript = true,
    reducedMotion = false,
  } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    javaScriptEnabled: javaScript,
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    locale: "en-GB",
    timezoneId: "UTC",
  });
  context.setDefaultTimeout(ACTION_LIMIT_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("requestfailed", (request) => {
    // A page that is left drops what it was loading, its event stream for one: that is no fault.
    const reason = request.failure()?.errorText ?? "";
    if (reason !== "net::ERR_ABORTED") problems.push(`request: ${request.url()} ${reason}`);
  });
  await page.exposeFunction("reportViolation", (text: string) => problems.push(`policy: ${text}`));
  await page.addInitScript(reportViolations);
  return {
    page,
    problems,
    expectNoProblems: () => expect(problems).toEqual([]),
    close: () => context.close(),
  };
}

/** Runs inside the page. The console tells violations too, but not of every kind. */
function reportViolations(): void {
  const { reportViolation } = globalThis as unknown as { reportViolation(text: string): void };
  document.addEventListener("securitypolicyviolation", (event) => {
    reportViolation(
      `${event.effectiveDirective} blocked ${event.blockedURI || "inline"} at ${event.sourceFile}:${event.lineNumber}`,
    );
  });
}
