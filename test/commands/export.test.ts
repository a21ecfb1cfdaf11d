import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { openInstallation } from "../../src/installation.ts";
import { createLogger } from "../../src/log.ts";
import { type Folder, tempFolder } from "../storage/builders.ts";
import { command } from "../support/command.ts";
import { smallDisk } from "../support/small-disk.ts";

const SECRET = "sk-command-0123456789abcdef";
let folder: Folder;
let env: Record<string, string>;
beforeEach(async () => {
  folder = tempFolder();
  env = { DATA_DIR: join(folder.path, "data") };
  const installation = await openHere();
  await installation.operations.keys.add({ secret: SECRET }, "admin");
  await installation.close();
});
afterEach(() => folder.remove());

const openHere = () => {
  const log = createLogger({ level: "error", format: "json", write: () => undefined });
  return openInstallation(loadConfig(env, false), log, systemClock);
};
const inFolder = (name: string) => join(folder.path, name);

test("export: to stdout without secrets, beside a running server too", async () => {
  const alone = await command(["export"], env);
  expect(alone).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("Without the secrets") });
  expect(JSON.parse(alone.stdout)).toMatchObject({ secrets: "none", keys: [{ masked_secret: "sk-c…cdef" }] });
  const served = await openHere();
  const beside = await command(["export", "--keys", "--secrets"], env);
  await served.close();
  expect(beside).toMatchObject({ exitCode: 0, stderr: "" });
  const json = JSON.parse(beside.stdout);
  expect(json).toMatchObject({ keys: [{ secret: SECRET }], settings: {} });
  expect(json.requests).toBeUndefined();
});

test("export: to a file that only this user can read, sealed under a passphrase in a file", async () => {
  writeFileSync(inFolder("pass.txt"), "correct horse battery\nmore\n");
  const out = inFolder("all.json");
  const args = ["export", "--out", out, "--passphrase-file", inFolder("pass.txt")];
  expect(await command(args, env)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(out) });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(readFileSync(out, "utf8")).not.toContain(SECRET);
  expect(await command(args, env)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("--force") });
  expect((await command([...args, "--force"], env)).exitCode).toBe(0);
});

test("export: one clear line for what cannot be done, and no file", async () => {
  const cases: [string[], RegExp][] = [
    [["--secrets", "--passphrase-file", "x"], /not both/],
    [["--passphrase-file", inFolder("no.txt")], /cannot be read \(ENOENT\)/],
    [["--out", folder.path], /is a folder/],
    [["--out", inFolder("no/such.json")], /there is no folder/],
    [["--out", "/dev/full", "--force"], /could not be written: the disk is full/],
  ];
  for (const [args, message] of cases) {
    const { exitCode, stderr, stdout } = await command(["export", ...args], env);
    expect([args, exitCode, stdout]).toEqual([args, 1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("\n");
  }
  expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  mkdirSync(inFolder("empty"));
  const none = await command(["export"], { DATA_DIR: inFolder("empty") });
  expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("There is no database") });
  using disk = smallDisk(folder.path, 4);
  if (disk === null) return;
  writeFileSync(join(disk.path, "other"), "x".repeat(4_096));
  const full = await command(["export", "--out", join(disk.path, "all.json")], env);
  expect(full).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("the disk is full") });
});

test("backup and restore", async () => {
  const file = inFolder("lb.db");
  const served = await openHere();
  const made = await command(["backup", file], env);
  expect(made).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("secret.key") });
  expect(await command(["restore", file], env)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("running on the data folder"),
  });
  await served.close();
  const json = await command(["backup", file, "--force", "--with-secret-key", "--json"], env);
  expect(JSON.parse(json.stdout)).toMatchObject({ file, has_secret_key: true });
  const elsewhere = { DATA_DIR: inFolder("elsewhere") };
  const restored = await command(["restore", file, "--json"], elsewhere);
  expect(JSON.parse(restored.stdout)).toEqual({
    keys: 1,
    requests: 0,
    kept_as: null,
    secret_key_written: true,
  });
  const there = JSON.parse((await command(["export", "--secrets"], elsewhere)).stdout);
  expect(there.keys[0].secret).toBe(SECRET);
});
