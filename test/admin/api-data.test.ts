import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdminServer, API_TOKEN, PASSWORD, startAdmin } from "../support/admin-server.ts";
import { smallDisk } from "../support/small-disk.ts";

const SECRET = "sk-data-0123456789abcdef";
let admin: AdminServer;
beforeEach(async () => {
  admin = await startAdmin();
  await admin.operations.keys.add({ secret: SECRET }, "admin");
});
afterEach(() => admin.stop());

const headers = (more: Record<string, string> = {}) => ({ authorization: `Bearer ${API_TOKEN}`, ...more });

test("an export without secrets; with them after the password; what came out goes into another one", async () => {
  const plain = await admin.call("GET", "/data/export");
  expect(plain.status).toBe(200);
  expect(plain.headers.get("content-disposition")).toMatch(/attachment; filename="load-balancer-.*\.json"/);
  expect(plain.text).not.toContain(SECRET);
  expect((await admin.call("GET", "/data/export?secrets=plain")).status).toBe(403);
  const sealed = await admin.call(
    "GET",
    "/data/export?secrets=sealed",
    undefined,
    headers({ "x-admin-password": PASSWORD, "x-export-passphrase": "correct horse battery" }),
  );
  expect(sealed.json.secrets.kdf).toBe("scrypt");
  expect(sealed.text).not.toContain(SECRET);

  const other = await startAdmin();
  const without = await other.call("POST", "/data/import", sealed.text);
  expect(without).toMatchObject({
    status: 422,
    json: { error: { fields: { passphrase: expect.any(String) } } },
  });
  const open = headers({ "x-export-passphrase": "correct horse battery" });
  const tried = await other.call("POST", "/data/import?dry_run=true", sealed.text, open);
  expect(tried).toMatchObject({ status: 200, json: { added: { keys: 1 } } });
  expect(other.pool.views()).toEqual([]);
  const done = await other.call("POST", "/data/import", sealed.text, open);
  expect(done).toMatchObject({ status: 200, json: { added: { keys: 1 }, skipped_more: 0 } });
  expect(other.pool.views()).toHaveLength(1);
  expect(readdirSync(other.dir).filter((name) => name.endsWith(".part"))).toEqual([]);
  await other.stop();
});

test("what cannot be imported is told by row and changes nothing", async () => {
  const { json } = await admin.call("GET", "/data/export");
  json.keys[0].weight = "heavy";
  const answer = await admin.call("POST", "/data/import", JSON.stringify(json));
  expect(answer.status).toBe(422);
  expect(answer.json.error.fields).toEqual({ "keys, row 1: weight": "give a number" });
  expect((await admin.call("POST", "/data/import", "")).status).toBe(422);
});

test("a full disk is told as such, here and where a key is added, and changes nothing", async () => {
  const { text } = await admin.call("GET", "/data/export");
  const packed = `${text}${" ".repeat(2 ** 20)}`;
  const folder = mkdtempSync(join(tmpdir(), "lb-full-"));
  const disk = smallDisk(folder, 64 * 1024);
  if (disk === null) return;
  mkdirSync(join(disk.path, "data"));
  const full = await startAdmin({ dir: join(disk.path, "data") });
  disk.leave(0);
  const calls = [
    await full.call("POST", "/data/import", packed),
    await full.call("POST", "/keys", { secret: "sk-data-of-a-full-disk" }),
  ];
  for (const { status, json } of calls)
    expect([status, json.error]).toEqual([
      503,
      { code: "storage_unavailable", message: expect.stringMatching(/the disk is full/) },
    ]);
  expect(full.pool.views()).toEqual([]);
  expect(readdirSync(full.dir).filter((name) => name.endsWith(".part"))).toEqual([]);
  disk.leave(64 * 1024);
  expect((await full.call("POST", "/keys", { secret: "sk-data-of-a-full-disk" })).status).toBe(201);
  await full.stop();
  disk[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

test("a backup is a database that can be opened, and leaves no file here", async () => {
  const answer = await fetch(`${admin.url}/api/admin/backup`, { method: "POST", headers: headers() });
  expect(answer.headers.get("content-type")).toBe("application/vnd.sqlite3");
  const path = join(admin.dir, "downloaded.db");
  writeFileSync(path, new Uint8Array(await answer.arrayBuffer()));
  const database = new Database(path, { readonly: true });
  expect(database.query("SELECT count(*) AS keys FROM keys").get()).toEqual({ keys: 1 });
  database.close();
  expect(readdirSync(join(admin.dir, "backups"))).toEqual([]);
});
