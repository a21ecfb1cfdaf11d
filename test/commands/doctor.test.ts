import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { status } from "../support/answers.ts";
import { type AppOptions, startApp } from "../support/app.ts";
import { command } from "../support/command.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { models } from "../support/openai-answers.ts";
import { temporaryFolder } from "../support/process.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function dataOf(options: AppOptions) {
  const app = await startApp({ ...options, keepsData: true });
  folders.push(dirname(app.dataDir));
  return { app, env: { DATA_DIR: app.dataDir } };
}

const MODELS = models();

describe("doctor", () => {
  test("one line for each thing, beside a running server too", async () => {
    using upstream = startFakeUpstream({ keys: { "good-key-1": MODELS, "good-key-2": MODELS } });
    const { app, env } = await dataOf({ upstream: upstream.url, keys: ["good-key-1", "good-key-2"] });
    const running = await command(["doctor"], env);
    expect([running.exitCode, running.stderr]).toEqual([0, ""]);
    expect(running.stdout).toContain("a server is running on it");
    for (const line of [/^ok +database: .* is whole/m, /^ok +secret key: /m, /^ok +upstream /m])
      expect(running.stdout).toMatch(line);
    expect(running.stdout.match(/^ok +key .*The key works/gm)).toHaveLength(2);
    await app[Symbol.asyncDispose]();
    const stopped = await command(["doctor", "--json"], env);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ healthy: true });
    expect(stopped.stdout).toContain("no server is running on it");
  });

  test("a key that is refused, an upstream that is gone, open rights: exit 1", async () => {
    const upstream = startFakeUpstream({
      keys: {
        "bad-key-1": status(401, {
          error: { message: "Incorrect API key provided", code: "invalid_api_key" },
        }),
      },
    });
    const { app, env } = await dataOf({ upstream: upstream.url, keys: ["bad-key-1"] });
    await app[Symbol.asyncDispose]();
    chmodSync(env.DATA_DIR, 0o755);
    const refused = await command(["doctor"], env);
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("found something wrong")]);
    expect(refused.stdout).toMatch(/^WRONG +key .*invalid_key/m);
    expect(refused.stdout).toMatch(/^WRONG +rights: .*chmod 700/m);
    upstream[Symbol.dispose]();
    const gone = await command(["doctor"], env);
    expect(gone.stdout).toMatch(/^WRONG +upstream .*cannot be reached: /m);
    expect(gone.stdout).toMatch(/^note +key .*was not tested/m);
  });

  test("another secret key, a damaged database, nothing at all: each is one line that says what to do", async () => {
    const { app, env } = await dataOf({ upstream: "http://127.0.0.1:9/v1" });
    await app[Symbol.asyncDispose]();
    const other = { ...env, ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") };
    expect((await command(["doctor"], other)).stdout).toMatch(
      /^WRONG +secret key: The secret key is not the one/m,
    );
    writeFileSync(
      join(env.DATA_DIR, "load-balancer.db"),
      "no database, but long enough to be read as one".repeat(40),
    );
    expect((await command(["doctor"], env)).stdout).toMatch(/^WRONG +database: .*damaged/m);
    const empty = temporaryFolder();
    folders.push(empty);
    const nothing = await command(["doctor"], { DATA_DIR: join(empty, "none") });
    expect([nothing.exitCode, nothing.stdout]).toEqual([1, expect.stringContaining("start the server once")]);
  });
});
