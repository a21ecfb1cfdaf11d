import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type PageServer, startPages } from "../support/page-server.ts";

/** The same pages as forms alone: no script, no htmx. */
let pages: PageServer;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());

const find = (name: string) => pages.installation.keys.find((key) => key.name === name);

/** Follows a redirect as a browser does, with the notice that it set. */
async function follow(answer: Awaited<ReturnType<PageServer["ask"]>>) {
  expect(answer.status).toBe(303);
  const notice = answer.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]);
  const to = answer.headers.get("location")!;
  return {
    to,
    ...(await pages.ask(to, { headers: { cookie: ["lb_session=known", ...notice].join("; ") } })),
  };
}

describe("keys by forms alone", () => {
  test("one is added, and the list says so once", async () => {
    const form = { secret: "sk-abcdefghijklmnop", name: "plain", tags: "eu, team" };
    const { to, html, headers } = await follow(await pages.ask("/keys", { form }));
    expect(to).toBe("/keys");
    expect(html).toContain("plain added. It takes its turn at once.");
    expect(headers.get("set-cookie")).toStartWith("lb_notice=; Path=/; Max-Age=0");
    expect(html).not.toContain("sk-abcdefghijklmnop");
    expect((await pages.ask("/keys")).html).not.toContain("added. It takes");
  });

  test("wrong input is a page with what was typed", async () => {
    const answer = await pages.ask("/keys", { form: { secret: "x", name: "kept" } });
    expect(answer.status).toBe(422);
    expect(answer.html).toStartWith("<!doctype html>");
    expect(answer.html).toContain('value="kept"');
    expect(answer.html).toContain("Give 8 to 500 characters.");
  });

  test("a secret that is there already is said, and nothing is changed", async () => {
    const before = pages.installation.keys.length;
    const answer = await pages.ask("/keys", { form: { secret: "duplicate-secret" } });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain("This secret is there already as &quot;gem-prod-01&quot;.");
    expect(pages.installation.keys.length).toBe(before);
  });

  test("many are pasted, with a report by line that shows no secret", async () => {
    const text = "first=sk-aaaaaaaaaaaaaaaa\r\nshort\r\nsk-bbbbbbbbbbbbbbbb";
    const { status, html } = await pages.ask("/keys/import", { form: { text } });
    expect(status).toBe(200);
    expect(html).toContain("2 keys added");
    expect(html).toContain("1 line skipped");
    expect(html).toMatch(/<td>2<\/td>\s*<td class="wrap-text">malformed: secret: give 8 to 500 characters/);
    expect(html).not.toContain("aaaaaaaaaaaaaaaa");
    expect(find("first")).toBeDefined();
  });

  test("nothing pasted, or too much, is said in the form", async () => {
    const nothing = await pages.ask("/keys/import", { form: { text: "\n" } });
    expect([nothing.status, nothing.html.includes("Give one key a line.")]).toEqual([422, true]);
    const much = await pages.ask("/keys/import", { form: { text: "a".repeat(9 * 1024 * 1024) } });
    expect([much.status, much.html.includes("larger than 8 MiB")]).toEqual([422, true]);
  });

  test("switched off and on, back on the page that it was done from", async () => {
    const { id } = find("gem-prod-01")!;
    const headers = { referer: `${pages.url}/keys?status=available` };
    const off = await follow(await pages.ask(`/keys/${id}/disable`, { form: {}, headers }));
    expect(off.to).toBe("/keys?status=available");
    expect(off.html).toContain("gem-prod-01 disabled. Running requests finish.");
    expect(off.html).toContain(`<form method="post" action="/keys/${id}/enable">`);
    expect(find("gem-prod-01")!.enabled).toBe(false);
    const on = await follow(await pages.ask(`/keys/${id}/enable`, { form: {} }));
    expect(on.to).toBe("/keys");
    expect(find("gem-prod-01")!.enabled).toBe(true);
  });

  test("a referer of another site leads nowhere", async () => {
    const { id } = find("gem-prod-01")!;
    const headers = { referer: "https://evil.example/keys" };
    const answer = await pages.ask(`/keys/${id}/reset`, { form: {}, headers });
    expect(answer.headers.get("location")).toBe(`/keys/${id}`);
  });

  test("tested: the result is said, and stands in the row for a while", async () => {
    const { id } = find("or-spare-02")!;
    const { to, html } = await follow(await pages.ask(`/keys/${id}/test`, { form: {} }));
    expect(to).toBe(`/keys/${id}`);
    expect(html).toContain("or-spare-02: invalid key. The provider says the key is revoked.");
    expect((await pages.ask("/keys?q=or-spare-02")).html).toContain("Test: invalid key");
  });

  test("all tested at once, counted by outcome", async () => {
    const { html } = await follow(await pages.ask("/keys/test", { form: {} }));
    expect(html).toMatch(/\d+ keys tested: \d+ work, 1 invalid key\./);
  });

  test("edited: an empty limit is none, an empty secret keeps the secret", async () => {
    const { id } = find("gem-batch-03")!;
    const form = { secret: "", name: "renamed", tags: "one,two", daily_limit: "" };
    expect((await follow(await pages.ask(`/keys/${id}`, { form }))).html).toContain("renamed saved.");
    expect(find("renamed")).toMatchObject({ id, tags: ["one", "two"], dailyLimit: null });
    const wrong = await pages.ask(`/keys/${id}`, { form: { name: "renamed", daily_limit: "many" } });
    expect(wrong.status).toBe(422);
    expect(wrong.html).toContain('value="many"');
    expect(wrong.html).toContain("Give a whole number from 1 to 1000000000, or leave it empty.");
  });

  test("deleted after it was asked for", async () => {
    const { id } = find("or-main-01")!;
    const asked = await pages.ask(`/keys/${id}/delete`);
    expect(asked.html).toContain("Delete or-main-01?");
    const { to, html } = await follow(await pages.ask(`/keys/${id}/delete`, { form: {} }));
    expect([to, html.includes("or-main-01 deleted.")]).toEqual(["/keys", true]);
    expect(find("or-main-01")).toBeUndefined();
  });
});

describe("settings by forms alone", () => {
  test("saved together, and what was changed is said", async () => {
    const form = { max_retries: "5", max_key_switches: "50", theme: "dark" };
    const { to, html } = await follow(await pages.ask("/settings", { form }));
    expect(to).toBe("/settings");
    expect(html).toContain(
      "Saved: Further keys for one request, Attempts after a host&#x27;s failure, Theme.",
    );
    expect(html).toContain('data-theme="dark"');
  });

  test("wrong values are said in place, keep what was typed and change nothing", async () => {
    const answer = await pages.ask("/settings", { form: { max_retries: "99", rate_limit_cooldown_s: "7" } });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain("Give a whole number from 0 to 10.");
    expect(answer.html).toContain('value="99"');
    expect(answer.html).toContain('value="7"');
    expect(pages.installation.operations.settings.current().rateLimitCooldownS).toBe(60);
  });

  test("the endpoint goes back to its default, and then all of them", async () => {
    await pages.ask("/settings", { form: { api_endpoint: "http://127.0.0.1:9/v1" } });
    const one = await follow(await pages.ask("/settings/reset?name=api_endpoint", { form: {} }));
    expect(one.html).toContain("API endpoint is at its default.");
    expect(one.html).toContain("https://generativelanguage.googleapis.com/v1beta/openai");
    const all = await follow(await pages.ask("/settings/reset", { form: {} }));
    expect(all.html).toContain("All settings are at their defaults.");
    expect(pages.installation.operations.settings.current().maxRetries).toBe(3);
  });
});

test("a forged notice is text, and its undo leads nowhere else", async () => {
  const notice = (value: object) =>
    `lb_session=known; lb_notice=${encodeURIComponent(JSON.stringify(value))}`;
  const forged = { kind: "ok", text: "<script>alert(1)</script>", undo: "/settings/reset" };
  const { html } = await pages.ask("/keys", { headers: { cookie: notice(forged) } });
  expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(html).not.toContain('action="/settings/reset"');
  for (const broken of ["lb_notice=%", "lb_notice=null", "lb_notice=[]", 'lb_notice={"kind":1}']) {
    expect((await pages.ask("/keys", { headers: { cookie: `lb_session=known; ${broken}` } })).status).toBe(
      200,
    );
  }
});
