import { expect, test } from "bun:test";
import { calcPrice } from "@pydantic/genai-prices";
import { createCosts } from "../../src/record/cost.ts";
import { usageIn } from "../../src/record/usage.ts";
import type { Usage } from "../../src/types.ts";
import { scale } from "../support/scale.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const usage = (changes: Partial<Usage> = {}): Usage => ({
  inputTokens: 1_000,
  outputTokens: 500,
  cachedTokens: null,
  reasoningTokens: null,
  ...changes,
});

function costs(ownPrices: Record<string, { input: number; cached_input?: number; output: number }> = {}) {
  const now = NOW;
  return createCosts({
    clock: { now: () => now },
    ownPrices: () => ownPrices,
    baseUrlOf: (id) => (id === "gone" ? null : id),
  });
}

const OPENAI = "https://api.openai.com/v1";
const GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai";

test("list prices by the upstream's address: input, cached input and output each at its own", () => {
  const costOf = costs();
  // gpt-4o: 2.5, cached 1.25, output 10 USD for a million.
  expect(costOf("gpt-4o", OPENAI, usage())).toBeCloseTo(0.0025 + 0.005, 12);
  expect(costOf("gpt-4o", OPENAI, usage({ cachedTokens: 400 }))).toBeCloseTo(0.0015 + 0.0005 + 0.005, 12);
  expect(costOf("models/gemini-2.5-flash", GOOGLE, usage())).toBeGreaterThan(0);
  expect(costOf("text-embedding-3-small", OPENAI, usage({ outputTokens: 0 }))).toBeCloseTo(0.00002, 12);
  // Reasoning is output already.
  expect(costOf("gpt-4o", OPENAI, usage({ reasoningTokens: 500 }))).toBeCloseTo(0.0075, 12);
});

test("the same as the library's own sum, for every kind of price, tiers and cache writes too", () => {
  const costOf = costs();
  const cases: [string, string][] = [
    ["claude-sonnet-4-5", "https://api.anthropic.com/v1"],
    ["gemini-2.5-pro", GOOGLE],
    ["gemini-2.5-flash", GOOGLE],
    ["gpt-4o", OPENAI],
    ["o3", OPENAI],
    ["deepseek-chat", "https://api.deepseek.com"],
    ["sonar", "https://api.perplexity.ai"],
    ["openai/gpt-4o", "https://openrouter.ai/api/v1"],
    ["grok-4", "https://api.x.ai/v1"],
    ["llama-3.3-70b-versatile", "https://api.groq.com/openai/v1"],
  ];
  let compared = 0;
  for (const [model, url] of cases) {
    for (const input of [0, 100, 200_001, 500_000]) {
      const cached = Math.floor(input / 3);
      const written = Math.floor(input / 5);
      const theirs = calcPrice(
        { input_tokens: input, cache_read_tokens: cached, cache_write_tokens: written, output_tokens: 700 },
        model,
        { providerApiUrl: url, timestamp: new Date(NOW) },
      );
      const ours = costOf(
        model,
        url,
        usage({ inputTokens: input, outputTokens: 700, cachedTokens: cached, cacheWriteTokens: written }),
      );
      if (theirs === null) expect(ours).toBeNull();
      else expect(ours).toBeCloseTo(theirs.total_price, 9);
      compared += theirs === null ? 0 : 1;
    }
  }
  expect(compared).toBeGreaterThan(30);
});

test("own prices win; what is not known is null and never 0", () => {
  const costOf = costs({
    "gpt-4o": { input: 1, cached_input: 0.1, output: 2 },
    mine: { input: 0, output: 0 },
  });
  expect(costOf("gpt-4o", OPENAI, usage({ cachedTokens: 1_000 }))).toBeCloseTo(0.0001 + 0.001, 12);
  expect(costOf("mine", OPENAI, usage())).toBe(0);
  expect(costOf("no-such-model", OPENAI, usage())).toBeNull();
  expect(costOf("no-such-model", "http://127.0.0.1:9/v1", usage())).toBeNull();
  expect(costOf("gpt-4o-nonsense-x", "https://api.x.ai/v1", usage())).toBeNull();
  expect(costOf(null, OPENAI, usage())).toBeNull();
  expect([costOf("gpt-4o-mini", "gone", usage()), costOf("mine", "gone", usage())]).toEqual([null, 0]);
  expect(costOf("constructor", OPENAI, usage())).toBeNull();
  expect(costOf("__proto__", OPENAI, usage())).toBeNull();
});

test("at an address that no provider has, the list price of the model's maker", () => {
  const costOf = costs();
  expect(costOf("gpt-4o", "http://127.0.0.1:9/v1", usage())).toBeCloseTo(0.0075, 12);
  // A known provider that doesn't have the model tells no price.
  expect(costOf("gpt-4o", "https://api.x.ai/v1", usage())).toBeNull();
});

test("prices are found once: a request's cost takes microseconds, also of unknown models", () => {
  const costOf = costs();
  const rounds = scale(20_000, 200_000);
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round += 1) costOf(round % 2 ? "gpt-4o" : "unknown", OPENAI, usage());
  expect(((performance.now() - startedAt) * 1_000) / rounds).toBeLessThan(20);
});

const usageOf = (value: unknown) => usageIn(JSON.stringify({ usage: value }));

test("usage in every provider's form: all input is input, all output is output", () => {
  expect(
    usageOf({
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4 },
    }),
  ).toMatchObject({ inputTokens: 10, outputTokens: 5, cachedTokens: 4, reasoningTokens: null });
  // OpenAI: reasoning is part of the completion.
  expect(
    usageOf({
      prompt_tokens: 10,
      completion_tokens: 50,
      total_tokens: 60,
      completion_tokens_details: { reasoning_tokens: 40 },
    }),
  ).toMatchObject({ outputTokens: 50, reasoningTokens: 40 });
  // xAI and Google: it stands beside.
  expect(
    usageOf({
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 55,
      completion_tokens_details: { reasoning_tokens: 40 },
    }),
  ).toMatchObject({ outputTokens: 45, reasoningTokens: 40 });
  expect(usageOf({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 115 })).toMatchObject({
    outputTokens: 105,
    reasoningTokens: 100,
  });
  // Anthropic: cached tokens stand beside the input.
  expect(
    usageOf({
      input_tokens: 7,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 20,
      output_tokens: 3,
    }),
  ).toMatchObject({ inputTokens: 127, outputTokens: 3, cachedTokens: 100, cacheWriteTokens: 20 });
  // Responses: they are part of it.
  expect(
    usageOf({
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60 },
      output_tokens: 3,
      total_tokens: 103,
    }),
  ).toMatchObject({ inputTokens: 100, cachedTokens: 60, outputTokens: 3 });
  // A stream of Anthropic's: the input comes first, the output last.
  const start = { message: { usage: { input_tokens: 9, cache_read_input_tokens: 1, output_tokens: 1 } } };
  const text = `data: ${JSON.stringify(start)}\n\ndata: ${JSON.stringify({ usage: { output_tokens: 33 } })}\n\n`;
  expect(usageIn(text)).toMatchObject({ inputTokens: 10, outputTokens: 33, cachedTokens: 1 });
});
