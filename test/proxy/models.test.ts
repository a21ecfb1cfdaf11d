import { describe, expect, test } from "bun:test";
import { status } from "../support/answers.ts";
import { startApp, type TestApp } from "../support/app.ts";
import { never } from "../support/broken-answers.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { modelNotFound, models, ok } from "../support/openai-answers.ts";
import { openAiError, rateLimited } from "../support/openai-errors.ts";

async function listOf(app: TestApp, base = app.base): Promise<string[]> {
  const answer = await fetch(`${base}/models`);
  expect(answer.status).toBe(200);
  const { object, data } = (await answer.json()) as { object: string; data: { id: string }[] };
  expect(object).toBe("list");
  return data.map(({ id }) => id);
}

async function addUpstream(app: TestApp, name: string, url: string, keys: string[], poolId?: string) {
  const { id } = (await app.must("POST", "/upstreams", { name, base_url: url })) as { id: string };
  for (const secret of keys) {
    await app.must("POST", "/keys", { secret, name: secret, upstream_id: id, pool_id: poolId ?? null });
  }
  return id;
}

describe("GET /models", () => {
  test("the union over keys and upstreams, the default upstream's first, each model once", async () => {
    using one = startFakeUpstream({
      keys: { "key-a-123": models(["m-1", "m-2"]), "key-b-123": models(["m-2", "ft:m-2:mine"]) },
    });
    using two = startFakeUpstream({ fallback: status(200, [{ id: "vendor/m-9", kind: "chat" }]) });
    await using app = await startApp({ upstream: one.url, keys: ["key-a-123", "key-b-123"] });
    await addUpstream(app, "Two", two.url, ["key-c-123"]);
    const ids = await listOf(app);
    expect(ids.toSorted()).toEqual(["ft:m-2:mine", "m-1", "m-2", "vendor/m-9"]);
    expect(ids.at(-1)).toBe("vendor/m-9");
    const calls = one.calls.length + two.calls.length;
    expect(await listOf(app)).toEqual(ids);
    expect(one.calls.length + two.calls.length).toBe(calls);
    expect((await app.logs()).map(({ status: code, outcome }) => [code, outcome])).toEqual([
      [200, "ok"],
      [200, "ok"],
    ]);
  });

  test("one key that says nothing, and others that are limited, hold nothing up", async () => {
    using upstream = startFakeUpstream({
      keys: {
        "key-a-123": models(["m-1"]),
        "key-b-123": never(),
        "key-c-123": rateLimited({ retryAfter: 60 }),
      },
    });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123", "key-b-123", "key-c-123"],
    });
    const began = performance.now();
    expect(await listOf(app)).toEqual(["m-1"]);
    expect(performance.now() - began).toBeLessThan(2_000);
    for (const key of await app.keys()) expect([key.status, key.request_count]).toEqual(["available", 0]);
  });

  test("a pool has the models of its own keys; an alias is listed; no list at all is told as it came", async () => {
    using one = startFakeUpstream({ fallback: models(["m-1"]) });
    using two = startFakeUpstream({ fallback: models(["m-2"]) });
    await using app = await startApp({
      upstream: one.url,
      keys: ["key-a-123"],
      settings: { model_aliases: { fast: "m-1" } },
    });
    const pool = (await app.must("POST", "/pools", { name: "second" })) as { id: string };
    await addUpstream(app, "Two", two.url, ["key-b-123"], pool.id);
    expect(await listOf(app)).toEqual(["m-1", "m-2", "fast"]);
    expect(await listOf(app, `${app.url}/pools/second/v1`)).toEqual(["m-2", "fast"]);
    using broken = startFakeUpstream({ fallback: openAiError(404, "Not here") });
    await using other = await startApp({ upstream: broken.url, keys: ["key-c-123"] });
    const answer = await fetch(`${other.base}/models`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("Not here");
  });

  test("a stale list is served at once and renewed behind it", async () => {
    let ids = ["old"];
    using upstream = startFakeUpstream({
      fallback: async (call) => {
        if (call.n > 1) await Bun.sleep(300);
        return models(ids);
      },
    });
    let late = 0;
    const clock = await import("../../src/clock.ts");
    const shifted = { ...clock.systemClock, monotonic: () => clock.systemClock.monotonic() + late };
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"], clock: shifted });
    expect(await listOf(app)).toEqual(["old"]);
    ids = ["new"];
    late = 301_000;
    // The way out looks at the time every 100 ms.
    await Bun.sleep(250);
    const began = performance.now();
    expect(await listOf(app)).toEqual(["old"]);
    expect(performance.now() - began).toBeLessThan(250);
    await Bun.sleep(600);
    expect(await listOf(app)).toEqual(["new"]);
  });

  test("/models/{id} with slashes in the id, encoded or not", async () => {
    using upstream = startFakeUpstream({ fallback: models(["openai/gpt-4o"]) });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-a-123"] });
    for (const id of ["openai/gpt-4o", "openai%2Fgpt-4o"]) {
      const answer = await fetch(`${app.base}/models/${id}`);
      expect([answer.status, ((await answer.json()) as { id: string }).id]).toEqual([200, "openai/gpt-4o"]);
      expect(upstream.calls.at(-1)?.target).toBe(`/v1/models/${id}`);
    }
  });
});

describe("which upstream serves a model", () => {
  test("the one that lists it; a model that none lists goes anywhere; the others come last", async () => {
    const answers = (ids: string[]) => (call: { path: string }) =>
      call.path.endsWith("/models") ? models(ids) : ok();
    using one = startFakeUpstream({ fallback: answers(["m-1", "both"]) });
    using two = startFakeUpstream({ fallback: answers(["m-2", "both"]) });
    await using app = await startApp({ upstream: one.url, keys: ["key-a-123", "key-b-123"] });
    await addUpstream(app, "Two", two.url, ["key-c-123", "key-d-123"]);
    await listOf(app);
    one.calls.length = two.calls.length = 0;
    for (let n = 0; n < 6; n += 1) expect((await app.chat({ model: "m-2" })).status).toBe(200);
    expect([one.calls.length, two.calls.length]).toEqual([0, 6]);
    for (let n = 0; n < 8; n += 1) expect((await app.chat({ model: "both" })).status).toBe(200);
    expect(one.calls.length).toBeGreaterThan(0);
    // Its upstream is out: the list guides and does not forbid.
    two.override(rateLimited({ retryAfter: 30 }));
    const answer = await app.chat({ model: "m-2" });
    expect([answer.status, answer.headers.get("x-lb-attempts")]).toEqual([200, "3"]);
  });

  test("NAME/model means an upstream, unless one lists the whole id", async () => {
    const answers = (ids: string[]) => (call: { path: string }) =>
      call.path.endsWith("/models") ? models(ids) : ok();
    using one = startFakeUpstream({ fallback: answers(["two/whole", "m-1"]) });
    using two = startFakeUpstream({ fallback: answers(["m-2"]) });
    await using app = await startApp({ upstream: one.url, keys: ["key-a-123"] });
    await addUpstream(app, "Two", two.url, ["key-b-123"]);
    const sentTo = async (model: string) => {
      one.calls.length = two.calls.length = 0;
      const answer = await app.chat({ model });
      expect(answer.status).toBe(200);
      const calls = [...one.calls, ...two.calls].filter(({ method }) => method === "POST");
      const body = JSON.parse(calls[0]?.body.text ?? "") as { model: string };
      return [calls.length, calls[0]?.secret, body.model, answer.headers.get("x-lb-model")];
    };
    expect(await sentTo("two/m-1")).toEqual([1, "key-b-123", "m-1", "m-1"]);
    expect(await sentTo("TWO/anything")).toEqual([1, "key-b-123", "anything", "anything"]);
    expect(await sentTo("two/whole")).toEqual([1, "key-a-123", "two/whole", null]);
    expect((await sentTo("nobody/m"))[2]).toBe("nobody/m");
    const explained = async (model: string) => {
      const { json } = await app.api("GET", `/pool/explain?model=${encodeURIComponent(model)}`);
      const { keys, total_keys } = json as { keys: { name: string; chosen: boolean }[]; total_keys: number };
      return [keys[0]?.name, total_keys];
    };
    expect(await explained("two/m-1")).toEqual(["key-b-123", 1]);
    expect(await explained("m-2")).toEqual(["key-b-123", 2]);
    expect(await explained("m-1")).toEqual(["key-a-123", 2]);
    // Named expressly, no other upstream steps in.
    two.override(rateLimited({ retryAfter: 30 }));
    expect((await app.chat({ model: "two/m-1" })).status).toBe(429);
  });

  test("what a key can't serve is learnt from 404 and used, and forgotten when all are out", async () => {
    using upstream = startFakeUpstream({
      keys: { "key-a-123": modelNotFound("m"), "key-b-123": ok(), "key-c-123": modelNotFound("m") },
    });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123", "key-b-123", "key-c-123"],
    });
    for (let n = 0; n < 12; n += 1) expect((await app.chat({ model: "m" })).status).toBe(200);
    expect(upstream.callsOf("key-a-123").length).toBeLessThanOrEqual(1);
    expect(upstream.callsOf("key-c-123").length).toBeLessThanOrEqual(1);
    upstream.script("key-a-123", ok());
    upstream.script("key-b-123", rateLimited({ retryAfter: 30 }));
    expect((await app.chat({ model: "m" })).status).toBe(200);
  });
});

describe("aliases and fallbacks", () => {
  test("an alias changes the model's bytes alone, in body and path, and the answer tells", async () => {
    using one = startFakeUpstream();
    using two = startFakeUpstream();
    await using app = await startApp({
      upstream: one.url,
      keys: ["key-a-123"],
      settings: { model_aliases: { fast: "gpt-4o", far: { model: "gpt-4o-mini", upstream: "Two" } } },
    });
    await addUpstream(app, "Two", two.url, ["key-b-123"]);
    const body =
      '{ "messages":[{"role":"user","content":"model \\u00e9 1.0"}],\r\n "model" : "fast", "top_p":1.0}';
    const answer = await app.chat({}, { body });
    expect([answer.status, answer.headers.get("x-lb-model")]).toEqual([200, "gpt-4o"]);
    const sent = [...one.calls, ...two.calls].find(({ method }) => method === "POST");
    expect(sent?.body.text).toBe(body.replace('"fast"', '"gpt-4o"'));
    const far = await app.chat({ model: "far" });
    expect(far.headers.get("x-lb-model")).toBe("gpt-4o-mini");
    expect(two.calls.filter(({ method }) => method === "POST")).toHaveLength(1);
    const path = await fetch(`${app.base}/models/fast`);
    expect([path.status, ((await path.json()) as { id: string }).id]).toEqual([200, "gpt-4o"]);
    const plain = await app.chat({ model: "gpt-4o" });
    expect(plain.headers.get("x-lb-model")).toBeNull();
    const rows = (await app.logs()) as unknown as { model: string; served_model: string }[];
    expect(rows.map(({ model, served_model }) => `${model} ${served_model}`)).toContain("fast gpt-4o");
  });

  test("an alias holds in a form too, and of the form's other bytes none changes", async () => {
    const limited = rateLimited({ retryAfter: 30 });
    const heard = status(200, { text: "hello" });
    using upstream = startFakeUpstream({ keys: { "key-a-123": limited, "key-b-123": heard } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123", "key-b-123"],
      settings: { model_aliases: { ears: "whisper-large-v3-turbo" } },
    });
    const line = "--edge\r\ncontent-disposition: form-data; name=";
    const form = (model: string) =>
      `${line}"file"; filename="a"\r\n\r\n${"\u00e9 bytes".repeat(40_000)}\r\n${line}"model"\r\n\r\n${model}\r\n--edge--\r\n`;
    const answer = await fetch(`${app.base}/audio/transcriptions`, {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=edge" },
      body: form("ears"),
    });
    expect([answer.status, answer.headers.get("x-lb-model")]).toEqual([200, "whisper-large-v3-turbo"]);
    const sent = upstream.calls.filter(({ method }) => method === "POST").map(({ body }) => body.text);
    expect(sent.length).toBeGreaterThan(0);
    for (const text of sent) expect(text === form("whisper-large-v3-turbo")).toBe(true);
  });

  test("fallbacks serve in their order while every key for a model is out", async () => {
    const limitedFor =
      (...out: string[]) =>
      (call: { body: { text: string } }) => {
        const { model } = JSON.parse(call.body.text) as { model: string };
        return out.includes(model) ? modelNotFound(model) : ok();
      };
    using upstream = startFakeUpstream({ fallback: limitedFor("big", "middle") });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123", "key-b-123"],
      settings: { model_fallbacks: { big: ["middle", "small"] } },
    });
    const answer = await app.chat({ model: "big" });
    expect([answer.status, answer.headers.get("x-lb-model"), answer.headers.get("x-lb-attempts")]).toEqual([
      200,
      "small",
      "5",
    ]);
    expect(((await answer.json()) as { model: string }).model).toBe("small");
    upstream.override(openAiError(400, "Wrong"));
    const wrong = await app.chat({ model: "big" });
    expect([wrong.status, wrong.headers.get("x-lb-attempts")]).toEqual([400, "1"]);
  });

  test("wrong aliases and fallbacks are refused by name", async () => {
    using upstream = startFakeUpstream();
    await using app = await startApp({ upstream: upstream.url });
    for (const value of [{ a: 1 }, { a: { upstream: "x" } }, { a: { model: "x", more: 1 } }, { a: "" }]) {
      const { status: code } = await app.api("PATCH", "/settings", { model_aliases: value });
      expect(code).toBe(422);
    }
    expect((await app.api("PATCH", "/settings", { model_fallbacks: { a: "b" } })).status).toBe(422);
  });

  test("Azure's deployments: the key as api-key, the api-version added where the client sends none", async () => {
    using upstream = startFakeUpstream();
    const base = upstream.url.replace("/v1", "/openai/deployments/mine");
    await using app = await startApp({ upstream: base, keys: ["key-a-123"] });
    await app.chat();
    expect(upstream.calls.at(-1)?.target).toBe(
      "/openai/deployments/mine/chat/completions?api-version=2024-10-21",
    );
    expect(upstream.calls.at(-1)?.headers.map(([name]) => name.toLowerCase())).toContain("api-key");
    await fetch(`${app.base}/files?api-version=2025-01-01`);
    expect(upstream.calls.at(-1)?.target).toBe("/openai/deployments/mine/files?api-version=2025-01-01");
  });
});
