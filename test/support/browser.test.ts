import { expect } from "bun:test";
import { launchBrowser } from "./browser.ts";
import { needsTool } from "./tools.ts";

/** The first start on a machine reads 300 MB from its disk. */
const COLD_START_MS = 60_000;

const chromium = needsTool("chromium", "chromium");

/** A page with one fault of each kind, or with none. */
const PAGES: Record<string, string> = {
  "/clean": "<!DOCTYPE html><title>Clean</title><link rel=icon href=data:,><h1>Clean</h1>",
  "/faulty": `<!DOCTYPE html><title>Faulty</title><link rel=icon href=data:,><script src=/throws.js></script>
    <script>document.title = "inline ran"</script><img src=/missing.png>`,
  "/throws.js": "setTimeout(() => { throw new Error('thrown on purpose') })",
};

chromium.test(
  "a page's problems are collected, and a clean page has none",
  async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        const body = PAGES[pathname];
        const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
        const headers = {
          "content-type": type,
          "content-security-policy": "default-src 'self'; img-src 'self' data:",
        };
        return new Response(body ?? "", { status: body === undefined ? 404 : 200, headers });
      },
    });
    await using browser = await launchBrowser(chromium.path);
    const clean = await browser.open({ width: 390, colorScheme: "dark" });
    await clean.page.goto(`${server.url}clean`);
    expect(await clean.page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches)).toBe(true);
    clean.expectNoProblems();

    const faulty = await browser.open();
    await faulty.page.goto(`${server.url}faulty`, { waitUntil: "networkidle" });
    const problems = faulty.problems.join("\n");
    expect(await faulty.page.title()).toBe("Faulty");
    expect(problems).toContain("error: thrown on purpose");
    expect(problems).toContain("policy: script-src-elem blocked inline");
    expect(problems).toContain("missing.png");
    expect(faulty.expectNoProblems).toThrow();

    const plain = await browser.open({ javaScript: false });
    await plain.page.goto(`${server.url}faulty`);
    expect(plain.problems.join("\n")).not.toContain("thrown on purpose");
    await server.stop(true);
  },
  COLD_START_MS,
);
