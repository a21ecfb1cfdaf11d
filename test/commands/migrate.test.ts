import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { startApp } from "../support/app.ts";
import { command } from "../support/command.ts";
import { earlierFolder, hashes } from "../support/earlier-version.ts";
import { temporaryFolder } from "../support/process.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function places() {
  const from = earlierFolder("database.sql", "keys.json", "settings.json");
  const home = temporaryFolder();
  folders.push(dirname(from), home);
  return { from, env: { DATA_DIR: join(home, "data") } };
}

describe("migrate", () => {
  test("tells what it did, twice the same files, the second time nothing", async () => {
    const { from, env } = places();
    const before = hashes(from);
    const first = await command(["migrate", "--from", dirname(from)], env);
    expect([first.exitCode, first.stderr]).toEqual([0, ""]);
    for (const line of [
      /keys +22 added, 4 of them disabled/,
      /pools +3 added: OpenAI Production, Groq Free, Empty Team/,
      /keyRotationRequestCount → rotation_request_count: 5 → 7/,
      /requests +33 added/,
      /setting requestRateLimit: it was never enforced/,
      /cors_allowed_origins/,
    ])
      expect(first.stdout).toMatch(line);
    expect(first.stdout).not.toContain("sk-test-main");
    const second = await command(["migrate", "--from", from], env);
    expect(second.stdout).toMatch(/keys +0 added, 22 here already/);
    expect(second.stdout).toMatch(/requests +0 added, 33 here already/);
    expect(hashes(from)).toEqual(before);
  });

  test("reads DATA_DIR where no folder is named", async () => {
    const { from } = places();
    const { stdout } = await command(["migrate"], { DATA_DIR: from });
    expect(stdout).toMatch(/keys +22 added/);
    expect(existsSync(join(from, "load-balancer.db"))).toBe(true);
  });

  test("--dry-run changes nothing and makes no data folder; --json is one document", async () => {
    const { from, env } = places();
    const { exitCode, stdout } = await command(["migrate", "--from", from, "--dry-run", "--json"], env);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dry_run: true,
      keys: { added: 22 },
      settings: { changed: expect.arrayContaining([expect.objectContaining({ earlier_name: "endpoint" })]) },
      requests: { added: 33 },
    });
    expect(existsSync(env.DATA_DIR)).toBe(false);
  });

  test("what cannot be read is exit 1 and one line", async () => {
    const { from, env } = places();
    const { exitCode, stdout, stderr } = await command(["migrate", "--from", join(from, "none")], env);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/none does not exist: give the data folder of the earlier version/);
    expect(stderr.split("\n")).toHaveLength(1);
  });

  test("is refused while a server works on the data folder", async () => {
    const { from } = places();
    await using app = await startApp({ upstream: "http://127.0.0.1:9/v1", keepsData: true });
    folders.push(dirname(app.dataDir));
    const { exitCode, stderr } = await command(["migrate", "--from", from], { DATA_DIR: app.dataDir });
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("Another load-balancer is running")]);
  });
});
