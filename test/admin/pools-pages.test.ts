import { expect, test } from "bun:test";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { models } from "../support/openai-answers.ts";
import { logInTo } from "../support/page-visitor.ts";

const POOL = {
  description: "What customers wait for",
  color: "#0F9D7A",
  icon: "shield",
  strategy: "fill_first",
};

test("a pool is added, filled, used, renamed and deleted with forms alone; its keys stay", async () => {
  using upstream = startFakeUpstream();
  await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123", "key-c-123"] });
  const { visit } = await logInTo(app.url);
  expect((await visit("/pools")).text).toContain("No pools yet");

  const refused = await visit("/pools", { name: "a/b", ...POOL });
  expect([refused.status, refused.text.includes("Give a name without /.")]).toEqual([422, true]);
  expect(refused.html).toContain('value="What customers wait for"');

  const added = await visit("/pools", { name: "prod <1>", ...POOL });
  const path = added.path;
  expect(path).toMatch(/^\/pools\/[\w-]+$/);
  expect(added.text).toContain("prod <1> added.");
  expect(added.text).toContain(`${app.url}/pools/prod%20%3C1%3E/v1`);
  expect(added.text).toContain("The first key until it is at a limit, then the next.");
  const taken = await visit("/pools", { name: "PROD <1>", ...POOL });
  expect([taken.status, taken.text.includes("There is a pool called")]).toEqual([422, true]);

  const [a, b] = await app.keys();
  const none = await visit(`${path}/keys`, { to: "in" });
  expect([none.status, none.text.includes("Tick the keys that are to go.")]).toEqual([422, true]);
  const filled = await visit(`${path}/keys`, [
    ["to", "in"],
    ["key", a!.id],
    ["key", b!.id],
  ]);
  expect(filled.text).toContain("2 keys put into prod");
  expect((await visit("/pools")).text).toContain("1 pool. 1 key is in none.");
  await visit(`${path}/keys`, { to: "out", key: b!.id });

  for (let request = 0; request < 4; request++) {
    const url = `${app.url}/pools/${encodeURIComponent("prod <1>")}/v1/chat/completions`;
    const body = JSON.stringify({ model: "gpt-4o", messages: [] });
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(answer.status).toBe(200);
    await answer.text();
  }
  expect((await app.keys()).map(({ request_count }) => request_count)).toEqual([4, 0, 0]);
  const used = await visit(path);
  expect(used.text).toContain("4 attempts, 100 % of all");

  const edited = await visit(path, { name: "live", ...POOL, strategy: "" });
  expect(edited.text).toContain("live saved.");
  expect(edited.text).toContain("Round robin, as all");
  expect((await visit(`${path}/delete`)).text).toContain("Its 1 key stays and is in no pool then.");
  const deleted = await visit(`${path}/delete`, {});
  expect(deleted.text).toContain("live deleted. Its 1 key is in no pool now.");
  expect((await app.keys()).length).toBe(3);
  expect((await visit(path)).status).toBe(404);
});

test("among 2,000 keys those that are wanted are found by search and page", async () => {
  using upstream = startFakeUpstream({ fallback: models([]) });
  const secrets = Array.from({ length: 2_000 }, (_, at) => `key-${String(at).padStart(5, "0")}-abc`);
  await using app = await startApp({ upstream: upstream.url, keys: secrets });
  const { visit } = await logInTo(app.url);
  const { path, html, text } = await visit("/pools", { name: "batch", ...POOL });
  expect(text).toContain("50 of 2,000 shown");
  expect(html).toContain("key-00049-abc");
  expect(html).not.toContain("key-00050-abc");
  const next = /href="([^"]+)" rel="next"/.exec(html)![1]!.replaceAll("&amp;", "&");
  expect((await visit(next)).html).toContain("key-00050-abc");
  const found = await visit(`${path}?q=key-01999`);
  expect(found.html).toContain("key-01999-abc");
  const id = /value="([\w-]{36})"[^>]*>/.exec(found.html.slice(found.html.indexOf('id="other-keys"')))![1]!;
  expect((await visit(`${path}/keys`, { to: "in", key: id })).text).toContain("1 key put into batch.");
  const began = performance.now();
  const shown = await visit(path);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(shown.text).toContain("50 of 1,999 shown");
});
