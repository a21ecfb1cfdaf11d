import { expect, test } from "bun:test";
import OpenAI from "openai";
import { status } from "../support/answers.ts";
import { startExecutable } from "../support/executable.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { ok } from "../support/openai-answers.ts";
import { openAiError, rateLimited, unauthorized } from "../support/openai-errors.ts";
import { figure, scale } from "../support/scale.ts";
import { every } from "../support/scripts.ts";

const AT_ONCE = 50;
const LIMITED = ["limited-key-1", "limited-key-2", "limited-key-3"];
const INVALID = "invalid-key-1";
const UNSTEADY = "unsteady-key-1";
const GOOD = ["good-key-1", "good-key-2", "good-key-3", "good-key-4", "good-key-5"];

/** Runs `count` tasks, at most 50 at a time. */
async function inParallel(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

test("the official SDK through the executable, ten keys of which five are at fault: no client notices", async () => {
  const requests = scale(300, 2_000);
  using upstream = startFakeUpstream({
    keys: {
      ...Object.fromEntries(LIMITED.map((key) => [key, rateLimited({ retryAfter: 30 })])),
      [INVALID]: unauthorized(),
      [UNSTEADY]: every(3, openAiError(500, "The server had an error"), ok()),
      ...Object.fromEntries(GOOD.map((key) => [key, ok()])),
    },
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, [...LIMITED, INVALID, UNSTEADY, ...GOOD], { rotation_request_count: 1 });
  const client = new OpenAI({ apiKey: "unused", baseURL: `${program.url}/v1`, maxRetries: 0 });

  // A sequential warm-up: each limited key is asked once and told its wait.
  for (let n = 0; n < 12; n += 1) {
    await client.chat.completions.create({
      model: "gpt-4o",
      messages: [{ role: "user", content: `warm ${n}` }],
    });
  }
  for (const key of LIMITED) expect(upstream.callsOf(key)).toHaveLength(1);

  let errors = 0;
  let wrong = 0;
  await inParallel(requests, async (index) => {
    const content = `question ${index}`;
    const messages = [{ role: "user" as const, content }];
    try {
      const streamed = index % 2 === 1;
      // Where the client asks for the usage itself, no byte of the stream is taken out again.
      const usage = streamed ? { stream_options: { include_usage: true } } : {};
      const answer = await client.chat.completions
        .create({ model: "gpt-4o", messages, stream: streamed as false, ...usage })
        .asResponse();
      const bytes = Buffer.from(await answer.arrayBuffer());
      const call = upstream.calls[Number(answer.headers.get("x-fake-call"))];
      if (call === undefined || !bytes.equals(Buffer.from(call.sentBody.bytes))) wrong += 1;
      if (!bytes.toString().includes(streamed ? "data: [DONE]" : content)) wrong += 1;
    } catch {
      errors += 1;
    }
  });
  figure("ten keys: SDK calls, client errors, wrong bytes", `${requests}, ${errors}, ${wrong}`);
  expect({ errors, wrong }).toEqual({ errors: 0, wrong: 0 });
  // Every wait was kept: one call each, for it has not ended.
  const limitedCalls = LIMITED.map((key) => upstream.callsOf(key).length);
  figure("ten keys: calls of the three 429 keys within their 30 s", limitedCalls.join(", "));
  expect(limitedCalls).toEqual([1, 1, 1]);
  expect(upstream.callsOf(INVALID)).toHaveLength(1);
  const invalid = (await program.keys()).find(({ name }) => name === INVALID);
  expect(invalid).toMatchObject({ status: "invalid", status_reason: expect.stringContaining("401") });
  const shares = GOOD.map((key) => upstream.callsOf(key).length);
  figure("ten keys: calls of the five good keys", shares.join(", "));
  expect(upstream.faults).toEqual([]);
}, 120_000);

test("a thousand mistakes of clients: no strike, no retry, the upstream's words untouched", async () => {
  const requests = scale(200, 1_000);
  const body = {
    error: {
      message: "max_tokens is too large",
      type: "invalid_request_error",
      param: "max_tokens",
      code: null,
    },
  };
  using upstream = startFakeUpstream({
    keys: { "key-a-123": status(400, body), "key-b-123": status(400, body) },
  });
  await using program = await startExecutable();
  await program.setUp(upstream.url, ["key-a-123", "key-b-123"]);
  let untouched = 0;
  await inParallel(requests, async () => {
    const answer = await fetch(`${program.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "m", messages: [], max_tokens: 1e9 }),
    });
    if (answer.status === 400 && (await answer.text()) === JSON.stringify(body)) untouched += 1;
  });
  const keys = await program.keys();
  const strikes = keys.reduce((sum, key) => sum + key.strikes + key.failure_count, 0);
  figure(
    "client mistakes: requests, untouched, upstream calls, strikes",
    `${requests}, ${untouched}, ${upstream.calls.length}, ${strikes}`,
  );
  expect(untouched).toBe(requests);
  expect(upstream.calls).toHaveLength(requests);
  expect(strikes).toBe(0);
  expect(keys.map((key) => key.status)).toEqual(["available", "available"]);
}, 120_000);
