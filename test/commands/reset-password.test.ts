import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startApp } from "../support/app.ts";
import { command } from "../support/command.ts";
import { temporaryFolder } from "../support/process.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function startWithStoredPassword() {
  const app = await startApp({
    upstream: "http://127.0.0.1:9/v1",
    keepsData: true,
    env: { ADMIN_PASSWORD: "" },
  });
  folders.push(dirname(app.dataDir));
  return app;
}

async function logIn(url: string, password: string): Promise<{ status: number; cookie: string }> {
  const answer = await fetch(`${url}/login`, {
    method: "POST",
    redirect: "manual",
    headers: { origin: url },
    body: new URLSearchParams({ password }),
  });
  return { status: answer.status, cookie: answer.headers.get("set-cookie")?.split(";")[0] ?? "" };
}
const statusWith = async (url: string, cookie: string) =>
  (await fetch(`${url}/keys`, { redirect: "manual", headers: { cookie } })).status;

describe("reset-password", () => {
  test("holds at once in a running server, and ends its sessions", async () => {
    await using app = await startWithStoredPassword();
    const env = { DATA_DIR: app.dataDir };
    writeFileSync(join(app.dataDir, "initial-password"), "old\n");
    const first = (await command(["reset-password"], env)).stdout;
    expect(existsSync(join(app.dataDir, "initial-password"))).toBe(false);
    const session = await logIn(app.url, first);
    expect([session.status, await statusWith(app.url, session.cookie)]).toEqual([303, 200]);

    const { exitCode, stdout: second, stderr } = await command(["reset-password"], env);
    expect([exitCode, second]).toEqual([0, expect.stringMatching(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/)]);
    expect(stderr).toContain("all sessions have ended");
    expect(await statusWith(app.url, session.cookie)).toBe(303);
    expect((await logIn(app.url, second)).status).toBe(303);
  });

  test("its sessions live on over the next start", async () => {
    const app = await startWithStoredPassword();
    const password = (await command(["reset-password"], { DATA_DIR: app.dataDir })).stdout;
    const { cookie } = await logIn(app.url, password);
    await using again = await app.restart();
    expect(await statusWith(again.url, cookie)).toBe(200);
  });

  test("takes one from stdin, and refuses a short one", async () => {
    await using app = await startWithStoredPassword();
    const env = { DATA_DIR: app.dataDir };
    const short = await command(["reset-password", "--stdin"], env, { stdin: async () => "short\n" });
    expect([short.exitCode, short.stderr]).toEqual([1, expect.stringContaining("10 to 1000 characters")]);
    const given = await command(["reset-password", "--stdin"], env, {
      stdin: async () => "my own password\r\nmore",
    });
    expect([given.exitCode, given.stdout]).toEqual([0, ""]);
    expect((await logIn(app.url, "my own password")).status).toBe(303);
  });

  test("refuses while ADMIN_PASSWORD is set, and where there is no database", async () => {
    const set = await command(["reset-password"], { ADMIN_PASSWORD: "a good password" });
    expect([set.exitCode, set.stderr]).toEqual([1, expect.stringContaining("ADMIN_PASSWORD is set")]);
    const folder = temporaryFolder();
    folders.push(folder);
    const none = await command(["reset-password"], { DATA_DIR: join(folder, "data") });
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining("start the server once")]);
    expect(existsSync(join(folder, "data"))).toBe(false);
  });
});
