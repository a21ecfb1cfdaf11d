import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { type Person, signIn } from "../support/signed-in.ts";

/** The parts Security and About over the whole program, as people without scripts use them. */
const FIRST = "the first password of all";
const NEXT = "another <password> & more";
let app: TestApp;
beforeAll(async () => {
  app = await startApp({
    upstream: "http://127.0.0.1:9/v1",
    env: { MASTER_API_KEY: "master-key-never-shown", ADMIN_PASSWORD: FIRST },
    keepsData: true,
  });
});
afterAll(() => app[Symbol.asyncDispose]());

const isIn = async (person: Person) => (await person.get("/keys")).html.includes("<title>Keys");
const secretLine = (html: string, name: string) =>
  new RegExp(`<code>${name}</code> <strong>([^<]*)</strong>`).exec(html)?.[1];

test("says which secrets of the environment are set, and never shows one", async () => {
  const { html } = await (await signIn(app.url, FIRST)).get("/settings/security");
  expect(secretLine(html, "MASTER_API_KEY")).toBe("is set.");
  expect(secretLine(html, "ADMIN_API_TOKEN")).toBe("is set.");
  expect(secretLine(html, "METRICS_TOKEN")).toBe("is not set.");
  for (const secret of ["master-key-never-shown", "test-admin-api-token", FIRST]) {
    expect(html.includes(secret)).toBe(false);
  }
});

test("sessions are listed and ended, one or all others", async () => {
  const [mine, second, third] = await Promise.all([1, 2, 3].map(() => signIn(app.url, FIRST)));
  const page = await mine!.get("/settings/security");
  expect(page.html).toContain('class="tag">this one');
  const ids = [...page.html.matchAll(/name="id" value="([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(ids.length).toBeGreaterThanOrEqual(2);
  const listed = new Set(ids);
  expect((await mine!.send("/settings/security/sessions/end", { id: ids[0]! })).html).toContain(
    "The session ended.",
  );
  const left = (await mine!.get("/settings/security")).html.matchAll(/name="id" value="([^"]+)"/g);
  listed.delete(ids[0]!);
  expect(new Set([...left].map((match) => match[1]!))).toEqual(listed);
  const ended = await mine!.send("/settings/security/sessions/end-others");
  expect(ended.html).toMatch(/\d sessions? ended\./);
  expect([await isIn(mine!), await isIn(second!), await isIn(third!)]).toEqual([true, false, false]);
});

test("the password is not changed here while ADMIN_PASSWORD is set", async () => {
  const person = await signIn(app.url, FIRST);
  const { html } = await person.get("/settings/security");
  expect(html).toContain("<code>ADMIN_PASSWORD</code> is set and wins.");
  expect(html).not.toContain('name="current"');
  const form = { current: FIRST, password: NEXT, repeat: NEXT };
  const refused = await person.send("/settings/security/password", form);
  expect(refused.status).toBe(409);
  expect(refused.html).toContain("ADMIN_PASSWORD is set and wins: change it there, and start again.");
  expect(await isIn(person)).toBe(true);
});

test("a stored password is changed after the present one is given; other sessions end, also for good", async () => {
  const { hashPassword } = await import("../../src/secrets.ts");
  const { Database } = await import("bun:sqlite");
  const { temporaryFolder } = await import("../support/process.ts");
  const folder = temporaryFolder();
  const options = {
    upstream: "http://127.0.0.1:9/v1",
    env: { DATA_DIR: `${folder}/data`, ADMIN_PASSWORD: "" },
    keepsData: true,
  };
  // The first password is made by the program; this one is known.
  const fresh = await startApp(options);
  await fresh[Symbol.asyncDispose]();
  const database = new Database(`${folder}/data/load-balancer.db`);
  database.run("UPDATE facts SET value = ? WHERE name = 'password_hash'", [await hashPassword(FIRST)]);
  database.close();
  const own = await startApp(options);
  const firstPassword = `${folder}/data/initial-password`;
  await Bun.write(firstPassword, FIRST);
  const [mine, other] = [await signIn(own.url, FIRST), await signIn(own.url, FIRST)];
  const change = (current: string, password: string, repeat = password) =>
    mine.send("/settings/security/password", { current, password, repeat });

  const unlike = await change(FIRST, NEXT, "something else");
  expect([unlike.status, unlike.html.includes("This is not the same as the new password.")]).toEqual([
    422,
    true,
  ]);
  const short = await change(FIRST, "short");
  expect([short.status, short.html.includes("Give 10 to 1000 characters.")]).toEqual([422, true]);
  const wrong = await change("wrong", NEXT);
  expect([wrong.status, wrong.html.includes("Wrong password. Try again in 1 s.")]).toEqual([422, true]);
  await Bun.sleep(1_050);
  const changed = await change(FIRST, NEXT);
  expect(changed.html).toContain("The password is changed. All other sessions ended.");
  expect([await isIn(mine), await isIn(other)]).toEqual([true, false]);
  expect(await Bun.file(firstPassword).exists()).toBe(false);
  expect([await isIn(await signIn(own.url, NEXT)), await isIn(await signIn(own.url, FIRST))]).toEqual([
    true,
    false,
  ]);
  const events = JSON.stringify(await own.must("GET", "/logs?kind=key_event"));
  expect(events).toContain("password_changed");
  expect(events).not.toContain(NEXT);
  await using again = await own.restart();
  expect(
    (await fetch(`${again.url}/keys`, { headers: { cookie: mine.cookie() }, redirect: "manual" })).status,
  ).toBe(200);
});

test("About tells what runs here and how it does", async () => {
  const { html } = await (await signIn(app.url, FIRST)).get("/settings/about");
  expect(html).toContain(`Bun ${Bun.version}`);
  expect(html).toMatch(/SQLite 3\.\d+\.\d+/);
  expect(html).toContain("0 of 0 keys usable.");
  expect(html).toContain('href="/api/admin/docs"');
  expect(html).toContain('href="/settings/about/licenses"');
  const licenses = await (await signIn(app.url, FIRST)).get("/settings/about/licenses");
  expect(licenses.html).toContain("Bun, the runtime inside the executable");
  expect(licenses.html).toMatch(/<summary>elysia \d+\.\d+\.\d+ \(MIT\)<\/summary>/);
  expect(licenses.html).toContain("Permission is hereby granted");
});
