import { describe, expect, test } from "bun:test";
import { conversationHash } from "../../src/proxy/conversation.ts";
import { estimateTokens } from "../../src/proxy/token-estimate.ts";

const bytes = (body: unknown) =>
  new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
const hash = (body: unknown) => conversationHash(bytes(body));
const says = (role: string, content: unknown) => ({ role, content });

describe("a conversation is known", () => {
  const system = says("system", 'You are {"careful"} with ] and } and \\" marks.');
  const first = says("user", "Hello, who are you?");
  const begun = { model: "m", messages: [system, first] };

  test("by its beginning, whatever follows", () => {
    const grown = {
      ...begun,
      messages: [system, first, says("assistant", "I am."), says("user", "And now?")],
    };
    expect(hash(begun)).toBeNumber();
    expect(hash(grown)).toBe(hash(begun) as number);
    expect(hash({ stream: true, temperature: 1, ...grown })).toBe(hash(begun) as number);
    expect(hash({ ...begun, messages: [system, says("user", "Hello, who are we?")] })).not.toBe(hash(begun));
    expect(hash({ ...begun, messages: [says("system", "Be brief."), first] })).not.toBe(hash(begun));
  });

  test("by the parts of a first message that has several", () => {
    const parts = says("user", [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: "x" } },
    ]);
    const grown = [parts, says("assistant", "seen"), says("user", "more")];
    expect(hash({ messages: grown })).toBe(hash({ messages: [parts] }) as number);
  });

  test("by no more than the first 2 KB", () => {
    const long = "x".repeat(5_000);
    expect(hash({ messages: [says("user", `${long}a`)] })).toBe(
      hash({ messages: [says("user", `${long}b`)] }) as number,
    );
  });

  test("by the name that the client gives it", () => {
    const named = { ...begun, prompt_cache_key: "chat-7" };
    const other = { ...named, messages: [says("user", "something else")] };
    expect(hash(named)).toBe(hash(other) as number);
    expect(hash({ ...named, prompt_cache_key: "chat-8" })).not.toBe(hash(named));
    expect(hash({ messages: [says("user", '"prompt_cache_key": "chat-7"')] })).not.toBe(hash(named));
    expect(hash({ session_id: "s1", messages: [] })).not.toBe(hash({ session_id: "s2", messages: [] }));
    expect(hash({ ...begun, prompt_cache_key: 7 })).toBe(hash(begun) as number);
  });

  test("by input and prompt of the other endpoints", () => {
    expect(hash({ model: "m", input: "a text" })).toBe(hash({ input: "a text", model: "n" }) as number);
    expect(hash({ input: "a text" })).not.toBe(hash({ input: "b text" }));
    expect(hash({ input: [first] })).toBe(hash({ input: [first, says("assistant", "x")] }) as number);
    expect(hash({ prompt: "once" })).not.toBe(hash({ prompt: "twice" }));
  });

  test("not at all where there is none", () => {
    expect(conversationHash(null)).toBeNull();
    for (const body of [{ model: "m" }, "", "not json", { messages: "text" }]) expect(hash(body)).toBeNull();
  });
});

describe("the estimate of a request's tokens", () => {
  const estimate = (body: unknown) => estimateTokens(bytes(body));

  test("is a third of its bytes and the longest answer that it allows", () => {
    const text = JSON.stringify({ messages: [says("user", "x".repeat(400))], max_tokens: 70 });
    expect(estimate(text)).toBe(Math.ceil(text.length / 3) + 70);
    for (const field of ["max_tokens", "max_completion_tokens", "max_output_tokens"]) {
      expect(estimate(`{"${field}" : 500000}`)).toBeWithin(500_000, 500_020);
    }
  });

  test("takes the usual length of an answer where none is stated, or none that is a number", () => {
    for (const body of ['{"a":1}', '{"max_tokens":null}', '{"max_tokens":"12"}']) {
      expect(estimate(body)).toBe(Math.ceil(body.length / 3) + 1_000);
    }
    expect(estimateTokens(null)).toBe(0);
  });

  test("is not led astray by what a message says", () => {
    const body = JSON.stringify({ messages: [says("user", '"max_tokens": 9')], max_tokens: 40 });
    expect(estimate(body)).toBe(Math.ceil(body.length / 3) + 40);
  });
});
