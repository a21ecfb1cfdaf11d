import { afterEach, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { respond, status } from "./answers.ts";
import type { FakeUpstream, FakeUpstreamOptions } from "./fake-upstream.ts";
import { startFakeUpstream } from "./fake-upstream.ts";
import { chat, completion, embeddings, modelNotFound, models, ok } from "./openai-answers.ts";
import { openAiError, rateLimited, refusing } from "./openai-errors.ts";
import { chatStream, event, sse } from "./openai-streams.ts";
import { every, firstTimes, slow } from "./scripts.ts";

let upstream: FakeUpstream;
const start = (options?: FakeUpstreamOptions) => {
  upstream = startFakeUpstream(options);
  return upstream;
};
afterEach(() => {
  expect(upstream.faults).toEqual([]);
  upstream.close();
});

const sdk = (apiKey: string) => new OpenAI({ apiKey, baseURL: upstream.url, maxRetries: 0 });
const ask = (secret: string, body: object, init: RequestInit = {}) =>
  fetch(`${upstream.url}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    ...init,
  });
const question = (content: string) => ({
  model: "gpt-4o-mini",
  messages: [{ role: "user" as const, content }],
});
/** `expect(…).rejects` takes the SDK's own kind of promise for a resolved one. */
const failure = (call: PromiseLike<unknown>) =>
  call.then(
    () => null,
    (error) => error,
  );
const statuses = async (secret: string, times: number) => {
  const seen: number[] = [];
  for (let n = 0; n < times; n++) seen.push((await ask(secret, question("?"))).status);
  return seen;
};

describe("a healthy key, asked by the openai SDK", () => {
  test("answers chat with an echo and a usage that the call knows too", async () => {
    start({ keys: ["sk-a"] });
    const answer = await sdk("sk-a").chat.completions.create(question("number 17"));
    expect(answer.choices[0]?.message.content).toBe("echo: number 17");
    const [call] = upstream.callsOf("sk-a");
    expect(call).toMatchObject({
      n: 1,
      method: "POST",
      path: "/v1/chat/completions",
      status: 200,
      aborted: false,
    });
    expect(call?.usage).toEqual({
      inputTokens: answer.usage!.prompt_tokens,
      outputTokens: answer.usage!.completion_tokens,
    });
    expect(JSON.parse(call!.sentBody.text)).toEqual(JSON.parse(JSON.stringify(answer)));
    expect(call!.json).toEqual(question("number 17"));
  });

  test("streams chat; the usage chunk comes only where it was asked for", async () => {
    start({ keys: ["sk-a"] });
    for (const include_usage of [false, true]) {
      const stream = await sdk("sk-a").chat.completions.create({
        ...question("two words"),
        stream: true,
        stream_options: { include_usage },
      });
      let text = "";
      let usages = 0;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
        if (chunk.usage) usages += 1;
      }
      expect({ text, usages }).toEqual({ text: "echo: two words", usages: include_usage ? 1 : 0 });
    }
  });

  test("serves completions, embeddings and models", async () => {
    start({ keys: ["sk-a"] });
    const client = sdk("sk-a");
    const completion = await client.completions.create({ model: "gpt-4o", prompt: "hi" });
    expect(completion.choices[0]?.text).toBe("echo: hi");
    let streamed = "";
    for await (const chunk of await client.completions.create({
      model: "gpt-4o",
      prompt: "hi",
      stream: true,
    })) {
      streamed += chunk.choices[0]?.text ?? "";
    }
    expect(streamed).toBe("echo: hi");
    const vectors = await client.embeddings.create({
      model: "text-embedding-3-small",
      input: ["a", "b", "a"],
    });
    const floats = await client.embeddings.create({
      model: "text-embedding-3-small",
      input: "a",
      encoding_format: "float",
    });
    expect(vectors.data[0]?.embedding).toEqual(vectors.data[2]!.embedding);
    expect(vectors.data[0]?.embedding).toEqual(floats.data[0]!.embedding.map(Math.fround));
    expect(vectors.data[0]?.embedding).not.toEqual(vectors.data[1]!.embedding);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain("gpt-4o-mini");
    expect((await client.models.retrieve("gpt-4o")).id).toBe("gpt-4o");
    expect(await failure(client.models.retrieve("nope"))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    expect(await failure(client.post("/nowhere"))).toMatchObject({ status: 404 });
    await upstream.untilCalls(8);
  });

  test("a key that nobody named gets 401 in OpenAI's shape", async () => {
    start({ keys: ["sk-a"] });
    expect(await failure(sdk("sk-stranger").models.list())).toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
    await upstream.untilCalls(1);
    expect(upstream.calls[0]?.secret).toBe("sk-stranger");
  });

  test("takes its key in any of the usual headers; without scripts every key is good", async () => {
    start();
    for (const name of ["x-api-key", "api-key", "x-goog-api-key"]) {
      const answer = await fetch(`${upstream.url}/models?x=1`, { headers: { [name]: `sk-${name}` } });
      expect(answer.status).toBe(200);
      expect(upstream.callsOf(`sk-${name}`)[0]).toMatchObject({
        path: "/v1/models",
        target: "/v1/models?x=1",
      });
    }
  });
});

describe("scripts", () => {
  test("a key may have one answer, whatever it is asked", async () => {
    start({ keys: { completes: completion("said"), embeds: embeddings() } });
    const said = (await (await ask("completes", question("?"))).json()) as OpenAI.Completion;
    expect(said.choices[0]?.text).toBe("said");
    const embedded = (await (await ask("embeds", { input: "x" })).json()) as OpenAI.CreateEmbeddingResponse;
    expect(embedded.data).toHaveLength(1);
    expect(upstream.calls[1]?.usage).toEqual({ inputTokens: embedded.usage.prompt_tokens, outputTokens: 0 });
  });

  test("an array is used in turn, every(n) and firstTimes(n) count the calls of one key", async () => {
    const limited = rateLimited({ retryAfter: 30 });
    start({
      keys: {
        a: [limited, ok()],
        b: every(3, status(500, "broken"), ok()),
        c: firstTimes(2, openAiError(403, "no"), ok()),
      },
    });
    expect(await statuses("a", 4)).toEqual([429, 200, 429, 200]);
    expect(await statuses("b", 4)).toEqual([200, 200, 500, 200]);
    expect(await statuses("c", 3)).toEqual([403, 403, 200]);
    upstream.script("a", limited);
    expect(await statuses("a", 2)).toEqual([429, 429]);
    expect(upstream.callsOf("a").map(({ n }) => n)).toEqual([1, 2, 3, 4, 1, 2]);
    upstream.override(status(503, { error: "overloaded" }));
    expect(await statuses("b", 1)).toEqual([503]);
    upstream.override(null);
    expect(await statuses("b", 1)).toEqual([500]);
  });

  test("rate limits state their time, or none", async () => {
    start({ keys: { a: rateLimited({ retryAfter: "Fri, 31 Dec 2027 23:59:59 GMT" }), b: rateLimited() } });
    expect((await ask("a", question("?"))).headers.get("retry-after")).toBe("Fri, 31 Dec 2027 23:59:59 GMT");
    expect((await ask("b", question("?"))).headers.has("retry-after")).toBe(false);
  });

  test("functions see the call: refused fields, models by key, slow answers", async () => {
    start({
      keys: {
        strict: refusing("stream_options", ok()),
        small: (call) =>
          call.json.model === "gpt-4o-mini" ? chat("mini") : modelNotFound(String(call.json.model)),
        slow: slow(60, models(["only-one"])),
      },
    });
    expect((await ask("strict", { ...question("?"), stream: true, stream_options: {} })).status).toBe(400);
    expect((await ask("strict", { ...question("?"), stream: true })).status).toBe(200);
    expect((await ask("small", { ...question("?"), model: "gpt-4o" })).status).toBe(404);
    const before = performance.now();
    expect((await sdk("slow").models.list()).data).toHaveLength(1);
    expect(performance.now() - before).toBeGreaterThan(55);
    const [call] = upstream.callsOf("slow");
    expect(call!.endedAt! - call!.startedAt).toBeGreaterThan(55);
  });

  test("a script that throws is a fault of the test, told and never answered", async () => {
    start({
      fallback: () => {
        throw new Error("oops");
      },
    });
    await expect(ask("a", question("?"))).rejects.toThrow();
    expect(upstream.faults.splice(0)).toEqual(["the script of POST /v1/chat/completions: Error: oops"]);
  });
});

describe("streams", () => {
  test("any delta count and text, finish reason, usage, preamble", async () => {
    const options = {
      usage: { inputTokens: 7, outputTokens: 9 },
      finish: "length",
      preamble: ": PROCESSING\n\n",
      done: false,
    };
    start({
      keys: { a: chatStream(5, options), b: chatStream(["ä", "🎈"], { usage: "always", finish: false }) },
    });
    const text = await (await ask("a", question("q"))).text();
    expect(text).toStartWith(': PROCESSING\n\ndata: {"id":"chatcmpl-fake-0"');
    expect(text).toContain('"content":"echo: q"');
    expect(text).toContain('"content":" word4"');
    expect(text).toContain('"finish_reason":"length"');
    expect(text).toContain('"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16}');
    expect(text).not.toContain("[DONE]");
    const other = await (await ask("b", question("q"))).text();
    expect(other).toContain("🎈");
    expect(other).not.toContain('"finish_reason":"');
    expect(other).toEndWith("data: [DONE]\n\n");
    expect(upstream.calls[1]?.sentBody.text).toBe(other);
  });

  test("pieces come apart where a test wants it, even inside a character", async () => {
    start({
      keys: { a: sse([event({ say: "🎈" }), event("[DONE]")], { splitAt: [15, 16, 17], delayMs: 15 }) },
    });
    const body = (await ask("a", {})).body as unknown as AsyncIterable<Uint8Array>;
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    expect(chunks.map(({ length }) => length)).toEqual([15, 1, 1, 19]);
    expect(Buffer.concat(chunks).toString()).toBe('data: {"say":"🎈"}\n\ndata: [DONE]\n\n');
  });

  test("compressed bodies are what the client reads", async () => {
    for (const encoding of ["gzip", "br", "zstd"] as const) {
      using one = startFakeUpstream({ fallback: chat("squeezed", { encoding }) });
      const answer = await fetch(`${one.url}/chat/completions`, { decompress: false });
      expect(answer.headers.get("content-encoding")).toBe(encoding);
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(one.calls[0]!.sentBody.bytes);
      const plain = await fetch(`${one.url}/chat/completions`);
      expect(await plain.text()).toContain('"content":"squeezed"');
    }
    start();
  });

  test("framing by length, by chunks and by the connection's end carry the same body", async () => {
    const pieces = ["one ", "two ", "three"];
    const plan = (framing: "length" | "chunked" | "close") => respond({ pieces, framing });
    start({ keys: { a: plan("length"), b: plan("chunked"), c: plan("close") } });
    for (const secret of ["a", "b", "c"]) expect(await (await ask(secret, {})).text()).toBe("one two three");
    expect((await ask("a", {})).headers.get("content-length")).toBe("13");
  });
});
