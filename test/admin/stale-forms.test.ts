import { afterAll, beforeAll, expect, test } from "bun:test";
import { startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { seen } from "../support/html.ts";
import { logInTo, type Visitor } from "../support/page-visitor.ts";

/** Two people change the same thing: whoever saves last is told, and nothing that was typed is lost. */
let upstream: FakeUpstream;
let app: TestApp;
let person: Visitor;
beforeAll(async () => {
  upstream = startFakeUpstream({ keys: ["sk-stale-0001"] });
  app = await startApp({ upstream: upstream.url, keys: ["sk-stale-0001"] });
  person = await logInTo(app.url);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream.down();
});

/** What a form's field holds. */
async function fieldOf(html: string, name: string): Promise<string> {
  for (const { attributes } of (await seen(html)).elements) {
    const has = new Map(attributes);
    if (has.get("name") === name && has.has("value")) return has.get("value")!;
  }
  throw new Error(`there is no field ${name}`);
}
const plain = (text: string) => text.replaceAll("&#34;", '"').replaceAll("&amp;", "&");

test("a key's, a pool's and an upstream's form", async () => {
  const [key] = await app.keys();
  const pool = (await app.must("POST", "/pools", { name: "first" })) as { id: string };
  const other = (await app.must("POST", "/upstreams", { name: "other", base_url: upstream.url })) as {
    id: string;
  };
  const things: [path: string, typed: Record<string, string>, theirs: object, differing: string][] = [
    [`/keys/${key!.id}`, { name: "mine", weight: "7" }, { priority: 3, weight: 5 }, "name, weight"],
    [`/pools/${pool.id}`, { name: "mine", color: "#4a6fe3" }, { color: "#123456" }, "name, color"],
    [`/upstreams/${other.id}`, { name: "mine" }, { name: "theirs" }, "name"],
  ];
  for (const [path, typed, theirs, differing] of things) {
    const form = await person.visit(`${path}/edit`);
    const revision = await fieldOf(form.html, "seen");
    await app.must("PATCH", path, theirs);
    const refused = await person.visit(path, { ...typed, seen: revision });
    expect([path, refused.status]).toEqual([path, 422]);
    expect(refused.text).toContain("Somebody changed this meanwhile, so nothing was saved.");
    expect(refused.text).toContain(`It differs from yours in: ${differing}.`);
    expect(await fieldOf(refused.html, "name")).toBe("mine");
    expect(await app.must("GET", path)).toMatchObject(theirs);
    const now = await fieldOf(refused.html, "seen");
    expect(now).not.toBe(revision);
    // Wrong input does not make the form a newer one.
    const wrong = await person.visit(path, { ...typed, name: "x".repeat(300), seen: now });
    expect([path, wrong.status, await fieldOf(wrong.html, "seen")]).toEqual([path, 422, now]);
    const again = await person.visit(path, { ...typed, seen: now });
    expect([path, again.status]).toEqual([path, 200]);
    expect(await app.must("GET", path)).toMatchObject({ name: "mine" });
  }
});

test("the settings: what somebody else changed comes in, what one typed stays", async () => {
  const page = await person.visit("/settings");
  const before = plain(await fieldOf(page.html, "seen"));
  await app.must("PATCH", "/settings", { max_failure_count: 9, failover_delay_ms: 70 });
  const mine = { max_failure_count: "3", failover_delay_ms: "80", max_retries: "5", seen: before };
  const refused = await person.visit("/settings", mine);
  expect(refused.status).toBe(422);
  expect(refused.text).toContain("nothing was saved: Failures before ejection, Pause before another key.");
  expect(await fieldOf(refused.html, "max_failure_count")).toBe("9");
  expect(await fieldOf(refused.html, "failover_delay_ms")).toBe("80");
  expect(await fieldOf(refused.html, "max_retries")).toBe("5");
  expect(await app.must("GET", "/settings")).toMatchObject({ max_retries: 3, failover_delay_ms: 70 });
  const now = plain(await fieldOf(refused.html, "seen"));
  const saved = await person.visit("/settings", { ...mine, max_failure_count: "9", seen: now });
  expect(saved.text).toContain("Saved: Attempts after a host's failure, Pause before another key.");
  const inForce = { max_failure_count: 9, failover_delay_ms: 80, max_retries: 5 };
  expect(await app.must("GET", "/settings")).toMatchObject(inForce);
  // A form that does not say what it was made from, as a script may send it, is taken as it is.
  expect((await person.visit("/settings", { max_retries: "2" })).text).toContain("Saved");
  expect((await person.visit("/settings", { max_retries: "3", seen: "[no json" })).text).toContain("Saved");
});
