import { afterAll, beforeAll, expect, test } from "bun:test";
import { asHtmxReads, seen } from "../support/html.ts";
import { type PageServer, startPages } from "../support/page-server.ts";

/** Each tries another way out of the place where text belongs. */
const HOSTILE: [what: string, text: string][] = [
  ["an element", '<script src="//evil.example/x.js"></script><img src=x onerror=alert(1)><evil-tag>'],
  ["an attribute's end", '"><evil-tag onmouseover="alert(1)" x="'],
  ["single quotes", "'><evil-tag onmouseover='alert(1)' x='"],
  ["entities", "&quot;&gt;&lt;evil-tag&gt;&#34; onmouseover=&#34;alert(1)"],
  [
    "what htmx rewrites",
    '<hx-partial hx-target="body" hx-swap="innerHTML"><evil-tag onmouseover=alert(1)></hx-partial>',
  ],
  ["a head that htmx takes out", "<head><title>evil</title></head><evil-tag>"],
  ["a comment and raw text", "--><!--<evil-tag>]]></textarea></title></style><evil-tag>"],
  ["a template", "{{alert(1)}}<template><evil-tag></template>"],
  ["right to left", "\u202e<evil-tag>\u2067safe\u2069\u200b\u{1f512}"],
  ["500 characters", `${"<evil-tag a=\"'&".repeat(33)}end`.slice(0, 500)],
];

let pages: PageServer;
beforeAll(async () => {
  pages = await startPages();
});
afterAll(() => pages.stop());

/** Puts the text wherever a person, a client or an upstream could. */
function poison(text: string): void {
  const { keys, requests, events, pools, upstreams, figures } = pages.installation;
  for (const key of keys) {
    Object.assign(key, { name: text, maskedSecret: text, tags: [text, text], statusReason: text });
    for (const cooldown of key.cooldowns) Object.assign(cooldown, { model: text, reason: text });
  }
  for (const request of requests) {
    const foreign = {
      model: text,
      servedModel: `${text}2`,
      endpoint: text,
      userAgent: text,
      clientAddress: text,
    };
    Object.assign(request, { ...foreign, error: text, outcome: request.outcome === "ok" ? "ok" : text });
    for (const attempt of request.attempts) Object.assign(attempt, { error: text, chosenBecause: text });
  }
  for (const event of events) Object.assign(event, { event: text, detail: text, actor: text, keyName: text });
  for (const pool of pools) Object.assign(pool, { name: text, color: text, icon: text, description: text });
  for (const upstream of upstreams) Object.assign(upstream, { name: text, baseUrl: text });
  upstreams[0]!.health = { breaker: "open", openUntil: Date.now(), failuresInARow: 20, lastFailure: text };
  for (const failure of figures.lastFailures)
    Object.assign(failure, { model: text, reason: text, outcome: text });
  figures.recorder = { queued: 1, dropped: 0, lastError: text };
}

const paths = (): [path: string, headers?: Record<string, string>][] => {
  const id = pages.installation.keys[2]!.id;
  const pool = pages.installation.pools[0]!.id;
  const upstream = pages.installation.upstreams[1]!.id;
  const live = { "hx-request": "true", "hx-target": "div#live" };
  const other = { "hx-request": "true", "hx-target": "span#name" };
  const dialog = { "hx-request": "true", "hx-target": "dialog#dialog" };
  return [
    ["/"],
    ["/", live],
    ["/keys"],
    ["/keys", live],
    [`/keys/${id}`],
    [`/keys/${id}`, live],
    [`/keys/${id}/edit`],
    [`/keys/${id}/edit`, dialog],
    [`/keys/${id}/field?name=name`, other],
    [`/keys/${id}/field?name=tags`, other],
    ["/keys?columns=pool.upstream.tags.created_at&pool=none&upstream=x&tag=y"],
    ["/keys/filter", dialog],
    ["/keys/columns", dialog],
    ["/keys/add", dialog],
    ["/keys/paste", dialog],
    ["/stats"],
    ["/stats?group=pool", live],
    ["/stats?group=upstream"],
    ["/stats?group=model"],
    ["/stats?group=outcome"],
    ["/logs"],
    ["/logs?kind=error", live],
    ["/logs?kind=key_event", live],
    [`/logs/${pages.installation.requests[3]!.id}`],
    [`/logs/${pages.installation.requests[7]!.id}`],
    ["/pools"],
    ["/pools", live],
    [`/pools/${pool}`],
    [`/pools/${pool}?q=gem`, live],
    [`/pools/${pool}/edit`, dialog],
    [`/pools/${pool}/delete`, dialog],
    ["/upstreams"],
    ["/upstreams", live],
    [`/upstreams/${upstream}`],
    [`/upstreams/${upstream}/edit`, dialog],
    [`/upstreams/${upstream}/delete`],
    ["/upstreams/add?preset=own"],
    ["/settings"],
  ];
};

/** What no page of ours holds, however it is read. */
async function expectHarmless(html: string, where: string): Promise<void> {
  for (const read of [html, asHtmxReads(html)]) {
    const { elements } = await seen(read);
    const bad = elements.filter(
      ({ tag, attributes }) =>
        tag === "evil-tag" ||
        attributes.some(
          ([name, value]) =>
            /^on/i.test(name) ||
            name === "style" ||
            (tag === "script" && name === "src" && !value.startsWith("/assets/")),
        ),
    );
    expect([where, bad]).toEqual([where, []]);
    const targets = elements.flatMap(({ tag, attributes }) =>
      tag === "template" ? attributes.filter(([name]) => name === "hx-target").map(([, value]) => value) : [],
    );
    expect(targets.filter((target) => target !== "#keys-in-need" && target !== "#toasts")).toEqual([]);
  }
}

for (const [what, text] of HOSTILE) {
  test(`${what} in every foreign value is shown as text on every page`, async () => {
    poison(text);
    for (const [path, headers] of paths()) {
      const { status, html } = await pages.ask(path, { headers });
      expect([path, status]).toEqual([path, 200]);
      await expectHarmless(html, `${path} ${JSON.stringify(headers ?? {})}`);
    }
    const { text: read } = await seen((await pages.ask("/keys")).html);
    expect(read).toContain(text);
  });

  test(`${what} in the address and in a form is given back as text`, async () => {
    const given = encodeURIComponent(text);
    const answers = [
      await pages.ask(`/keys?q=${given}&status=${given}&sort=created_at`),
      await pages.ask(`/logs?q=${given}&model=${given}&outcome=${given}&key_id=${given}&kind=${given}`),
      await pages.ask(`/stats?range=own&from=${given}&to=${given}&group=${given}&compare=${given}`),
      await pages.ask(`/stats?range=${given}&table=${given}`),
      await pages.ask(`/login?next=${given}&why=${given}`, { headers: { cookie: "" } }),
      await pages.ask(`/keys/${given}`),
      await pages.ask(`/keys?pool=${given}&upstream=${given}&tag=${given}&columns=${given}&cursor=`),
      await pages.ask(`/keys/filter?tag=${given}&q=${given}&pool=${given}`),
      await pages.ask("/keys/bulk", {
        form: [
          ["id", text],
          ["action", "tags"],
          ["tags", text],
          ["q", text],
        ],
      }),
      await pages.ask(`/keys/${pages.installation.keys[0]!.id}/field?name=daily_limit`, {
        form: { value: text },
        headers: { "hx-request": "true", "hx-target": "form#x" },
      }),
      await pages.ask("/keys", {
        form: { secret: "x", name: text, tags: text, pool_id: text, daily_limit: text },
      }),
      await pages.ask("/settings", { form: { api_endpoint: text, max_retries: text } }),
    ];
    for (const { html } of answers) await expectHarmless(html, html.slice(0, 300));
  });
}
