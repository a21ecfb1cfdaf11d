import { afterAll, beforeAll, expect, test } from "bun:test";
import { Elysia } from "elysia";
import { createAccess } from "../../src/admin/access.ts";
import { describeApi } from "../../src/admin/api/openapi.ts";
import { createClientOf } from "../../src/admin/client.ts";
import { createPages } from "../../src/admin/pages.ts";
import { createSessions } from "../../src/admin/session.ts";
import { createSessionOperations } from "../../src/operations/sessions.ts";
import { LiveRecord } from "../../src/record/live.ts";
import type { RequestRecord } from "../../src/types.ts";
import { type AdminParts, openParts, PASSWORD } from "../support/admin-server.ts";
import { fakeRequest } from "../support/fake-operations.ts";
import { FAKE_ABOUT } from "../support/page-server.ts";

/** The pages over the real operations, storage, pool and sessions; nothing upstream. */
let parts: AdminParts;
let app: { server: { port?: number } | null; stop(closeAll: boolean): Promise<unknown> };
let url: string;
let cookie: string;
beforeAll(async () => {
  parts = await openParts();
  const { operations, clock, storage, secretBox } = parts;
  const sessionOperations = await createSessionOperations({
    storage,
    secretBox,
    adminPassword: PASSWORD,
    clock,
  });
  const sessions = createSessions(sessionOperations, clock);
  const clientOf = createClientOf({
    connectionAddress: () => "127.0.0.1",
    clientAddress: (connection) => connection,
    isTrustedProxy: () => false,
  });
  const live = new LiveRecord(clock, () => "UTC");
  const pages = createPages({
    operations,
    live: { figures: () => ({ ...live.figures(), recorder: { queued: 0, dropped: 0, lastError: null } }) },
    access: createAccess({ requireAdminLogin: true, isApiToken: () => false, sessions, clientOf }),
    sessions,
    sessionOperations,
    clientOf,
    clock,
    logger: { error: (message, fields) => console.error(message, fields) },
    version: "1.2.3",
    requireAdminLogin: true,
    firstPasswordWaits: () => true,
    openProxy: "this_machine",
    playground: { ask: () => Promise.reject(new Error("not part of the fake")), models: async () => [] },
    keepOpen: () => undefined,
    describeApi: () => describeApi([], "1.2.3"),
    about: FAKE_ABOUT,
    sendTestAlert: async () => null,
    probeEndpoint: async () => ({ isGood: true, message: "Answered in 120 ms and lists 47 models." }),
  });
  const listening = new Elysia().use(pages).listen({ port: 0, hostname: "127.0.0.1" });
  app = listening;
  url = `http://127.0.0.1:${app.server!.port}`;
});
afterAll(async () => {
  await app.stop(true);
  parts.close();
});

async function ask(path: string, form?: Record<string, string>) {
  const answer = await fetch(url + path, {
    method: form ? "POST" : "GET",
    redirect: "manual",
    headers: { cookie: cookie ?? "", origin: url },
    ...(form && { body: new URLSearchParams(form) }),
  });
  return { status: answer.status, headers: answer.headers, html: await answer.text() };
}

test("from the first login over pasted keys to the copied example", async () => {
  expect((await ask("/")).headers.get("location")).toBe("/login");
  expect((await ask("/login")).html).toContain("initial-password");
  const entered = await ask("/login", { password: PASSWORD });
  expect(entered.headers.get("location")).toBe("/");
  cookie = entered.headers.get("set-cookie")!.split(";", 1)[0]!;

  const first = await ask("/");
  expect(first.html).toContain("Three steps to the first request");
  expect(first.html).toContain(`base_url=&quot;${url}/v1&quot;`);
  expect(first.html).toContain("gemini-2.5-flash");

  const nowhere = { text: "sk-real-secret-00000001", provider: "other", api_endpoint: "example.com" };
  const refused = await ask("/keys/import", nowhere);
  expect([refused.status, refused.html.includes('value="example.com"')]).toEqual([422, true]);
  expect((await ask("/keys/import", { text: "#", provider: "http://127.0.0.1:9/v1" })).status).toBe(422);
  expect((await parts.operations.keys.list({})).total).toBe(0);
  expect(parts.settings.current.apiEndpoint).toStartWith("https://generativelanguage");

  const text = [
    "one=sk-real-secret-00000001",
    "sk-real-secret-00000002",
    "sk-real-secret-00000002",
    "no key",
  ].join("\n");
  const pasted = await ask("/keys/import", { text, provider: "http://127.0.0.1:9/v1" });
  expect(parts.settings.current.apiEndpoint).toBe("http://127.0.0.1:9/v1");
  expect(pasted.html).toContain("2 keys added");
  expect(pasted.html).toContain("twice in this text (row 2)");
  expect(pasted.html).not.toContain("sk-real-secret");

  const keys = await ask("/keys");
  expect(keys.html).toContain("2 keys, all usable.");
  expect(keys.html).toContain("sk-r…0001");
  expect(keys.html).not.toContain("sk-real-secret");
  expect((await ask("/")).html).toContain("Test keys");
});

test("a key's life: added, a duplicate refused, edited, disabled, enabled, deleted", async () => {
  await ask("/keys", { secret: "sk-real-secret-00000003", name: "third", tags: "eu" });
  const again = await ask("/keys", { secret: "sk-real-secret-00000003" });
  expect([again.status, again.html.includes("This secret is there already as &quot;third&quot;.")]).toEqual([
    422,
    true,
  ]);
  const wrong = await ask("/keys", { secret: "with space inside it" });
  expect(wrong.html).toContain("Give visible ASCII characters only, without spaces inside.");

  const [third] = (await parts.operations.keys.list({ q: "third" })).data;
  const path = `/keys/${third!.id}`;
  await ask(path, { name: "renamed", tags: "eu, new", daily_limit: "1,350", secret: "" });
  expect(await parts.operations.keys.get(third!.id)).toMatchObject({
    name: "renamed",
    tags: ["eu", "new"],
    dailyLimit: 1350,
  });
  await ask(`${path}/disable`, {});
  expect((await ask(path)).html).toContain("Out of turn until you enable it.");
  await ask(`${path}/enable`, {});
  expect((await ask(`${path}/test`, {})).status).toBe(303);
  const page = await ask(path);
  for (const said of ["renamed", "In turn.", "It works.", "Edited", "Disabled", "Tested"])
    expect(page.html).toContain(said);
  await ask(`${path}/delete`, {});
  expect((await ask(path)).status).toBe(404);
  const events = await ask("/logs?kind=key_event&q=renamed");
  expect(events.html).toContain("Deleted");
});

test("a pool is made with what goes into it, and only then", async () => {
  const { pools, keys } = parts.operations;
  const fresh = { pool_id: "new", new_pool: "night shift" };
  expect((await ask("/keys", { ...fresh, secret: "short" })).html).toContain('value="night shift"');
  const nameless = await ask("/keys", { ...fresh, new_pool: " ", secret: "sk-real-secret-00000011" });
  expect([nameless.status, nameless.html.includes("key-pool-name-error")]).toEqual([422, true]);
  expect(await pools.list()).toEqual([]);
  await ask("/keys", { ...fresh, secret: "sk-real-secret-00000011", name: "eleventh" });
  const [night] = await pools.list();
  const [eleventh] = (await keys.list({ q: "eleventh" })).data;
  expect([night?.name, eleventh?.poolId]).toEqual(["night shift", night!.id]);
  expect((await ask("/keys/import", { ...fresh, text: "sk-real-secret-00000012" })).status).toBe(422);
  await ask("/keys/import", { ...fresh, new_pool: "pasted", text: "twelfth=sk-real-secret-00000012" });
  await ask("/keys/bulk", { ...fresh, new_pool: "moved", action: "move", sure: "1", id: eleventh!.id });
  const names = (await pools.list()).map(({ name }) => name);
  expect(names).toEqual(["night shift", "pasted", "moved"]);
  expect((await ask("/pools")).html).toContain("moved");
  expect((await keys.get(eleventh!.id)).poolId).not.toBe(night!.id);
});

test("the sidebar is folded and stays so in this browser", async () => {
  const folded = await ask("/sidebar", { fold: "1" });
  const kept = folded.headers.get("set-cookie")!.split(";", 1)[0]!;
  const { html } = await fetch(`${url}/keys`, { headers: { cookie: `${cookie}; ${kept}` } }).then(
    async (answer) => ({ html: await answer.text() }),
  );
  expect(html).toContain('class="frame folded"');
  expect((await ask("/keys")).html).not.toContain("folded");
  expect((await ask("/sidebar", { fold: "0" })).headers.get("set-cookie")).toContain("Max-Age=0");
});

test("settings are kept, and the endpoint goes back to its default", async () => {
  const form = { api_endpoint: "http://127.0.0.1:9/v1/", strategy: "random", max_retries: "7" };
  expect((await ask("/settings", form)).status).toBe(303);
  const { html } = await ask("/settings");
  expect(html).toContain('value="http://127.0.0.1:9/v1"');
  expect(html).toContain('<option value="random" selected>Random</option>');
  const refused = await ask("/settings", { api_endpoint: "http://user:pw@127.0.0.1/" });
  expect([refused.status, refused.html.includes("without user name and password")]).toEqual([422, true]);
  await ask("/settings/reset?name=api_endpoint", {});
  expect(parts.settings.current.apiEndpoint).toBe("https://generativelanguage.googleapis.com/v1beta/openai");
  expect(parts.settings.current.maxRetries).toBe(7);
});

test("logs go from page to page, to one request's story, and to the requests of one key", async () => {
  const [key] = (await parts.operations.keys.list({})).data;
  const upstreamId = key!.upstreamId;
  const start = parts.clock.now();
  const requests: RequestRecord[] = Array.from({ length: 130 }, (_, at) => {
    const startedAt = start - at * 1000;
    const attempt = { keyId: key!.id, upstreamId, startedAt, waitMs: 0, durationMs: 900, status: 200 };
    return fakeRequest(at, {
      startedAt,
      attempts: [{ ...attempt, outcome: "ok", chosenBecause: "next in round robin", error: null }],
    });
  });
  await parts.storage.writeBatch({ requests, keyStates: [], keyEvents: [], rotations: [] });
  const first = await ask("/logs");
  const next = /href="(\/logs\?cursor=[^"]+)" rel="next"/.exec(first.html)?.[1];
  expect(first.html).toContain("100 rows, newest first");
  expect((await ask(next!)).html).toContain("30 rows, newest first");
  expect((await ask(`/logs?key_id=${key!.id}`)).html).toContain("Key: one");
  const story = await ask(`/logs/${requests[0]!.id}`);
  expect(story.html).toContain("Answered with 200 by one at the first attempt.");
  expect((await ask("/logs?cursor=nonsense")).status).toBe(422);
  expect((await ask("/")).html).not.toContain("Three steps");
});
