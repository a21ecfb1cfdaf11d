import { afterAll, beforeAll, expect, test } from "bun:test";
import { docsOf } from "../../src/admin/api/docs.ts";
import type { ApiDocument } from "../../src/admin/api/openapi.ts";
import { startApp, type TestApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { type PageServer, startPages } from "../support/page-server.ts";
import { needsTool } from "../support/tools.ts";

let pages: PageServer;
let app: TestApp;
let document: ApiDocument;
const upstream = startFakeUpstream();
beforeAll(async () => {
  pages = await startPages();
  app = await startApp({ upstream: upstream.url, keys: ["sk-docs-key-0001"] });
  document = (await app.must("GET", "/openapi.json")) as ApiDocument;
});
afterAll(async () => {
  await pages.stop();
  await app[Symbol.asyncDispose]();
  upstream.down();
});

test("the page shows every call of the description, with its fields, answer, errors and example", async () => {
  const { status, html, headers } = await pages.ask("/api/admin/docs");
  expect(status).toBe(200);
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { operationId, summary }] of Object.entries(methods)) {
      const from = html.indexOf(`id="${operationId}"`);
      const call = html.slice(from, html.indexOf("</details>", from));
      expect([path, from > 0]).toEqual([path, true]);
      const shown = summary.replaceAll("'", "&#x27;");
      for (const part of [path, shown, method.toUpperCase(), "curl", "Answer 20", "<dt>401</dt>"]) {
        expect([operationId, part, call.includes(part)]).toEqual([operationId, part, true]);
      }
    }
  }
});

test("nobody reads it without a login", async () => {
  const answer = await fetch(`${pages.url}/api/admin/docs`, { redirect: "manual" });
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/login?next=%2Fapi%2Fadmin%2Fdocs");
});

const curl = needsTool("curl", "curl");
curl.test("its examples can be pasted into a shell", async () => {
  const { sections } = docsOf(document, app.url);
  const calls = sections.flatMap((section) => section.calls).filter(({ path }) => !path.includes("{id}"));
  // These need something that is there, or never end.
  const left = ["bulk_keys", "get_logs_live"];
  for (const { id, example } of calls.filter((call) => !left.includes(call.id))) {
    const shell = Bun.spawn(["sh", "-c", `${example} --silent --show-error --fail-with-body`], {
      env: { PATH: process.env.PATH, ADMIN_API_TOKEN: "test-admin-api-token" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = (await new Response(shell.stdout).text()) + (await new Response(shell.stderr).text());
    expect([id, await shell.exited, said.slice(0, 300)]).toEqual([id, 0, said.slice(0, 300)]);
  }
});
