import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAX_IMPORT_FORM_BYTES } from "../../src/admin/settings-data.tsx";
import { APP_PASSWORD, startApp, type TestApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { type Person, signIn } from "../support/signed-in.ts";

/** Export, import and backup by the forms of the part Data, as a person without scripts uses them. */
const SECRET = "sk-transfer-0123456789";
const PASSPHRASE = "correct horse battery";
let upstream: ReturnType<typeof startFakeUpstream>;
let app: TestApp;
let person: Person;
beforeEach(async () => {
  upstream = startFakeUpstream({ keys: [SECRET] });
  app = await startApp({ upstream: upstream.url });
  await app.must("POST", "/keys", { name: "first", secret: SECRET });
  person = await signIn(app.url);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  upstream[Symbol.dispose]();
});

const HERE = "/settings/data";
const exported = (form: Record<string, string>) => person.send(`${HERE}/export`, form);

async function imported(
  file: string | Uint8Array<ArrayBuffer>,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", new File([file], "export.json"));
  const answer = await fetch(`${app.url}${HERE}/import`, {
    method: "POST",
    headers: { cookie: person.cookie(), origin: app.url, ...headers },
    body,
  });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

async function deleteAllKeys(): Promise<void> {
  for (const key of await app.keys()) await app.must("DELETE", `/keys/${key.id}`);
}

describe("an export", () => {
  test("without secrets is a download that asks for nothing", async () => {
    const { status, headers, html } = await exported({ secrets: "none" });
    expect(status).toBe(200);
    expect(headers.get("content-disposition")).toMatch(
      /^attachment; filename="load-balancer-\d{4}-\d\d-\d\d\.json"$/,
    );
    expect(JSON.parse(html)).toMatchObject({ format: expect.any(String), secrets: "none" });
    expect(html).not.toContain(SECRET);
  });

  test("holds the secrets only after the password", async () => {
    const given = await exported({ secrets: "plain", password: APP_PASSWORD });
    expect(JSON.parse(given.html).keys[0].secret).toBe(SECRET);
    const refused = await exported({ secrets: "plain", password: "wrong password" });
    expect(refused.status).toBe(422);
    expect(refused.html).toMatch(/id="export-password-error"[\s\S]*?Wrong password\./);
    expect(refused.html).toContain('value="plain" selected');
    expect(refused.html).not.toContain("wrong password");
  });

  test("seals them under a passphrase that is long enough", async () => {
    const short = await exported({ secrets: "sealed", password: APP_PASSWORD, passphrase: "short" });
    expect(short.status).toBe(422);
    expect(short.html).toMatch(/id="export-passphrase-error"[\s\S]*?Give 8 to 1000 characters\./);
    const sealed = await exported({ secrets: "sealed", password: APP_PASSWORD, passphrase: PASSPHRASE });
    expect(JSON.parse(sealed.html).secrets.kdf).toBe("scrypt");
    expect(sealed.html).not.toContain(SECRET);
  });

  test("of a kind that does not exist is refused", async () => {
    const { status, html } = await exported({ secrets: "some" });
    expect(status).toBe(422);
    expect(html).toContain("Choose what becomes of the secrets.");
  });
});

describe("an import", () => {
  test("is checked first, then taken in; sealed secrets need their passphrase", async () => {
    const { html: file } = await exported({
      secrets: "sealed",
      password: APP_PASSWORD,
      passphrase: PASSPHRASE,
    });
    await deleteAllKeys();
    const without = await imported(file);
    expect(without.status).toBe(422);
    expect(without.html).toMatch(/id="import-passphrase-error"[\s\S]*?Give the passphrase/);
    const checked = await imported(file, { passphrase: PASSPHRASE, dry_run: "true" });
    expect(checked.status).toBe(200);
    expect(checked.html).toMatch(/Only checked, nothing is changed\. It would add: [^<]*1 key/);
    expect(await app.keys()).toEqual([]);
    const done = await imported(file, { passphrase: PASSPHRASE });
    expect(done.html).toMatch(/Added: [^<]*1 key/);
    expect(await app.keys()).toHaveLength(1);
    expect(done.html).not.toContain(SECRET);
    expect(done.html).not.toContain(PASSPHRASE);
  });

  test("of a list of keys says of each row that was left aside why, packed or not", async () => {
    const list = `second=sk-new-0000000001\nno good <b>\n${SECRET}\n`;
    const checked = await imported(list, { dry_run: "true" });
    expect(checked.html).toContain("It would add: 1 key. 2 rows would be left aside.");
    expect(await app.keys()).toHaveLength(1);
    const done = await imported(Bun.gzipSync(list));
    expect(done.html).toContain("Added: 1 key. 2 rows were left aside.");
    expect(done.html).toMatch(/row 2<\/td><td[^>]*>malformed/);
    expect(done.html).toMatch(/row 3<\/td><td[^>]*>duplicate of/);
    expect(await app.keys()).toHaveLength(2);
  });

  test("of CSV with a heading finds pools by their names", async () => {
    const pool = (await app.must("POST", "/pools", { name: "Main" })) as { id: string };
    const rows = ["name,api_key,pool,tags,daily_limit", "second,sk-new-0000000001,main,a;b,7"];
    const { html } = await imported([...rows, "third,sk-new-0000000002,Elsewhere,,"].join("\n"));
    expect(html).toContain("Added: 1 key. 1 row was left aside.");
    expect(html).toMatch(/row 3<\/td><td[^>]*>malformed: pool_id/);
    const key = (await app.keys()).find(({ name }) => name === "second");
    expect(key).toMatchObject({ pool_id: pool.id, tags: ["a", "b"], daily_limit: 7 });
  });

  test("that cannot be read tells its rows and changes nothing", async () => {
    const file = JSON.parse((await exported({ secrets: "none" })).html);
    file.keys[0].weight = "heavy";
    const { status, html } = await imported(JSON.stringify(file));
    expect(status).toBe(422);
    expect(html).toMatch(/keys, row 1: weight<\/td><td[^>]*>Give a number\./);
    for (const empty of ["", "  "]) {
      const refused = await imported(empty);
      expect(refused.status).toBe(422);
      expect(refused.html).toContain('id="import-file-error"');
    }
  });

  test("answers htmx with the outcome alone", async () => {
    const headers = { "hx-request": "true", "hx-target": "div#import-outcome" };
    const done = await imported("sk-new-0000000001", {}, headers);
    expect(done.html).toStartWith('<p class="line is-available">');
    expect(done.headers.get("hx-trigger")).toBe("refresh-live");
    const refused = await imported("", {}, headers);
    expect(refused.status).toBe(422);
    expect(refused.html).toStartWith('<p class="error" role="alert">');
  });

  test("larger than the form allows, or from another site, is refused", async () => {
    const large = await imported(new Uint8Array(MAX_IMPORT_FORM_BYTES + 1));
    expect(large.status).toBe(422);
    expect(large.html).toContain("The form is larger than 64 MiB.");
    const foreign = await imported("sk-new-0000000001", {}, { origin: "https://elsewhere.example" });
    expect(foreign.status).toBe(403);
    expect(await app.keys()).toHaveLength(1);
  });
});

test("by the API, a gigabyte is refused before it is read", async () => {
  const told = await new Promise<string>((resolve, reject) => {
    let answer = "";
    const { hostname, port } = new URL(app.url);
    void Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open(socket) {
          const lines = [
            "POST /api/admin/data/import HTTP/1.1",
            "host: localhost",
            "content-length: 1073741824",
          ];
          socket.write(
            [...lines, "authorization: Bearer test-admin-api-token", "", '{"format":'].join("\r\n"),
          );
        },
        data(socket, bytes) {
          answer += bytes.toString();
          if (answer.includes("}}")) {
            resolve(answer);
            socket.end();
          }
        },
        error: (_, error) => reject(error),
        close: () => resolve(answer),
      },
    });
  });
  expect(told).toStartWith("HTTP/1.1 413");
  expect(told).toMatch(
    /at most 512 MiB while this program serves: stop it and run `load-balancer import FILE`/,
  );
  expect(readdirSync(app.dataDir).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("a backup is a database that can be opened; those that were kept are listed", async () => {
  const answer = await fetch(`${app.url}${HERE}/backup`, {
    method: "POST",
    headers: { cookie: person.cookie(), origin: app.url },
  });
  expect(answer.headers.get("content-type")).toBe("application/vnd.sqlite3");
  expect(answer.headers.get("content-disposition")).toMatch(/filename="load-balancer-[\d-]+\.db"/);
  using database = Database.deserialize(new Uint8Array(await answer.arrayBuffer()));
  expect(database.query("SELECT count(*) AS keys FROM keys").get()).toEqual({ keys: 1 });

  const before = (await person.get(HERE)).html;
  expect(before).toContain("None are written by themselves.");
  await app.must("PATCH", "/settings", { backup_schedule: "0 4 * * *" });
  mkdirSync(join(app.dataDir, "backups"), { recursive: true });
  writeFileSync(join(app.dataDir, "backups", "load-balancer-20261124-040000-000.db"), new Uint8Array(2_000));
  const { html } = await person.get(HERE);
  expect(html).toContain("<code>0 4 * * *</code>");
  expect(html).toMatch(/load-balancer-20261124-040000-000\.db"[\s\S]*?2\.00 kB/);
});

test("a backup is written now and taken away, but not with the secret key in it", async () => {
  const { html } = await person.send(`${HERE}/backups`);
  const [, name = ""] = /(load-balancer-[\d-]+\.db) written, [\d.]+ kB\./.exec(html) ?? [];
  const path = `${HERE}/backups/${name}`;
  expect(html).toContain(`href="${path}"`);
  const cookie = { cookie: person.cookie() };
  const answer = await fetch(app.url + path, { headers: cookie });
  expect(answer.headers.get("content-disposition")).toContain(`filename="${name}"`);
  using database = Database.deserialize(new Uint8Array(await answer.arrayBuffer()));
  expect(database.query("SELECT count(*) AS keys FROM keys").get()).toEqual({ keys: 1 });
  // It is still there: what is sent is no copy that goes.
  expect((await fetch(app.url + path, { headers: cookie })).status).toBe(200);

  const file = join(app.dataDir, "backups", name);
  using withKey = new Database(file);
  withKey.run("INSERT INTO facts (name, value) VALUES ('secret_key', 'x')");
  withKey.close();
  const refused = await person.get(path);
  expect([refused.status, refused.headers.get("content-type")]).toEqual([409, "text/html; charset=utf-8"]);
  expect(refused.html).toContain("holds the secret key too");
  for (const wrong of ["load-balancer.db", "..%2Fload-balancer.db", "..%2Fsecret.key"])
    expect([wrong, (await person.get(`${HERE}/backups/${wrong}`)).status]).toEqual([wrong, 404]);
  expect((await fetch(app.url + path, { redirect: "manual" })).status).toBe(303);
});
