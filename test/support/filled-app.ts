import { startApp, type TestApp } from "./app.ts";
import type { Script } from "./call.ts";
import { type FakeUpstream, startFakeUpstream } from "./fake-upstream.ts";
import { chat, models } from "./openai-answers.ts";
import { openAiError, rateLimited, unauthorized } from "./openai-errors.ts";
import { chatStream } from "./openai-streams.ts";

/** Markup, quotes, a direction that turns, emoji, no width, no place to break. */
export const HOSTILE = {
  markup: `"><img src=x onerror=alert(1)>'</td></script>`,
  quotes: `it's "quoted" &amp; \`ticked\` {{1+1}} \\`,
  rightToLeft: "\u202eمفتاح\u2067 safe\u2069 שלום",
  emoji: "👩‍👩‍👧‍👦🏳️‍🌈 \u{1f511}\u{fe0f}",
  noWidth: "ze\u200bro\u200d\ufeff\u2060 wi\u0301\u0301\u0301\u0301dth",
  wide: "Wide".repeat(25),
  long: `<b title="'&">${"unbroken".repeat(61)}`.slice(0, 500),
} as const;

interface FilledKey {
  secret: string;
  name: string;
  tags: string[];
  does: Script;
  daily_limit?: number;
  enabled?: boolean;
}

/** One of each status, and hostile texts wherever a person may write one. */
const KEYS: FilledKey[] = [
  { name: HOSTILE.markup, tags: [HOSTILE.markup.slice(0, 40), "eu"], does: chat("Hello.") },
  { name: HOSTILE.quotes, tags: [HOSTILE.quotes.slice(0, 40)], does: chatStream(["Hello ", "there."]) },
  {
    name: HOSTILE.rightToLeft,
    tags: [HOSTILE.rightToLeft],
    does: rateLimited({ retryAfter: 600, message: HOSTILE.long }),
  },
  { name: HOSTILE.emoji, tags: [HOSTILE.emoji], does: openAiError(500, HOSTILE.markup) },
  {
    name: HOSTILE.noWidth,
    tags: [HOSTILE.noWidth],
    does: openAiError(402, HOSTILE.long, { code: "insufficient_quota" }),
  },
  { name: HOSTILE.wide, tags: [HOSTILE.wide.slice(0, 40)], does: unauthorized() },
  { name: "daily limit", tags: [], does: chat("Hello."), daily_limit: 1 },
  { name: "switched off", tags: ["eu"], does: chat("Hello."), enabled: false },
].map((key, at) => ({ ...key, secret: `sk-filled-${at}-0123456789` }));

export interface FilledApp extends AsyncDisposable {
  app: TestApp;
  upstream: FakeUpstream;
  /** One of each, by the path of its page. */
  ids: Record<"keys" | "pools" | "upstreams" | "logs" | "playground", string>;
}

/** The whole program after some use, with every status, every kind of log row, and hostile texts in all of them. */
export async function startFilledApp(): Promise<FilledApp> {
  const scripts = Object.fromEntries(KEYS.map(({ secret, does }) => [secret, does]));
  const upstream = startFakeUpstream({ keys: scripts });
  const app = await startApp({ upstream: upstream.url, settings: { max_failure_count: 1 } });
  const must = async (path: string, body: object) => (await app.must("POST", path, body)) as { id: string };
  const pool = await must("/pools", {
    name: HOSTILE.markup.replaceAll("/", ""),
    description: HOSTILE.long,
    color: "#ff0000",
  });
  await must("/pools", { name: HOSTILE.wide.slice(0, 50), description: "", icon: "flask" });
  const other = await must("/upstreams", {
    name: HOSTILE.quotes,
    base_url: `${upstream.url}/${"path".repeat(40)}`,
  });
  await must("/upstreams", { name: HOSTILE.rightToLeft, base_url: "http://127.0.0.1:9/v1" });
  const prompt = await must("/prompts", { name: HOSTILE.markup, text: HOSTILE.long, system: HOSTILE.quotes });
  const keys: string[] = [];
  for (const [at, { does: _, enabled, ...key }] of KEYS.entries()) {
    const { id } = await must("/keys", { ...key, ...(at % 2 === 0 && { pool_id: pool.id }) });
    if (enabled === false) await app.must("PATCH", `/keys/${id}`, { enabled });
    keys.push(id);
  }
  for (const model of ["gpt-4o", HOSTILE.markup, HOSTILE.rightToLeft, HOSTILE.emoji, HOSTILE.wide.repeat(2)])
    for (const stream of [false, true, false]) await (await app.chat({ model, stream })).text();
  upstream.override(openAiError(400, HOSTILE.long));
  await (await app.chat({ model: HOSTILE.noWidth })).text();
  upstream.override(models(["m-1", HOSTILE.markup, HOSTILE.wide]));
  await app.must("POST", `/keys/${keys[0]}/test`, {});
  upstream.override(null);
  const [failed] = await app.logs("error");
  return {
    app,
    upstream,
    ids: { keys: keys[2]!, pools: pool.id, upstreams: other.id, logs: failed!.id, playground: prompt.id },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      upstream[Symbol.dispose]();
    },
  };
}
