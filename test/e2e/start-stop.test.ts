import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chatStream } from "../support/openai-streams.ts";
import { executable, runProgram, temporaryFolder } from "../support/process.ts";
import { figure, scale } from "../support/scale.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

describe("the start", () => {
  test("says where to open it, makes its data folder for this user alone, and is healthy", async () => {
    const folder = newFolder();
    await using program = await startExecutable({ folder, env: { ADMIN_PASSWORD: "" } });
    expect(program.output()).toContain(`is ready: open ${program.url}`);
    expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
    for (const file of ["load-balancer.db", "secret.key", "initial-password"]) {
      expect(statSync(join(folder, "data", file)).mode & 0o777).toBe(0o600);
    }
    const password = (await Bun.file(join(folder, "data/initial-password")).text()).trim();
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(program.output()).not.toContain(password);
    for (const path of ["/health", "/api/health"]) {
      const health = await fetch(program.url + path);
      expect(health.status).toBe(200);
      expect(await health.json()).toMatchObject({
        status: "ok",
        version: expect.any(String),
        uptime_s: expect.any(Number),
      });
    }
    const ready = await fetch(`${program.url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: "not_ready", reason: "no_usable_key" },
    ]);
    await program.must("POST", "/keys", { secret: "some-key-123" });
    expect((await fetch(`${program.url}/ready`)).status).toBe(200);
  });

  test("every page and asset comes out of the one file", async () => {
    await using program = await startExecutable({ env: { REQUIRE_ADMIN_LOGIN: "false" } });
    const assets = new Set<string>();
    for (const path of ["/", "/keys", "/logs", "/settings", "/login"]) {
      const answer = await fetch(program.url + path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
      for (const match of (await answer.text()).matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g))
        assets.add(match[1] as string);
    }
    expect(assets.size).toBeGreaterThanOrEqual(5);
    for (const asset of assets) {
      const answer = await fetch(program.url + asset);
      expect([asset, answer.status]).toEqual([asset, 200]);
      expect((await answer.bytes()).byteLength).toBeGreaterThan(100);
    }
  });

  const refusals: { what: string; env: Record<string, string>; says: string[] }[] = [
    { what: "a port that is none", env: { PORT: "70000" }, says: ["PORT", "0 to 65535"] },
    {
      what: "a word that is no boolean",
      env: { REQUIRE_ADMIN_LOGIN: "maybe" },
      says: ["REQUIRE_ADMIN_LOGIN", "true or false"],
    },
    {
      what: "a short password, without showing it",
      env: { ADMIN_PASSWORD: "abc123" },
      says: ["ADMIN_PASSWORD", "8"],
    },
    {
      what: "an open proxy for other machines",
      env: { HOST: "0.0.0.0" },
      says: ["MASTER_API_KEY", "ALLOW_OPEN_PROXY"],
    },
    {
      what: "a secret key of the wrong length",
      env: { ENCRYPTION_KEY: "c2hvcnQ=" },
      says: ["ENCRYPTION_KEY", "32 bytes"],
    },
    { what: "TLS, which comes later", env: { TLS_CERT: "/x.pem" }, says: ["TLS_CERT"] },
  ];
  for (const { what, env, says } of refusals) {
    test(`refuses ${what}: exit 1, the name and what is allowed`, async () => {
      const { exitCode, stderr } = await runProgram(executable, {
        env: { ADMIN_PASSWORD: "long enough", ...env },
      });
      expect(exitCode).toBe(1);
      for (const words of says) expect(stderr).toContain(words);
      expect(stderr).not.toContain("abc123");
      expect(stderr).not.toContain("    at ");
    });
  }

  test("refuses a second process on the same folder, a port that is taken, and another secret key", async () => {
    const folder = newFolder();
    const program = await startExecutable({ folder });
    const second = await runProgram(executable, { folder });
    expect([second.exitCode, second.stderr]).toEqual([
      1,
      expect.stringContaining("Another load-balancer is running"),
    ]);
    const taken = await runProgram(executable, { env: { PORT: new URL(program.url).port } });
    expect([taken.exitCode, taken.stderr]).toEqual([
      1,
      expect.stringContaining("is taken by another program"),
    ]);
    await program.kill();
    const wrongKey = Buffer.alloc(32, 7).toString("base64");
    const other = await runProgram(executable, { folder, env: { ENCRYPTION_KEY: wrongKey } });
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringContaining("secret key is not the one")]);
    rmSync(join(folder, "data/secret.key"));
    const missing = await runProgram(executable, { folder });
    expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining("is missing")]);
  });

  test("version, help, and a word that is no command", async () => {
    expect((await runProgram([...executable, "version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await runProgram([...executable, "help"]);
    expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining("MASTER_API_KEY")]);
    const wrong = await runProgram([...executable, "srve"]);
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining("Unknown command: srve")]);
  });
});

describe("the stop", () => {
  test("SIGTERM lets running streams finish, refuses new requests, writes all records and exits with 0", async () => {
    const rounds = scale(2, 20);
    let dropped = 0;
    const folder = newFolder();
    for (let round = 0; round < rounds; round += 1) {
      using upstream = startFakeUpstream({ keys: { "good-key-1": chatStream(20, { delayMs: 40 }) } });
      const program = await startExecutable({ folder });
      await program.setUp(upstream.url, round === 0 ? ["good-key-1"] : []);
      const running = Array.from({ length: 10 }, async () => {
        const answer = await fetch(`${program.url}/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify({ model: "m", stream: true, messages: [] }),
        });
        return answer.text();
      });
      await upstream.untilCalls(10);
      const stopped = program.stop("SIGTERM");
      await Bun.sleep(150);
      const late = await fetch(`${program.url}/v1/models`);
      expect([late.status, late.headers.get("connection")]).toEqual([503, "close"]);
      expect(await late.text()).toContain("shutting_down");
      expect((await fetch(`${program.url}/ready`)).status).toBe(503);
      expect((await fetch(`${program.url}/health`)).status).toBe(200);
      for (const text of await Promise.all(running)) if (!text.includes("data: [DONE]")) dropped += 1;
      expect(await stopped).toBe(0);
    }
    figure("SIGTERM: stops under ten streams, streams dropped", `${rounds}, ${dropped}`);
    expect(dropped).toBe(0);
    await using again = await startExecutable({ folder });
    const rows = await again.logs();
    expect(rows.filter(({ outcome }) => outcome === "ok")).toHaveLength(Math.min(500, rounds * 10));
  });
});
