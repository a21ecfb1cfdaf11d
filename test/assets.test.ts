import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliDecompressSync } from "node:zlib";
import { Elysia } from "elysia";
import { type AssetName, assetUrl, createAssets } from "../src/assets.ts";
import { startPages } from "./support/page-server.ts";

const NAMES: AssetName[] = [
  "pico.css",
  "uplot.css",
  "app.css",
  "boot.js",
  "htmx.js",
  "alpine.js",
  "uplot.js",
  "app.js",
  "favicon.svg",
];
/** What a first visit may weigh on the wire, in all. */
const FIRST_PAGE_BYTES = 120_000;
const MAX_OWN_SCRIPT_LINES = 400;

const app = new Elysia().use(createAssets());
let url: string;
beforeAll(() => {
  app.listen({ port: 0, hostname: "127.0.0.1" });
  url = `http://127.0.0.1:${app.server!.port}`;
});
afterAll(() => app.stop(true));

/** As it came over the wire, still compressed. */
async function raw(path: string, headers: Record<string, string>) {
  const answer = await fetch(url + path, { headers, decompress: false } as RequestInit);
  return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) };
}

describe("an asset", () => {
  test("has its content's hash in its name and is kept for ever", async () => {
    for (const name of NAMES) {
      const path = assetUrl(name);
      expect(path).toMatch(/^\/assets\/[a-z]+-[0-9a-f]{10}\.(css|js|svg)$/);
      const { status, headers } = await raw(path, {});
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("content-encoding")).toBeNull();
    }
  });

  test("comes compressed to those who take it, the same inside", async () => {
    const plain = await raw(assetUrl("htmx.js"), {});
    const brotli = await raw(assetUrl("htmx.js"), { "accept-encoding": "gzip, deflate, br, zstd" });
    const gzip = await raw(assetUrl("htmx.js"), { "accept-encoding": "gzip, br;q=0" });
    expect(brotli.headers.get("content-encoding")).toBe("br");
    expect(gzip.headers.get("content-encoding")).toBe("gzip");
    expect(brotli.headers.get("vary")).toBe("accept-encoding");
    expect(new Uint8Array(brotliDecompressSync(brotli.body))).toEqual(plain.body);
    expect(Bun.gunzipSync(gzip.body)).toEqual(plain.body);
    expect(brotli.body.length).toBeLessThan(plain.body.length / 2);
  });

  test("is not sent again to those who have it", async () => {
    const first = await raw(assetUrl("app.css"), { "accept-encoding": "br" });
    const headers = { "accept-encoding": "br", "if-none-match": first.headers.get("etag")! };
    const again = await raw(assetUrl("app.css"), headers);
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  test("is found by its current name only", async () => {
    for (const path of [
      "/assets/app-0000000000.css",
      "/assets/app.css",
      "/assets/..%2fapp.js",
      "/assets/constructor",
    ]) {
      expect((await raw(path, {})).status).toBe(404);
    }
  });
});

test("the first page weighs at most 120 kB in all", async () => {
  let total = 0;
  for (const name of NAMES) total += (await raw(assetUrl(name), { "accept-encoding": "br" })).body.length;
  const pages = await startPages();
  const headers = { cookie: "lb_session=known", "accept-encoding": "gzip" };
  const page = await fetch(pages.url, { headers, decompress: false } as RequestInit);
  expect(page.headers.get("content-encoding")).toBe("gzip");
  total += (await page.arrayBuffer()).byteLength;
  await pages.stop();
  expect(total).toBeLessThan(FIRST_PAGE_BYTES);
});

test("the own script stays small, and no style of ours asks for anything from elsewhere", async () => {
  const script = await (await fetch(url + assetUrl("app.js"))).text();
  expect(script.split("\n").length - 1).toBeLessThanOrEqual(MAX_OWN_SCRIPT_LINES);
  const styles = await (await fetch(url + assetUrl("app.css"))).text();
  expect(styles).not.toMatch(/@import|url\(\s*["']?(?:https?:)?\/\//);
});
