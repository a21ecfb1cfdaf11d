import { afterEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createApp } from "../../src/app.ts";
import { systemClock } from "../../src/clock.ts";
import { loadConfig } from "../../src/config.ts";
import { createLogger } from "../../src/log.ts";
import { earlierFolder, hashes } from "../support/earlier-version.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A first start with its data folder where the earlier version's files lie. */
async function firstStart() {
  const folder = earlierFolder("database.sql", "keys.json", "settings.json");
  folders.push(dirname(folder));
  const log: string[] = [];
  const told = Promise.withResolvers<void>();
  const logger = createLogger({
    level: "info",
    format: "json",
    write(line) {
      log.push(line);
      if (line.includes("earlier version")) told.resolve();
    },
  });
  const env = { PORT: "0", DATA_DIR: folder, REQUIRE_ADMIN_LOGIN: "false" };
  const app = await createApp(loadConfig(env, false), logger, systemClock);
  const url = `http://127.0.0.1:${app.listen()}`;
  await told.promise;
  return { folder, url, log, [Symbol.asyncDispose]: () => app.drain(0) };
}

const textOf = async (url: string, init: RequestInit = {}) => {
  const answer = await fetch(url, { redirect: "manual", ...init });
  return { status: answer.status, text: (await answer.text()).replaceAll("&#34;", '"') };
};
const press = (url: string) =>
  textOf(`${url}/migrate`, { method: "POST", headers: { origin: url, "sec-fetch-site": "same-origin" } });

describe("the first start beside the earlier version's data", () => {
  test("offers on the dashboard and in the log what the button then does", async () => {
    await using started = await firstStart();
    const { url, folder, log } = started;
    expect(log.join("")).toContain("load-balancer migrate");
    const before = hashes(folder);
    const welcome = await textOf(`${url}/`);
    expect(welcome.text).toContain("Move over from the earlier version");
    expect(welcome.text).toContain("22 keys and 33 requests");
    expect(welcome.text).toContain(folder);

    const done = await press(url);
    expect(done.status).toBe(200);
    for (const words of [
      "Moved over",
      "22 keys, 4 of them disabled",
      "3 pools",
      "33 requests",
      "cors_allowed_origins",
    ])
      expect(done.text).toContain(words);
    expect(done.text).not.toContain("sk-test-main");
    for (const name of ["database.db", "keys.json", "settings.json"])
      expect(hashes(folder)[name]).toBe(before[name] as string);

    const dashboard = await textOf(`${url}/`);
    expect(dashboard.text).not.toContain("Move over from the earlier version");
    expect((await textOf(`${url}/keys`)).text).toContain("OpenAI Production");
    // What came over counts at once, without another start.
    const stats = await (await fetch(`${url}/api/admin/stats?range=all`)).json();
    expect(stats).toMatchObject({ totals: { requests: 33 } });
  });

  test("pressed twice it adds nothing; another site cannot press it", async () => {
    await using started = await firstStart();
    const foreign = await textOf(`${started.url}/migrate`, {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    expect(foreign.status).toBe(403);
    await press(started.url);
    expect((await press(started.url)).text).toContain("0 keys, 22 here already");
    expect((await fetch(`${started.url}/migrate`, { redirect: "manual" })).status).toBe(303);
    const keys = (await (await fetch(`${started.url}/api/admin/keys`)).json()) as { data: unknown[] };
    expect(keys.data).toHaveLength(22);
  });

  test("what cannot be read is said in the log, and the program serves", async () => {
    const folder = earlierFolder();
    folders.push(dirname(folder));
    await Bun.write(join(folder, "keys.json"), "[{");
    const told = Promise.withResolvers<string>();
    const logger = createLogger({
      level: "info",
      format: "json",
      write: (line) => line.includes("earlier version") && told.resolve(line),
    });
    const env = { PORT: "0", DATA_DIR: folder, REQUIRE_ADMIN_LOGIN: "false" };
    const app = await createApp(loadConfig(env, false), logger, systemClock);
    const url = `http://127.0.0.1:${app.listen()}`;
    expect(await told.promise).toContain("damaged JSON");
    expect((await textOf(`${url}/`)).text).not.toContain("Move over from");
    await app.drain(0);
  });
});
