import { describe, expect, test } from "bun:test";
import { html, respond, status } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { endlessError, never, reset } from "../support/broken-answers.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chat, ok } from "../support/openai-answers.ts";
import { openAiError, rateLimited, unauthorized } from "../support/openai-errors.ts";
import { chatStream, event, sse } from "../support/openai-streams.ts";

const errorOf = async (answer: Response) =>
  ((await answer.json()) as { error: { code: string; message: string } }).error;
const byName = <Item extends { name: string }>(items: Item[], name: string): Item => {
  const item = items.find((one) => one.name === name);
  if (item === undefined) throw new Error(`no ${name}`);
  return item;
};

describe("a request that goes well", () => {
  test("passes its bytes and end-to-end headers both ways, with the key in place of the client's", async () => {
    using upstream = startFakeUpstream({ keys: ["key-one-secret"] });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-one-secret"] });
    const body = '{ "model":"gpt-4o",\n "messages":[{"role":"user","content":"h\\u00e9 ü"}], "odd" : 1.0 }';
    const answer = await fetch(`${app.base}/chat/completions?trace=1`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: "Bearer what-the-client-has",
        "x-api-key": "another",
        cookie: "a=b",
        "x-forwarded-for": "1.2.3.4",
        "x-custom": "kept",
        "openai-organization": "org",
      },
      body,
    });
    const received = await answer.bytes();
    const [call] = upstream.calls;
    expect(answer.status).toBe(200);
    expect(call?.body.text).toBe(body);
    expect(call?.target).toBe("/v1/chat/completions?trace=1");
    expect(Buffer.from(received).equals(Buffer.from(call?.sentBody.bytes ?? []))).toBe(true);
    expect(call?.header("authorization")).toBe("Bearer key-one-secret");
    expect(call?.header("x-custom")).toBe("kept");
    expect(call?.header("openai-organization")).toBe("org");
    for (const name of ["x-api-key", "cookie", "x-forwarded-for"]) expect(call?.header(name)).toBeNull();
    expect(answer.headers.get("x-upstream-request-id")).toBe("req_fake_0");
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers.get("x-lb-attempts")).toBe("1");
    const [row] = await app.logs();
    expect(row).toMatchObject({
      id: answer.headers.get("x-request-id"),
      status: 200,
      outcome: "ok",
      model: "gpt-4o",
      request_bytes: Buffer.byteLength(body),
      response_bytes: received.byteLength,
      input_tokens: call?.usage?.inputTokens,
      output_tokens: call?.usage?.outputTokens,
    });
    expect(upstream.faults).toEqual([]);
  });

  test("streams byte for byte and reads the usage on the side", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-one-1": chatStream(20, { usage: "always", delayMs: 1 }) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-one-1"] });
    const answer = await app.chat({ stream: true, stream_options: { include_usage: true } });
    const received = await answer.bytes();
    expect(answer.headers.get("content-type")).toStartWith("text/event-stream");
    expect(Buffer.from(received).equals(Buffer.from(upstream.calls[0]?.sentBody.bytes ?? []))).toBe(true);
    const [row] = await app.logs();
    expect(row).toMatchObject({
      stream: true,
      outcome: "ok",
      output_tokens: upstream.calls[0]?.usage?.outputTokens,
    });
    expect(row?.ttft_ms).toBeLessThanOrEqual(row?.duration_ms ?? 0);
  });

  test("serves /api/v1, /models and /models/{id}, /completions and /embeddings alike", async () => {
    using upstream = startFakeUpstream({ keys: ["key-one-1"] });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-one-1"] });
    const post = (path: string, body: object) =>
      fetch(`${app.url}${path}`, { method: "POST", body: JSON.stringify(body) });
    expect((await fetch(`${app.url}/api/v1/models`)).status).toBe(200);
    expect((await fetch(`${app.base}/models/gpt-4o`)).status).toBe(200);
    expect((await post("/api/v1/completions", { model: "gpt-4o", prompt: "x" })).status).toBe(200);
    expect((await post("/v1/embeddings", { model: "text-embedding-3-small", input: "x" })).status).toBe(200);
    expect(upstream.calls.map(({ path }) => path)).toEqual([
      "/v1/models",
      "/v1/models/gpt-4o",
      "/v1/completions",
      "/v1/embeddings",
    ]);
  });

  test("HEAD has no body and is no failure", async () => {
    using upstream = startFakeUpstream({ keys: { "key-one-1": status(200, "") } });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-one-1"] });
    expect((await fetch(`${app.base}/models`, { method: "HEAD" })).status).toBe(200);
    const [row] = await app.logs();
    expect(row?.outcome).toBe("ok");
  });

  for (const encoding of ["gzip", "br", "zstd"] as const) {
    test(`passes ${encoding} through and still reads the usage`, async () => {
      using upstream = startFakeUpstream({ keys: { "key-one-1": chat("hello", { encoding }) } });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-one-1"] });
      const answer = await app.chat({}, { decompress: false } as RequestInit);
      expect(answer.headers.get("content-encoding")).toBe(encoding);
      const received = Buffer.from(await answer.bytes());
      expect(received.equals(Buffer.from(upstream.calls[0]?.sentBody.bytes ?? []))).toBe(true);
      const [row] = await app.logs();
      expect(row?.output_tokens).toBe(upstream.calls[0]?.usage?.outputTokens as number);
    });
  }
});

describe("a key at fault is passed over before the client notices", () => {
  test("429: cooled for exactly the stated time, and not asked again meanwhile", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-bad-1": rateLimited({ retryAfter: 30 }), "key-good": ok() },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-bad-1", "key-good"] });
    for (let n = 0; n < 6; n += 1) expect((await app.chat()).status).toBe(200);
    expect(upstream.callsOf("key-bad-1")).toHaveLength(1);
    const bad = byName(await app.keys(), "key-bad-1");
    expect(bad.status).toBe("cooling");
    const left = Date.parse(bad.cooldown_until ?? "") - Date.now();
    expect(left).toBeGreaterThan(25_000);
    expect(left).toBeLessThanOrEqual(30_000);
  });

  test("401: set aside as invalid with its reason; the client never sees the key", async () => {
    using upstream = startFakeUpstream({ keys: { "sk-bad-secret-12345": unauthorized(), "key-good": ok() } });
    await using app = await startApp({ upstream: upstream.url, keys: ["sk-bad-secret-12345", "key-good"] });
    const answer = await app.chat();
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-lb-attempts")).toBe("2");
    const bad = byName(await app.keys(), "sk-bad-secret-12345");
    expect(bad.status).toBe("invalid");
    expect(bad.status_reason).toContain("401");
    const [row] = await app.logs();
    expect(row?.attempts.map(({ outcome }) => outcome)).toEqual(["invalid_key", "ok"]);
    const said = JSON.stringify([row?.attempts, bad.status_reason, app.log]);
    expect(said).not.toContain("sk-bad-secret-12345");
  });

  test("an error as the first event of a stream, comments before it", async () => {
    const error = { error: { message: "The server had an error", type: "server_error" } };
    using upstream = startFakeUpstream({
      keys: { "key-bad-1": sse([": waiting\n\n", event(error)]), "key-good": chatStream(3) },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-bad-1", "key-good"] });
    const text = await (await app.chat({ stream: true })).text();
    expect(text).toContain("[DONE]");
    expect(text).not.toContain("server had an error");
    expect(upstream.calls).toHaveLength(2);
  });
});

describe("the host at fault", () => {
  const faults = {
    "500": openAiError(500, "boom"),
    "an HTML page": html(502),
    "200 with a page": html(200),
    "200 with an error": status(200, { error: { message: "overloaded", type: "server_error", code: 503 } }),
    "200 with nothing": status(200, ""),
    "200 with broken JSON": respond({
      headers: { "content-type": "application/json" },
      pieces: ['{"id":"x","cho'],
    }),
    "a reset before the head": reset("before_head"),
    "a reset inside the head": reset("mid_head"),
    "a redirect": status(302, "", { location: "http://127.0.0.1:9/" }),
    "an endless error": endlessError(),
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(`${name}: another key answers, and no key is punished`, async () => {
      using upstream = startFakeUpstream({ keys: { "key-bad-1": fault, "key-good": ok() } });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-bad-1", "key-good"] });
      const answer = await app.chat();
      expect(answer.status).toBe(200);
      expect(answer.headers.get("x-lb-attempts")).toBe("2");
      expect((await app.keys()).map((key) => key.status)).toEqual(["available", "available"]);
    });
  }

  test("no more than max_retries further attempts; JSON keeps its status, pages become JSON 502", async () => {
    const keys = ["key-a-123", "key-b-123", "key-c-123", "key-d-123", "key-e-123", "key-f-123"];
    using upstream = startFakeUpstream({
      keys: Object.fromEntries(keys.map((key) => [key, openAiError(503, "busy")])),
    });
    await using app = await startApp({ upstream: upstream.url, keys, settings: { max_retries: 2 } });
    const answer = await app.chat();
    expect(upstream.calls).toHaveLength(3);
    expect(answer.status).toBe(503);
    expect(await errorOf(answer)).toMatchObject({ message: "busy" });
    upstream.override(html(520));
    const page = await app.chat();
    expect(page.status).toBe(502);
    expect((await errorOf(page)).code).toBe("upstream_error");
  });

  test("nobody listens: 502 in words, at most 1 + max_retries attempts", async () => {
    const upstream = startFakeUpstream({ keys: ["key-a-123", "key-b-123", "key-c-123"] });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123", "key-b-123", "key-c-123"],
      settings: { max_retries: 1 },
    });
    upstream.close();
    const answer = await app.chat();
    expect(answer.status).toBe(502);
    expect(answer.headers.get("x-lb-attempts")).toBe("2");
    const error = await errorOf(answer);
    expect(error.code).toBe("upstream_error");
    expect(error.message).toContain("refused");
  });

  test("accepts and never answers: 504 after first_byte_timeout_ms", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": never() } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { first_byte_timeout_ms: 1_000, max_retries: 0 },
    });
    const answer = await app.chat();
    expect(answer.status).toBe(504);
    expect((await errorOf(answer)).code).toBe("upstream_timeout");
  });
});

describe("the client's own mistakes", () => {
  for (const code of [400, 413, 422]) {
    test(`${code} goes to the client untouched, without a retry or a strike`, async () => {
      const body = {
        error: { message: `no such thing ${code}`, type: "invalid_request_error", param: "x", code: null },
      };
      using upstream = startFakeUpstream({ fallback: status(code, body, { "x-custom": "kept" }) });
      await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
      const answer = await app.chat();
      expect(answer.status).toBe(code);
      expect(await answer.text()).toBe(JSON.stringify(body));
      expect(answer.headers.get("x-custom")).toBe("kept");
      expect(upstream.calls).toHaveLength(1);
      expect((await app.keys()).map(({ strikes, failure_count }) => strikes + failure_count)).toEqual([0, 0]);
    });
  }

  test("404 for a model: every key is asked, then the upstream's own answer is passed on", async () => {
    const body = {
      error: {
        message: "The model `x` does not exist",
        type: "invalid_request_error",
        code: "model_not_found",
      },
    };
    using upstream = startFakeUpstream({ fallback: status(404, body) });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123", "key-b-123"] });
    const answer = await app.chat({ model: "x" });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual(body);
    expect(upstream.calls).toHaveLength(2);
    expect((await app.keys()).map((key) => key.status)).toEqual(["available", "available"]);
  });

  test("a body that is no JSON, or too large, is refused before any upstream is asked", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { max_request_body_bytes: 65_536 },
    });
    for (const body of ["", "{", "[1]", "null", '"x"', "\u00ff"]) {
      const answer = await app.chat({}, { body });
      expect([answer.status, (await errorOf(answer)).code]).toEqual([400, "invalid_json"]);
    }
    const large = JSON.stringify({ model: "m", x: "y".repeat(70_000) });
    const stated = await app.chat({}, { body: large });
    expect([stated.status, (await errorOf(stated)).code]).toEqual([413, "request_too_large"]);
    const chunked = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 8; n += 1) controller.enqueue(new TextEncoder().encode("z".repeat(10_000)));
        controller.close();
      },
    });
    const unstated = await app.chat({}, { body: chunked });
    expect([unstated.status, (await errorOf(unstated)).code]).toEqual([413, "request_too_large"]);
    expect(upstream.calls).toHaveLength(0);
  });
});

describe("no key", () => {
  test("none at all, none usable, all cooling: said at once, with the true wait", async () => {
    using upstream = startFakeUpstream({ keys: { "key-a-123": rateLimited({ retryAfter: 90 }) } });
    await using app = await startApp({ upstream: upstream.url });
    const none = await app.chat();
    expect(none.status).toBe(503);
    expect(await errorOf(none)).toMatchObject({
      code: "no_usable_key",
      message: expect.stringContaining("no keys yet"),
    });
    const { json } = await app.api("POST", "/keys", { secret: "key-a-secret-1" });
    await app.api("PATCH", `/keys/${(json as { id: string }).id}`, { enabled: false });
    expect(await errorOf(await app.chat())).toMatchObject({
      message: "No key can serve this request now: 1 disabled.",
    });
    await app.api("POST", "/keys", { secret: "key-a-123" + "-limited" });
    upstream.override(rateLimited({ retryAfter: 90 }));
    const first = await app.chat();
    expect(first.status).toBe(429);
    const cooling = await app.chat();
    expect(cooling.status).toBe(429);
    expect(cooling.headers.get("x-lb-attempts")).toBe("0");
    expect((await errorOf(cooling)).code).toBe("keys_cooling_down");
    expect(Number(cooling.headers.get("retry-after"))).toBeGreaterThan(85);
    expect(Number(cooling.headers.get("retry-after"))).toBeLessThanOrEqual(90);
    expect(cooling.headers.get("x-should-retry")).toBe("false");
  });
});
