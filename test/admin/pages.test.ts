import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { seen } from "../support/html.ts";
import { PAGE_PASSWORD, type PageServer, startPages } from "../support/page-server.ts";

let pages: PageServer;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());

const keyId = (at: number) => pages.installation.keys[at]!.id;

/** As htmx asks for the living part, and as it sends a form or presses a button. */
const LIVE = { "hx-request": "true", "hx-target": "div#live" };
const DIALOG = { "hx-request": "true", "hx-target": "dialog#dialog" };
const ACTION = { "hx-request": "true", "hx-target": "button" };

describe("every page", () => {
  const titles: [path: () => string, title: string][] = [
    [() => "/", "Dashboard"],
    [() => "/keys", "Keys"],
    [() => "/keys?q=batch&status=cooling&sort=-request_count", "Keys"],
    [() => "/keys/add", "Add key"],
    [() => "/keys/paste", "Paste many keys"],
    [() => `/keys/${keyId(2)}`, "gem-prod-03"],
    [() => `/keys/${keyId(2)}/edit`, "Edit gem-prod-03"],
    [() => `/keys/${keyId(2)}/reveal`, "Show secret"],
    [() => "/keys/export", "Export keys"],
    [() => "/keys/filter", "Filter keys"],
    [() => "/keys/columns", "Columns"],
    [() => "/stats", "Stats"],
    [() => "/stats?range=week&group=outcome&compare=off", "Stats"],
    [() => "/stats?range=own&from=2026-11-20T10:00Z&to=2026-11-21T10:00Z&group=pool", "Stats"],
    [() => "/stats/reset", "Reset statistics"],
    [() => "/logs", "Logs"],
    [() => "/logs?kind=error", "Logs"],
    [() => "/logs?kind=key_event", "Logs"],
    [() => `/logs/${pages.installation.requests[3]!.id}`, "Request"],
    [() => "/settings", "Settings"],
    [() => "/settings/reset", "Settings"],
  ];

  test("is a whole page on a plain GET, with its title", async () => {
    for (const [path, title] of titles) {
      const { status, html, headers } = await pages.ask(path());
      expect([path(), status]).toEqual([path(), 200]);
      expect(html).toStartWith("<!doctype html>");
      expect(html).toContain(`<title>${title} · Load Balancer</title>`);
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    }
  });

  test("carries a content security policy without any unsafe word, and keeps to it", async () => {
    for (const [path] of titles) {
      const { html, headers } = await pages.ask(path());
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'; base-uri 'none'");
      expect(policy).not.toContain("unsafe");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      const { elements } = await seen(html);
      expect(elements.filter(({ tag }) => tag === "style")).toEqual([]);
      const scripts = elements.filter(({ tag }) => tag === "script");
      expect(scripts.every(({ attributes }) => attributes.some(([name]) => name === "src"))).toBe(true);
      const names = elements.flatMap(({ attributes }) => attributes.map(([name]) => name));
      expect(names.filter((name) => name === "style" || /^on/.test(name))).toEqual([]);
    }
  });

  test("names every field and every button", async () => {
    for (const [path] of titles) {
      const { elements } = await seen((await pages.ask(path())).html);
      const labelled = new Set(
        elements.filter(({ tag }) => tag === "label").map(({ attributes }) => new Map(attributes).get("for")),
      );
      for (const { tag, attributes } of elements) {
        const given = new Map(attributes);
        if (!["input", "select", "textarea"].includes(tag) || given.get("type") === "hidden") continue;
        expect([path(), given.get("id"), given.has("aria-label") || labelled.has(given.get("id"))]).toEqual([
          path(),
          given.get("id"),
          true,
        ]);
      }
    }
  });

  test("to htmx gives its living part alone, and the number of keys in need with it", async () => {
    for (const path of ["/", "/keys", "/stats", "/logs", `/keys/${keyId(2)}`]) {
      const { html } = await pages.ask(path, { headers: LIVE });
      expect(html).toStartWith('<div id="live"');
      expect(html).not.toContain("<html");
      expect(html).toContain('<hx-partial hx-target="#keys-in-need"');
    }
  });

  test("takes no other methods, and says which it takes", async () => {
    for (const [path, allow] of [
      ["/keys", "GET, POST, HEAD"],
      [`/keys/${keyId(0)}/enable`, "POST"],
    ] as const) {
      const answer = await fetch(pages.url + path, { method: "PUT" });
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, allow]);
    }
    const head = await fetch(`${pages.url}/login`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test("an id that nobody has is a page of its own, and leads an open page back to the list", async () => {
    const gone = "/keys/0192f0c4-0000-7000-8000-999999999999";
    const page = await pages.ask(gone);
    expect(page.status).toBe(404);
    expect(page.html).toContain("There is no such key.");
    const live = await pages.ask(gone, { headers: LIVE });
    expect([live.status, live.headers.get("hx-redirect")]).toEqual([404, "/keys"]);
  });
});

describe("who may see them", () => {
  const stranger = { cookie: "" };

  test("a stranger is led to the login, and from there to where they wanted to go", async () => {
    const { status, headers } = await pages.ask("/keys?q=a", { headers: stranger });
    expect([status, headers.get("location")]).toEqual([303, "/login?next=%2Fkeys%3Fq%3Da"]);
    const login = await pages.ask("/login?next=/keys%3Fq%3Da", { headers: stranger });
    expect(login.html).toContain('<input type="hidden" name="next" value="/keys?q=a"/>');
    const form = { password: PAGE_PASSWORD, next: "/keys?q=a" };
    const entered = await pages.ask("/login", { form, headers: stranger });
    expect([entered.status, entered.headers.get("location")]).toEqual([303, "/keys?q=a"]);
    expect(entered.headers.get("set-cookie")).toContain("HttpOnly; SameSite=Strict");
  });

  test("an open page whose session ended stays as it is, and a form can be sent again", async () => {
    const answer = await pages.ask("/keys?status=cooling", { headers: { ...stranger, ...LIVE } });
    expect([answer.status, answer.headers.get("hx-redirect"), answer.html]).toEqual([401, null, ""]);
    const form = { secret: "sk-typed-before-the-end" };
    const sent = await pages.ask("/keys", { form, headers: stranger });
    expect(sent.status).toBe(401);
    expect(sent.html).toContain("Your session has ended");
    expect(sent.html).toContain('href="/login?why=again" target="_blank"');
  });

  test("the way after the login never leaves this program", async () => {
    for (const next of [
      "https://evil.example/",
      "//evil.example",
      "/\\evil.example",
      "javascript:alert(1)",
      "/login",
    ]) {
      const answer = await pages.ask("/login", {
        form: { password: PAGE_PASSWORD, next },
        headers: stranger,
      });
      expect([next, answer.headers.get("location")]).toEqual([next, "/"]);
    }
  });

  test("a wrong password is said in place, with the wait", async () => {
    const answer = await pages.ask("/login", { form: { password: "wrong" }, headers: stranger });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([401, "8"]);
    expect(answer.html).toContain("Wrong password. Try again in 8 s.");
    expect(answer.html).toContain('aria-describedby="password-error"');
    expect(answer.html).not.toContain("wrong</");
    expect(answer.html).not.toContain('value="wrong"');
  });

  test("a form of another site is refused, logged in or not", async () => {
    const before = pages.installation.keys.length;
    for (const path of ["/keys", "/login", "/logout", `/keys/${keyId(0)}/delete`]) {
      const foreign: Record<string, string>[] = [
        { origin: "https://evil.example" },
        { "sec-fetch-site": "cross-site" },
        { origin: "null" },
      ];
      for (const headers of foreign) {
        const answer = await pages.ask(path, { form: { secret: "sk-cross-site-secret" }, headers });
        expect([path, answer.status]).toEqual([path, 403]);
      }
    }
    expect(pages.installation.keys.length).toBe(before);
  });

  test("logging out takes the cookie away", async () => {
    const answer = await pages.ask("/logout", { form: {} });
    expect(answer.headers.get("location")).toBe("/login?why=out");
    expect(answer.headers.get("set-cookie")).toContain("Max-Age=0");
  });

  test("without a login asked for, every page says that it is open", async () => {
    const open = await startPages({ requireAdminLogin: false, openProxy: "this_machine" });
    for (const path of ["/", "/keys", "/logs", "/settings"]) {
      const { html, status } = await open.ask(path, { headers: stranger });
      expect(status).toBe(200);
      expect(html).toContain("These pages are open.");
      expect(html).toContain("Anyone on this machine can use the proxy.");
      expect(html).not.toContain("/logout");
    }
    await open.stop();
  });
});

describe("what goes wrong inside", () => {
  test("is logged under an id, and nothing of it is shown", async () => {
    const { operations } = pages.installation;
    const { list } = operations.keys;
    operations.keys.list = () => Promise.reject(new Error("inside: sk-secret-of-the-inside /etc/passwd"));
    const { status, html } = await pages.ask("/keys");
    const live = await pages.ask("/keys", { headers: LIVE });
    operations.keys.list = list;
    expect([status, live.status, live.html]).toEqual([500, 500, ""]);
    expect(html).not.toContain("inside:");
    expect(html).toContain((pages.logged[0] as { request_id: string }).request_id);
  });

  test("trouble with the records and with a host is said on every page", async () => {
    const { figures, upstreams } = pages.installation;
    figures.recorder = { queued: 12, dropped: 3, lastError: "disk full" };
    upstreams[0]!.health = {
      breaker: "open",
      openUntil: Date.now() + 60_000,
      failuresInARow: 21,
      lastFailure: "503",
    };
    const { html } = await pages.ask("/settings");
    figures.recorder = { queued: 0, dropped: 0, lastError: null };
    upstreams[0]!.health = { breaker: "closed", openUntil: null, failuresInARow: 0, lastFailure: null };
    expect(html).toContain("The request log can&#x27;t be written.");
    expect(html).toContain(
      "Disk full. Requests go on; 12 records wait to be written. 3 records lost so far.",
    );
    expect(html).toContain("Gemini does not answer.");
  });
});

describe("the dialog", () => {
  test("gets the form alone", async () => {
    const { html } = await pages.ask("/keys/add", { headers: DIALOG });
    expect(html).toStartWith("<article>");
    expect(html).toContain('<label for="key-secret">Secret</label>');
  });

  test("an action's answer says what it came to, closes it and has the page look again", async () => {
    const { html, headers } = await pages.ask(`/keys/${keyId(0)}/disable`, { form: {}, headers: ACTION });
    expect(headers.get("hx-trigger")).toBe("close-dialog, refresh-live");
    expect(html).toStartWith('<hx-partial hx-target="#toasts"');
    expect(html).toContain(`hx-post="/keys/${keyId(0)}/enable"`);
    await pages.ask(`/keys/${keyId(0)}/enable`, { form: {}, headers: ACTION });
  });

  test("wrong input comes back into it with what was typed, but without the secret", async () => {
    const form = { secret: "short", name: `"><b>name`, tags: "a, b" };
    const { status, html } = await pages.ask("/keys", { form, headers: ACTION });
    expect(status).toBe(422);
    expect(html).toContain("Give 8 to 500 characters.");
    expect(html).toContain('aria-describedby="key-secret-error"');
    expect(html).toContain('value="&#34;&gt;&lt;b&gt;name"');
    expect(html).not.toContain("short");
  });

  test("deleting the key whose page is open leads to the list", async () => {
    const { id } = pages.installation.keys.at(-1)!;
    const headers = { ...ACTION, "hx-current-url": `${pages.url}/keys/${id}` };
    const answer = await pages.ask(`/keys/${id}/delete`, { form: {}, headers });
    expect(answer.headers.get("hx-redirect")).toBe("/keys");
    expect(pages.installation.keys.some((key) => key.id === id)).toBe(false);
  });
});
