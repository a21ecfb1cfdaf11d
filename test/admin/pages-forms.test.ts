import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PAGE_PASSWORD, type PageServer, startPages } from "../support/page-server.ts";

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

  test("deleted at once, and brought back with all that was known of it", async () => {
    const { id, requestCount } = find("or-main-01")!;
    const { to, html } = await follow(await pages.ask(`/keys/${id}/delete`, { form: {} }));
    expect([to, html.includes("or-main-01 deleted.")]).toEqual(["/keys", true]);
    expect(find("or-main-01")).toBeUndefined();
    expect(html).toContain(`<form method="post" action="/keys/${id}/restore">`);
    const back = await follow(await pages.ask(`/keys/${id}/restore`, { form: {} }));
    expect(back.html).toContain("or-main-01 is back, with its counters.");
    expect(find("or-main-01")).toMatchObject({ id, requestCount });
  });

  test("given every limit, weight and priority; each wrong one is said beside its field", async () => {
    const { id } = find("gem-prod-04")!;
    const limits = { rpm_limit: "60", tpm_limit: "1,000", max_concurrency: "4", weight: "2", priority: "1" };
    await follow(
      await pages.ask(`/keys/${id}`, { form: { name: "gem-prod-04", daily_limit: "9", ...limits } }),
    );
    expect(find("gem-prod-04")).toMatchObject({
      dailyLimit: 9,
      rpmLimit: 60,
      tpmLimit: 1_000,
      maxConcurrency: 4,
      weight: 2,
      priority: 1,
    });
    expect((await pages.ask(`/keys/${id}/edit`)).html).toContain('value="1000"');
  });

  test("read from a file that a form brings, together with what was pasted", async () => {
    const body = new FormData();
    body.set("text", "pasted-one=sk-cccccccccccccccc");
    body.set("file", new File(["FILE_ONE=sk-dddddddddddddddd\nbad"], "keys.env"));
    const answer = await fetch(`${pages.url}/keys/import`, {
      method: "POST",
      headers: { cookie: "lb_session=known", origin: pages.url },
      body,
    });
    const html = await answer.text();
    expect(html).toContain("2 keys added");
    expect(html).toContain("1 line skipped");
    expect([find("pasted-one"), find("FILE_ONE")]).not.toContain(undefined);
    for (const { id } of [find("pasted-one")!, find("FILE_ONE")!])
      await pages.ask(`/keys/${id}/delete`, { form: {} });
  });
});

describe("the list of keys by forms alone", () => {
  const rows = (html: string) => [...html.matchAll(/<tr id="key-/g)].length;

  test("is narrowed down by pool, upstream and tag, each a chip that takes itself away", async () => {
    const [pool] = pages.installation.pools;
    const { html } = await pages.ask(`/keys?pool=${pool!.id}&q=gem&sort=-request_count`);
    expect(rows(html)).toBe(6);
    expect(html).toContain("Pool: production");
    expect(html).toContain('href="/keys?q=gem&amp;sort=-request_count" title="Remove filter Pool"');
    expect(rows((await pages.ask("/keys?tag=eu")).html)).toBe(1);
    expect((await pages.ask("/keys?pool=none")).html).toContain("Pool: none");
    const asked = (await pages.ask("/keys/filter?tag=eu&q=x")).html;
    expect(asked).toContain('<input type="hidden" name="q" value="x"');
    expect(asked).toContain('value="team-search"');
  });

  test("shows the columns that were chosen, by the address and by what the browser remembers", async () => {
    const chosen = await pages.ask("/keys?column=&column=tags&column=cost_usd&q=gem");
    expect(chosen.headers.get("location")).toBe("/keys?q=gem&columns=tags.cost_usd");
    const cookie = chosen.headers.getSetCookie()[0]!.split(";", 1)[0];
    for (const answer of [
      await pages.ask("/keys?columns=tags.cost_usd"),
      await pages.ask("/keys", { headers: { cookie: `lb_session=known; ${cookie}` } }),
    ]) {
      expect(answer.html).toMatch(/<th[^>]*>\s*Tags/);
      expect(answer.html).not.toContain("Today</span>");
    }
    expect((await pages.ask("/keys?column=")).headers.get("location")).toBe("/keys");
    expect((await pages.ask("/keys?columns=nothing")).html).toContain("Today</span>");
  });

  const tick = (names: string[], more: [string, string][]): [string, string][] => [
    ...names.map((name): [string, string] => ["id", find(name)!.id]),
    ...more,
  ];

  test("has boxes: those that are ticked are switched off and on", async () => {
    expect((await pages.ask("/keys")).html).toContain(`form="bulk" data-pick`);
    const off = tick(["gem-prod-01", "gem-prod-02"], [["action", "disable"]]);
    const { html } = await follow(await pages.ask("/keys/bulk", { form: off }));
    expect(html).toContain("2 keys disabled. Running requests finish.");
    expect(html).toMatch(/action="\/keys\/bulk\/[0-9a-f-]{36}\/undo"/);
    expect([find("gem-prod-01")!.enabled, find("gem-prod-02")!.enabled]).toEqual([false, false]);
    await pages.ask("/keys/bulk", { form: tick(["gem-prod-01", "gem-prod-02"], [["action", "enable"]]) });
    expect(find("gem-prod-01")!.enabled).toBe(true);
    const none = await follow(await pages.ask("/keys/bulk", { form: { action: "disable" } }));
    expect(none.html).toContain("Tick some keys first.");
  });

  test("asks before it deletes several, and says how many", async () => {
    const names = ["or-spare-01", "or-spare-02"];
    const asked = await pages.ask("/keys/bulk", { form: tick(names, [["action", "delete"]]) });
    expect(asked.html).toContain("Delete 2 keys?");
    expect(asked.html).toMatch(/<button type="submit" class="main bad"[^>]*>\s*Delete 2 keys/);
    expect(find("or-spare-01")).toBeDefined();
    const sure = tick(names, [
      ["action", "delete"],
      ["sure", "1"],
    ]);
    expect((await follow(await pages.ask("/keys/bulk", { form: sure }))).html).toContain("2 keys deleted.");
    expect(find("or-spare-01")).toBeUndefined();
  });

  test("does the same to all that match, however few are shown", async () => {
    const [, batch] = pages.installation.pools;
    const asked = await pages.ask("/keys/bulk", { form: { all: "1", pool: batch!.id, action: "delete" } });
    const amount = pages.installation.keys.filter(({ poolId }) => poolId === batch!.id).length;
    expect(asked.html).toContain(`Delete ${amount} keys?`);
    expect(asked.html).toContain(`<input type="hidden" name="pool" value="${batch!.id}"`);
    const form = { all: "1", pool: batch!.id, action: "disable" };
    expect((await follow(await pages.ask("/keys/bulk", { form }))).html).toContain(
      `${amount} keys disabled.`,
    );
  });

  test("changes a value in its place, and says there what is wrong with it", async () => {
    const { id } = find("gem-prod-05")!;
    const headers = { "hx-request": "true", "hx-target": "form#x" };
    const field = (name: string) => `/keys/${id}/field?name=${name}`;
    expect((await pages.ask(field("name"), { headers })).html).toContain('value="gem-prod-05"');
    const wrong = await pages.ask(field("daily_limit"), { form: { value: "many" }, headers });
    expect(wrong.html).toContain("Give a whole number from 1 to 1000000000, or leave it empty.");
    const right = await pages.ask(field("daily_limit"), { form: { value: "1,500" }, headers });
    expect(right.html).toContain("gem-prod-05 saved.");
    await pages.ask(field("tags"), { form: { value: "a,b" }, headers });
    const batch = pages.installation.pools.find(({ name }) => name === "batch")!;
    expect((await pages.ask(field("pool_id"), { headers })).html).toContain(`<option value="${batch.id}"`);
    const moved = await pages.ask(field("pool_id"), { form: { value: batch.id }, headers });
    expect(moved.html).toContain("batch");
    await pages.ask(field("priority"), { form: { value: "2" }, headers });
    await pages.ask(field("weight"), { form: { value: "30" }, headers });
    const changed = { dailyLimit: 1_500, tags: ["a", "b"], poolId: batch.id, priority: 2, weight: 30 };
    expect(find("gem-prod-05")).toMatchObject(changed);
    expect((await pages.ask(field("name"))).headers.get("location")).toBe(`/keys/${id}/edit`);
    expect((await pages.ask(field("secret"), { headers })).html).toContain(
      "can&#x27;t be changed in the list",
    );
  });

  test("tells how far a change of many is, and of one that ended early", async () => {
    pages.installation.runs.push({
      id: "0192f0c4-0000-7000-8000-000000099999",
      action: "delete",
      total: 100_000,
      done: 12_300,
      changed: 12_300,
      startedAt: Date.now(),
      endedAt: null,
      stopped: null,
    });
    const { html } = await pages.ask("/keys");
    expect(html).toContain("Deleting 12,300 of 100,000 keys");
    expect(html).toContain('<progress class="run" value="12300" max="100000"');
    expect(html).toContain('action="/keys/bulk/0192f0c4-0000-7000-8000-000000099999/stop"');
    Object.assign(pages.installation.runs[0]!, { endedAt: Date.now(), stopped: "The disk is full." });
    expect((await pages.ask("/keys")).html).toContain(
      "Deleting ended after 12,300 of 100,000 keys: The disk is full.",
    );
    pages.installation.runs.length = 0;
  });
});

describe("a secret by forms alone", () => {
  test("is shown for the password only, for 30 s, and never kept", async () => {
    const { id } = find("gem-prod-06")!;
    expect((await pages.ask(`/keys/${id}/reveal`)).html).toContain('type="password"');
    const wrong = await pages.ask(`/keys/${id}/reveal`, { form: { password: "guess" } });
    expect([wrong.status, wrong.html.includes("Wrong password.")]).toEqual([422, true]);
    expect(wrong.html).not.toContain("sk-secret-of");
    const right = await pages.ask(`/keys/${id}/reveal`, { form: { password: PAGE_PASSWORD } });
    expect(right.html).toContain("sk-secret-of-gem-prod-06");
    expect(right.headers.get("cache-control")).toBe("no-store");
    expect(right.headers.get("refresh")).toBe(`30; url=/keys/${id}`);
    expect((await pages.ask(`/keys/${id}`)).html).not.toContain("sk-secret-of");
  });

  test("is exported with the password only", async () => {
    expect((await pages.ask("/keys/export")).html).toContain("Export keys");
    const wrong = await pages.ask("/keys/export", { form: { password: "guess" } });
    expect([wrong.status, wrong.html.includes("Wrong password.")]).toEqual([422, true]);
    const masked = await pages.ask("/keys/export", { form: { password: "" } });
    expect(masked.headers.get("content-disposition")).toStartWith("attachment");
    expect(JSON.parse(masked.html)[0]).not.toHaveProperty("secret");
    const whole = await pages.ask("/keys/export", { form: { password: PAGE_PASSWORD } });
    expect(JSON.parse(whole.html)[0].secret).toStartWith("sk-secret-of-");
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
