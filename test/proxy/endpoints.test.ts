import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { endpointsPage } from "../../scripts/endpoints.ts";
import { endpoints, findEndpoint, idInPath } from "../../src/proxy/endpoints.ts";

const PAGE = join(import.meta.dir, "../../docs/endpoints.md");

test("docs/endpoints.md tells what the table says (bun --no-env-file scripts/endpoints.ts makes it)", async () => {
  expect(await Bun.file(PAGE).text()).toBe(endpointsPage());
});

test("every row is found by a path of its own", () => {
  for (const row of endpoints) {
    const method = row.method === "*" ? "PATCH" : row.method;
    const path = row.path.replace("{id}", "some-id").replace("*", "a/b");
    const found = findEndpoint(method, path);
    expect(`${found.method} ${found.path}`).toBe(`${row.method} ${row.path}`);
  }
});

describe("a path", () => {
  const cases: [method: string, path: string, row: string, id: string | null][] = [
    ["POST", "/chat/completions", "POST /chat/completions", null],
    ["HEAD", "/models", "GET /models", null],
    ["GET", "/models/openai/gpt-4o", "GET /models/*", null],
    ["GET", "/files/file-1/content", "GET /files/{id}/*", "file-1"],
    ["DELETE", "/files/file-1", "* /files/{id}", "file-1"],
    ["POST", "/vector_stores/vs-1/files/file-2", "* /vector_stores/{id}/*", "vs-1"],
    ["POST", "/fine_tuning/jobs/ftjob-1/cancel", "* /fine_tuning/jobs/{id}/*", "ftjob-1"],
    ["POST", "/threads/runs", "POST /threads/runs", null],
    ["POST", "/threads/thread-1/runs", "* /threads/{id}/*", "thread-1"],
    ["GET", "/messages/batches/b-1/results", "GET /messages/batches/{id}/*", "b-1"],
    ["GET", "/unheard/of", "GET /*", null],
    ["POST", "/unheard/of", "* /*", null],
    ["PUT", "/files", "* /*", null],
    ["GET", "/", "* /*", null],
  ];
  for (const [method, path, row, id] of cases) {
    test(`${method} ${path} is ${row}`, () => {
      const found = findEndpoint(method, path);
      expect(`${found.method} ${found.path}`).toBe(row);
      expect(idInPath(found, path)).toBe(id);
    });
  }
});
