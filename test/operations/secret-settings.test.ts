import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { startApp, type TestApp } from "../support/app.ts";
import { temporaryFolder } from "../support/process.ts";
import { signIn } from "../support/signed-in.ts";

const SECRET = "sealed-webhook-secret-1";
const OTHER = "sealed-webhook-secret-2";

let folder: string;
let hook: ReturnType<typeof Bun.serve>;
let got: { body: string; headers: Headers }[];
beforeEach(() => {
  folder = temporaryFolder();
  got = [];
  hook = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      got.push({ body: await request.text(), headers: request.headers });
      return new Response(null, { status: 204 });
    },
  });
});
afterEach(async () => {
  await hook.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = () => join(folder, "data");
const start = (): Promise<TestApp> =>
  startApp({
    upstream: "http://127.0.0.1:9/v1",
    env: { DATA_DIR: dataDir() },
    settings: { alert_webhook_url: `http://127.0.0.1:${hook.port}/hook` },
    keepsData: true,
  });

/** The files in which these bytes stand. */
async function filesWith(text: string): Promise<string[]> {
  const files = await Array.fromAsync(
    new Bun.Glob("**/*").scan({ cwd: dataDir(), absolute: true, dot: true }),
  );
  expect(files.length).toBeGreaterThan(0);
  const found = await Promise.all(
    files.map(async (file) => Buffer.from(await Bun.file(file).arrayBuffer()).includes(text)),
  );
  return files.filter((_, index) => found[index]);
}

function expectSignedWith(secret: string): void {
  const { body, headers } = got.at(-1)!;
  const digest = createHmac("sha256", secret)
    .update(`${headers.get("x-lb-timestamp")}.${body}`)
    .digest("hex");
  expect(headers.get("x-lb-signature")).toBe(`sha256=${digest}`);
}

test("a secret setting is sealed at rest, shown nowhere, and works after a restart", async () => {
  const first = await start();
  const changed = await first.must("PATCH", "/settings", { alert_webhook_secret: SECRET });
  expect(changed).toMatchObject({ alert_webhook_secret: "[hidden]" });
  const person = await signIn(first.url);
  const shown = [
    JSON.stringify(await first.must("GET", "/settings")),
    JSON.stringify(await first.must("GET", "/logs?kind=key_event")),
    (await person.get("/settings")).html,
    (await person.get("/logs?kind=key_event")).html,
    first.log.join("\n"),
  ];
  for (const text of shown) expect(text).not.toContain(SECRET);
  expect(shown[1]).toContain("alert_webhook_secret: none → set");
  await first.must("PATCH", "/settings", { alert_webhook_secret: OTHER });
  expect(JSON.stringify(await first.must("GET", "/logs?kind=key_event"))).toContain(
    "alert_webhook_secret: set → set anew",
  );
  await first.must("POST", "/alerts/test");
  expectSignedWith(OTHER);
  expect(await filesWith(SECRET)).toEqual([]);
  expect(await filesWith(OTHER)).toEqual([]);

  await using second = await first.restart();
  await second.must("POST", "/alerts/test");
  expectSignedWith(OTHER);
});

test("one that was stored in the clear is sealed at the start", async () => {
  const first = await start();
  await first[Symbol.asyncDispose]();
  const database = new Database(join(dataDir(), "load-balancer.db"));
  // The storage worker of the program that has ended may still be letting go of the file.
  database.run("PRAGMA busy_timeout = 5000");
  database.run("INSERT INTO settings (name, value) VALUES ('alert_webhook_secret', ?)", [
    JSON.stringify(SECRET),
  ]);
  database.close();
  const second = await startApp({
    upstream: "http://127.0.0.1:9/v1",
    env: { DATA_DIR: dataDir() },
    keepsData: true,
  });
  await second.must("POST", "/alerts/test");
  expectSignedWith(SECRET);
  await second[Symbol.asyncDispose]();
  const after = new Database(join(dataDir(), "load-balancer.db"), { readonly: true });
  after.run("PRAGMA busy_timeout = 5000");
  const row = after.query("SELECT value FROM settings WHERE name = 'alert_webhook_secret'").get();
  after.close();
  expect(row).toEqual({ value: expect.stringMatching(/^\{"sealed":"[\w+/=]+"\}$/) });
});

test("one that another secret key sealed is left out with a warning, and all else works", async () => {
  const first = await start();
  await first.must("PATCH", "/settings", { alert_webhook_secret: SECRET });
  await first[Symbol.asyncDispose]();
  const database = new Database(join(dataDir(), "load-balancer.db"));
  database.run("UPDATE settings SET value = ? WHERE name = 'alert_webhook_secret'", [
    JSON.stringify({ sealed: Buffer.alloc(60, 1).toString("base64") }),
  ]);
  database.close();
  await using second = await startApp({
    upstream: "http://127.0.0.1:9/v1",
    env: { DATA_DIR: dataDir() },
    keepsData: true,
  });
  expect(second.log.join("\n")).toContain("alert_webhook_secret");
  expect(await second.must("GET", "/settings")).toMatchObject({ alert_webhook_secret: null });
});

test("an empty field leaves the secret; only clearing takes it away", async () => {
  await using app = await start();
  await app.must("PATCH", "/settings", { alert_webhook_secret: SECRET });
  const person = await signIn(app.url);
  const page = await person.get("/settings");
  expect(page.html).toMatch(/<input[^>]*name="alert_webhook_secret"[^>]*value=""/);
  await person.send("/settings", { alert_webhook_secret: "", max_retries: "2" });
  expect(await app.must("GET", "/settings")).toMatchObject({
    alert_webhook_secret: "[hidden]",
    max_retries: 2,
  });
  await person.send("/settings/reset?name=alert_webhook_secret");
  expect(await app.must("GET", "/settings")).toMatchObject({ alert_webhook_secret: null });
});

test("a test alert says what went wrong", async () => {
  await using app = await start();
  const person = await signIn(app.url);
  const sent = await person.send("/settings/alerts/test");
  expect(sent.html).toContain("The webhook took the test alert.");
  expect(JSON.parse(got.at(-1)!.body)).toMatchObject({ alert: "test", state: "firing" });
  expect(got.at(-1)!.headers.get("x-lb-signature")).toBeNull();
  await hook.stop(true);
  const failed = await person.send("/settings/alerts/test");
  expect(failed.html).toContain("The webhook did not take it:");
  await app.must("PATCH", "/settings", { alert_webhook_url: null });
  expect((await person.send("/settings/alerts/test")).html).toContain(
    "The webhook did not take it: no alert webhook URL is saved.",
  );
});
