import { expect } from "bun:test";
import { expectNoSidewaysScroll, expectNoViolations, PAGE_FORMS } from "./axe.ts";
import { launchBrowser } from "./browser.ts";
import { needsTool } from "./tools.ts";

/** The first start on a machine reads 300 MB from its disk. */
const COLD_START_MS = 60_000;
const chromium = needsTool("chromium", "chromium");

const page = (body: string) =>
  `<!DOCTYPE html><html lang="en"><title>A page</title><main><h1>A page</h1>${body}</main></html>`;

chromium.test(
  "violations are told with their elements, also under a strict policy, and a clean page has none",
  async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        const faulty = new URL(request.url).pathname === "/faulty";
        const body = page(faulty ? '<button id="silent"></button><pre>no words break here</pre>' : "Clean.");
        return new Response(body, {
          headers: { "content-type": "text/html", "content-security-policy": "default-src 'none'" },
        });
      },
    });
    await using browser = await launchBrowser(chromium.path);
    const { page: shown, close } = await browser.open(PAGE_FORMS[1]);
    await shown.goto(`${server.url}clean`);
    await expectNoViolations(shown);
    await expectNoSidewaysScroll(shown);

    await shown.goto(`${server.url}faulty`);
    await shown.setViewportSize({ width: 60, height: 844 });
    await expect(expectNoViolations(shown)).rejects.toThrow("button-name");
    await expect(expectNoSidewaysScroll(shown)).rejects.toThrow();
    await close();
    await server.stop(true);
  },
  COLD_START_MS,
);
