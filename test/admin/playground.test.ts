import { afterAll, beforeAll, expect, test } from "bun:test";
import { status } from "../support/answers.ts";
import { startApp, type TestApp } from "../support/app.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { seen } from "../support/html.ts";
import { chat } from "../support/openai-answers.ts";
import { openAiError } from "../support/openai-errors.ts";
import { chatStream, event, sse } from "../support/openai-streams.ts";
import { type Person, signIn } from "../support/signed-in.ts";

/** The playground as a person without scripts sees it, over the whole program and a real upstream. */
const KEYS = ["sk-playground-0001", "sk-playground-0002"];
const HOSTILE =
  "# Title\n\n**bold** <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n" +
  "[link](javascript:alert(1)) ![pic](http://127.0.0.1:9/p.png) <hx-partial hx-target='body'>\n\n```\ncode\n```";

let upstream: FakeUpstream;
let app: TestApp;
let person: Person;
beforeAll(async () => {
  upstream = startFakeUpstream({ keys: KEYS });
  app = await startApp({ upstream: upstream.url, keys: KEYS });
  person = await signIn(app.url);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  upstream.down();
});

const both = (script: Parameters<FakeUpstream["override"]>[0]) => upstream.override(script);
const text = async (html: string) => (await seen(html)).text;
const fieldValues = async (html: string, name: string) =>
  (await seen(html)).elements
    .filter(({ attributes }) => attributes.some(([key, value]) => key === "name" && value === name))
    .map(({ attributes }) => attributes.find(([key]) => key === "value")?.[1]);

test("a message is sent as any client's, and the next one carries the conversation", async () => {
  both(chatStream(["Hello ", "**world**"], { usage: { inputTokens: 12, outputTokens: 34 } }));
  const first = await person.send("/playground", {
    model: "gpt-4o",
    system: "Be brief.",
    message: "Hi",
    temperature: "0.5",
    max_tokens: "100",
    more: '{"seed": 7}',
    stream: "on",
  });
  expect(first.status).toBe(200);
  expect(first.html).toContain("<strong>world</strong>");
  expect(await text(first.html)).toContain("12 in, 34 out");
  const said = await fieldValues(first.html, "said");
  expect(said).toEqual(["Hi", "Hello **world**"]);
  expect(upstream.calls.at(-1)?.json).toMatchObject({
    model: "gpt-4o",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ],
    temperature: 0.5,
    max_tokens: 100,
    seed: 7,
    stream: true,
  });

  both(chat("Again."));
  const form = new URLSearchParams([
    ["model", "gpt-4o"],
    ["message", "And now?"],
    ["role", "user"],
    ["said", "Hi"],
    ["role", "assistant"],
    ["said", "Hello **world**"],
  ]);
  const second = await fetch(`${app.url}/playground`, {
    method: "POST",
    headers: { cookie: person.cookie(), origin: app.url },
    body: form,
  });
  expect(await fieldValues(await second.text(), "said")).toEqual([
    "Hi",
    "Hello **world**",
    "And now?",
    "Again.",
  ]);
  const sent = upstream.calls.at(-1)?.json;
  expect(sent?.stream).toBeUndefined();
  expect(sent?.messages).toHaveLength(3);
  const [row] = await app.logs();
  expect(row).toMatchObject({ model: "gpt-4o", user_agent: "Load Balancer playground", outcome: "ok" });
  expect(await fieldValues((await person.get("/playground")).html, "model")).toEqual(["gpt-4o"]);
});

test("what a model says can do nothing to the page", async () => {
  both(chat(HOSTILE));
  const { html } = await person.send("/playground", { model: "<b>\"'", message: "<script>x</script>" });
  const { elements } = await seen(html);
  const inTurns = html.slice(html.indexOf('id="turns"'), html.indexOf('class="compose"'));
  const shown = (await seen(inTurns)).elements;
  expect(shown.filter(({ tag }) => ["img", "script", "hx-partial", "iframe", "b"].includes(tag))).toEqual([]);
  const attributes = elements.flatMap((element) => element.attributes);
  expect(attributes.filter(([name]) => name.startsWith("on"))).toEqual([]);
  expect(attributes.filter(([name, value]) => name === "href" && /^\s*javascript/i.test(value))).toEqual([]);
  expect(await text(inTurns)).toContain("<img src=x onerror=alert(1)>");
});

test("one key serves where it was picked, and clients cannot pick", async () => {
  both(null);
  const keys = await app.keys();
  for (const { id } of keys) {
    for (const _ of [1, 2]) {
      const { html } = await person.send("/playground", {
        model: "gpt-4o",
        message: "who?",
        through: `key:${id}`,
      });
      expect(html).toContain(`/keys/${id}`);
      const [row] = await app.logs();
      expect(row?.attempts).toMatchObject([{ key_id: id, chosen_because: "picked by hand" }]);
    }
  }
  await app.must("PATCH", `/keys/${keys[0]!.id}`, { enabled: false });
  const { html } = await person.send("/playground", {
    model: "gpt-4o",
    message: "off",
    through: `key:${keys[0]!.id}`,
  });
  expect(await text(html)).toContain("No key can be used");
  await app.must("PATCH", `/keys/${keys[0]!.id}`, { enabled: true });
});

test("thoughts are folded, an error says what to do and keeps the message", async () => {
  const delta = (fields: object) => event({ choices: [{ index: 0, delta: fields, finish_reason: null }] });
  both(() =>
    sse([delta({ reasoning_content: "Let me see. " }), delta({ content: "Done." }), event("[DONE]")]),
  );
  const thought = await person.send("/playground", { model: "r1", message: "think", stream: "on" });
  expect(await text(thought.html)).toContain("Let me see. ");
  expect(await fieldValues(thought.html, "said")).toEqual(["think", "Done."]);

  both(openAiError(400, "The model `nope` cannot do that"));
  const failed = await person.send("/playground", { model: "nope", message: "please", stream: "on" });
  const words = await text(failed.html);
  expect(words).toContain("The model `nope` cannot do that");
  expect(words).toContain("The provider refused what was asked");
  expect(await fieldValues(failed.html, "said")).toEqual([]);
  expect(await fieldValues(failed.html, "again")).toEqual(["please"]);
  both(status(500, "<html>"));
  const broken = await person.send("/playground", { model: "x", message: "please" });
  expect(await text(broken.html)).toContain("Log entry");
  both(null);
});

test("what cannot be sent is said beside its field, with all that was typed", async () => {
  const calls = upstream.calls.length;
  const answer = await person.send("/playground", {
    model: "",
    message: "keep me",
    temperature: "9",
    more: "{nope",
  });
  expect(answer.status).toBe(422);
  const words = await text(answer.html);
  for (const part of ["Give the name of a model.", "from 0 to 2", "This is no JSON", "keep me"])
    expect(words).toContain(part);
  const own = await person.send("/playground", { model: "m", message: "x", more: '{"messages":[]}' });
  expect(await text(own.html)).toContain("Leave out messages");
  expect(upstream.calls).toHaveLength(calls);
  const foreign = await fetch(`${app.url}/playground`, {
    method: "POST",
    headers: { cookie: person.cookie(), origin: "http://evil.test" },
    body: new URLSearchParams({ model: "m", message: "x" }),
  });
  expect(foreign.status).toBe(403);
});

test("the request is shown as code, without a secret", async () => {
  const pool = await app.must("POST", "/pools", { name: "blue & green" });
  const { html } = await person.send("/playground/code", {
    model: "gpt-4o",
    message: "it's",
    stream: "on",
    through: `pool:${(pool as { id: string }).id}`,
    more: '{"logprobs": true}',
  });
  const words = await text(html);
  expect(words).toContain(`curl '${app.url}/pools/blue%20%26%20green/v1/chat/completions'`);
  expect(words).toContain("it'\\''s");
  expect(words).toContain('"logprobs": True');
  expect(words).toContain("$LB_API_KEY");
  for (const secret of KEYS) expect(words).not.toContain(secret);
});

test("prompts are saved, loaded, changed, found and deleted", async () => {
  const filled = {
    model: "gpt-4o",
    message: "Why?",
    system: "Brief.",
    temperature: "0.2",
    more: '{"seed":1}',
    prompt_name: "Triage",
  };
  const saved = await person.send("/playground/prompts", filled);
  const [id] = await fieldValues(saved.html, "prompt_id");
  expect(id).not.toBe("");
  const loaded = await person.get(`/playground?prompt=${id}`);
  expect(await fieldValues(loaded.html, "temperature")).toEqual(["0.2"]);
  expect(await text(loaded.html)).toContain("Why?");
  expect(await text(loaded.html)).toContain("never used");
  both(null);
  await person.send("/playground", { ...filled, prompt_id: id!, message: "Why?" });
  expect(await text((await person.get("/playground")).html)).toContain("used now");
  const again = await person.send("/playground/prompts", filled);
  expect(again.status).toBe(422);
  expect(await text(again.html)).toContain("A saved prompt of this name is there already.");
  await person.send("/playground/prompts", { ...filled, prompt_id: id!, message: "What now?" });
  expect(await text((await person.get(`/playground?prompt=${id}`)).html)).toContain("What now?");
  await person.send(`/playground/prompts/${id}/delete`);
  expect((await person.get(`/playground?prompt=${id}`)).status).toBe(404);
});
