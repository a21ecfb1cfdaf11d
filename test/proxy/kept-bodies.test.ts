import { describe, expect, test } from "bun:test";
import { BodyKeeper } from "../../src/proxy/kept-bodies.ts";
import { respond, status } from "../support/answers.ts";
import { type AppOptions, startApp, type TestApp } from "../support/app.ts";
import { manualClock } from "../support/clock.ts";
import { type FakeUpstream, startFakeUpstream } from "../support/fake-upstream.ts";
import { chat, ok } from "../support/openai-answers.ts";
import { chatStream } from "../support/openai-streams.ts";
import { signIn } from "../support/signed-in.ts";

const KEPT_BYTES = 65_536;
const KEY = "key-a-123";
const MASTER_KEY = "the-master-of-all-keys";

interface Kept {
  request_body: string | null;
  request_body_is_cut: boolean;
  response_body: string | null;
  response_body_is_cut: boolean;
  request_headers: { name: string; value: string }[] | null;
  response_headers: { name: string; value: string }[] | null;
}
const NOTHING: Kept = {
  request_body: null,
  request_body_is_cut: false,
  response_body: null,
  response_body_is_cut: false,
  request_headers: null,
  response_headers: null,
};

const start = (upstream: FakeUpstream, options: Partial<AppOptions> = {}) =>
  startApp({ upstream: upstream.url, keys: [KEY], settings: { log_bodies: true }, ...options });

/** What was kept of the newest request. */
async function newest(app: TestApp): Promise<Kept> {
  const [row] = await app.logs();
  return (await app.must("GET", `/logs/${row?.id}`)) as Kept;
}

const saying = (content: string) => ({ messages: [{ role: "user", content }] });

describe("through the front door", () => {
  test("nothing is kept while the setting is off, everything from the moment on at which it is on", async () => {
    using upstream = startFakeUpstream({ keys: [KEY] });
    await using app = await start(upstream, { settings: {} });
    await (await app.chat(saying("first"))).text();
    expect(await newest(app)).toMatchObject(NOTHING);
    await app.must("PATCH", "/settings", { log_bodies: true });
    const answer = await (await app.chat(saying("second"))).text();
    const kept = await newest(app);
    expect(JSON.parse(kept.request_body ?? "").messages[0].content).toBe("second");
    expect(kept).toMatchObject({
      request_body_is_cut: false,
      response_body: answer,
      response_body_is_cut: false,
    });
    expect(JSON.stringify(await app.logs())).not.toContain("second");
    await app.must("PATCH", "/settings", { log_bodies: false });
    await (await app.chat(saying("third"))).text();
    expect(await newest(app)).toMatchObject(NOTHING);
  });

  test("the request's page shows them as text, whatever they hold", async () => {
    using upstream = startFakeUpstream({ keys: { [KEY]: chat("<b>bold</b>") } });
    await using app = await start(upstream);
    await (await app.chat(saying("<script>alert(1)</script>"))).text();
    const person = await signIn(app.url);
    const { html } = await person.get(`/logs/${(await app.logs())[0]?.id}`);
    expect(html).toContain("What the client sent");
    expect(html).toContain("&lt;script&gt;alert(1)");
    expect(html).not.toContain("<script>alert(1)");
    expect(html).not.toContain("<b>bold</b>");
    expect(html).toContain("x-lb-attempts");
    expect(html).toContain("-d &#x27;{&quot;model&quot;");
    expect(html).not.toContain("A short text stands in place");
    await app.must("PATCH", "/settings", { log_bodies: false });
    await (await app.chat(saying("unkept"))).text();
    const story = await person.get(`/logs/${(await app.logs())[0]?.id}`);
    expect(story.html).toContain('href="/settings#setting-log_bodies"');
    expect((await person.get("/settings")).html).toContain('id="setting-log_bodies"');
  });

  test("a stream's events as they came, a packed answer unpacked", async () => {
    using upstream = startFakeUpstream({
      keys: { [KEY]: chatStream(["Hello", " you"], { encoding: "gzip" }) },
    });
    await using app = await start(upstream);
    await (await app.chat({ ...saying("hi"), stream: true })).text();
    const { response_body } = await newest(app);
    expect(response_body).toContain('"content":" you"');
    expect(response_body).toEndWith("data: [DONE]\n\n");
    upstream.script(KEY, chat("whole and packed", { encoding: "br" }));
    await (await app.chat(saying("hi"))).text();
    expect((await newest(app)).response_body).toContain("whole and packed");
  });

  test("each is cut at 64 KiB, and says so", async () => {
    using upstream = startFakeUpstream({ keys: { [KEY]: chatStream(["ü".repeat(60_000), "end"]) } });
    await using app = await start(upstream);
    await (await app.chat({ ...saying("é".repeat(50_000)), stream: true })).text();
    const kept = await newest(app);
    for (const part of ["request", "response"] as const) {
      expect(kept[`${part}_body_is_cut`]).toBe(true);
      const text = kept[`${part}_body`] ?? "";
      expect(Buffer.byteLength(text)).toBeWithin(KEPT_BYTES - 4, KEPT_BYTES + 1);
      expect(text).not.toContain("\ufffd");
    }
  });

  test("neither the upstream's keys nor the client's credential are in them", async () => {
    using upstream = startFakeUpstream({ keys: { [KEY]: ok() } });
    await using app = await start(upstream, { env: { MASTER_API_KEY: MASTER_KEY } });
    const said = `${KEY}, ${MASTER_KEY} and sk-proj-abcdefghijk`;
    const init = { headers: { "x-api-key": MASTER_KEY, "content-type": "application/json" } };
    for (const stream of [false, true]) {
      const answer = await app.chat({ ...saying(said), stream }, init);
      expect(answer.status).toBe(200);
      await answer.text();
      const kept = await newest(app);
      expect(kept.request_body).toContain("[redacted], [redacted] and [redacted]");
      for (const secret of [KEY, MASTER_KEY, "sk-proj-abcdefghijk"])
        expect(JSON.stringify(kept)).not.toContain(secret);
    }
    expect((await newest(app)).response_body).toContain("[redacted]");
  });

  test("headers of both sides, without credentials and cookies; those of our own errors too", async () => {
    const limits = {
      "x-ratelimit-remaining-tokens": "1499",
      "x-request-id": "req_upstream",
      "set-cookie": "a=b",
    };
    const script = respond({ headers: { "content-type": "application/json", ...limits }, pieces: ["{}"] });
    using upstream = startFakeUpstream({ keys: { [KEY]: script } });
    await using app = await start(upstream, { env: { MASTER_API_KEY: MASTER_KEY } });
    const sent = {
      "x-api-key": MASTER_KEY,
      "content-type": "application/json",
      cookie: "session=secret-cookie",
      "x-session-token": "secret-token",
      "x-note": `see ${KEY}`,
      "x-long": "y".repeat(3_000),
      "idempotency-key": "once",
    };
    await (await app.chat(saying("hi"), { headers: sent })).text();
    const kept = await newest(app);
    const request = new Map(kept.request_headers?.map(({ name, value }) => [name, value]));
    expect(request.get("idempotency-key")).toBe("once");
    expect(request.get("x-session-token")).toBe("[redacted]");
    expect(request.get("x-note")).toBe("see [redacted]");
    expect(request.get("x-long")).toBe(`${"y".repeat(1_000)}…`);
    const response = new Map(kept.response_headers?.map(({ name, value }) => [name, value]));
    expect(response.get("x-ratelimit-remaining-tokens")).toBe("1499");
    expect(response.get("x-upstream-request-id")).toStartWith("req_fake");
    expect(response.get("x-lb-attempts")).toBe("1");
    for (const secret of [KEY, MASTER_KEY, "secret-cookie", "secret-token", "a=b"])
      expect(JSON.stringify([kept.request_headers, kept.response_headers])).not.toContain(secret);
    upstream.script(KEY, status(401, { error: { message: "no" } }));
    await (await app.chat(saying("hi"), { headers: sent })).text();
    const refused = new Map((await newest(app)).response_headers?.map(({ name, value }) => [name, value]));
    expect(refused.get("content-type")).toContain("application/json");
  });

  test("errors are kept as the client got them, binary answers and uploads not", async () => {
    using upstream = startFakeUpstream({ keys: [KEY] });
    await using app = await start(upstream);
    upstream.script(
      KEY,
      status(400, { error: { message: "no such parameter", type: "invalid_request_error" } }),
    );
    await (await app.chat(saying("hi"))).text();
    expect((await newest(app)).response_body).toContain("no such parameter");
    upstream.script(
      KEY,
      respond({ headers: { "content-type": "audio/mpeg" }, pieces: [new Uint8Array([255, 251, 144, 0, 1])] }),
    );
    const speech = { model: "tts-1", input: "hi", voice: "alloy" };
    await (await fetch(`${app.base}/audio/speech`, { method: "POST", body: JSON.stringify(speech) })).bytes();
    expect(await newest(app)).toMatchObject({ request_body: JSON.stringify(speech), response_body: null });
    upstream.script(KEY, status(200, { text: "heard" }));
    const form = new FormData();
    form.set("model", "whisper-1");
    form.set("file", new Blob(["not really audio"]), "a.wav");
    await (await fetch(`${app.base}/audio/transcriptions`, { method: "POST", body: form })).text();
    expect(await newest(app)).toMatchObject({ request_body: null, response_body: '{"text":"heard"}' });
  });

  test("they are there after a restart, and go with their request in a cleanup", async () => {
    using upstream = startFakeUpstream({ keys: [KEY] });
    const clock = manualClock();
    const app = await start(upstream, { clock, keepsData: true });
    await (await app.chat(saying("x".repeat(60_000)))).text();
    const { id } = (await app.logs())[0]!;
    await using again = await app.restart();
    expect(((await again.must("GET", `/logs/${id}`)) as Kept).request_body).toContain("xxx");
    clock.advance(3 * 86_400_000);
    const before = (await again.must("GET", "/logs/cleanup?older_than_days=1")) as { size_bytes: number };
    expect(before).toMatchObject({ deletable_requests: 1 });
    expect(await again.must("POST", "/logs/cleanup", { older_than_days: 1 })).toMatchObject({
      deleted_requests: 1,
    });
    expect((await again.api("GET", `/logs/${id}`)).status).toBe(404);
  });
});

describe("the keeper", () => {
  const secret = "a-secret-without-a-shape";
  const keptOf = (request: string) => new BodyKeeper([secret]).kept(Buffer.from(request), []).request;

  test("no part of a secret stays where the cut goes through it, wherever it stands", () => {
    for (let place = KEPT_BYTES - 30; place < KEPT_BYTES + 4_200; place += 7) {
      const kept = keptOf(
        `${secret.repeat(200)}${"x".repeat(place - secret.length * 200)}${secret}${"y".repeat(9_000)}`,
      );
      expect(kept?.isCut).toBe(true);
      expect(kept?.text).not.toContain("a-s");
      expect(kept?.text.length).toBeLessThanOrEqual(KEPT_BYTES);
    }
  });

  test("what fits is whole, what is empty or no text is nothing", () => {
    expect(keptOf("x".repeat(KEPT_BYTES))).toEqual({ text: "x".repeat(KEPT_BYTES), isCut: false });
    expect(keptOf("x".repeat(KEPT_BYTES + 1))).toEqual({ text: "x".repeat(KEPT_BYTES), isCut: true });
    expect(keptOf("")).toBeNull();
    expect(keptOf("a\0b")).toBeNull();
    expect(new BodyKeeper([]).kept(new Uint8Array([0xff, 0xfe]), []).request).toBeNull();
    expect(new BodyKeeper([]).kept(null, [])).toEqual({
      request: null,
      response: null,
      requestHeaders: [],
      responseHeaders: [],
    });
  });
});
