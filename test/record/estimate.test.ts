import { describe, expect, test } from "bun:test";
import { estimateTokenCount } from "tokenx";
import { estimateUsage, OutputText } from "../../src/record/estimate.ts";
import { status } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { chatStream } from "../support/openai-streams.ts";

const TEXT = "The quick brown fox jumps over the lazy dog, again and again, until nobody counts any more. ";
const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body));
const within = (value: number, expected: number, share = 0.05) =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(Math.max(expected * share, 6));

describe("input", () => {
  test("all text of a chat counts, images and the frame around it do not", () => {
    const image = `data:image/png;base64,${"A".repeat(100_000)}`;
    const body = bytes({
      model: "m",
      messages: [
        { role: "system", content: TEXT.repeat(3) },
        {
          role: "user",
          content: [
            { type: "text", text: TEXT },
            { type: "image_url", image_url: { url: image } },
          ],
        },
      ],
    });
    within(estimateUsage(body, 0).inputTokens, estimateTokenCount(TEXT.repeat(4)) + 15, 0.1);
  });

  test("a long text is sampled, a huge body is taken by its length", () => {
    const long = TEXT.repeat(5_000);
    within(estimateUsage(bytes({ input: long }), 0).inputTokens, estimateTokenCount(long));
    const image = `"data:image/png;base64,${"A".repeat(3_000_000)}"`;
    const huge = new TextEncoder().encode(`{"input":"${TEXT.repeat(100)}","x":${image}}`);
    const startedAt = performance.now();
    within(estimateUsage(huge, 0).inputTokens, (TEXT.length * 100) / 4, 0.1);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });

  test("what cannot be read, or is nested without end, breaks nothing", () => {
    expect(estimateUsage(null, 3)).toMatchObject({ inputTokens: 0, outputTokens: 3, isEstimated: true });
    expect(estimateUsage(new TextEncoder().encode("{"), 0).inputTokens).toBe(0);
    const deep = `{"input":${"[".repeat(50_000)}"a"${"]".repeat(50_000)}}`;
    expect(estimateUsage(new TextEncoder().encode(deep), 0).inputTokens).toBeLessThan(5);
  });
});

describe("output", () => {
  test("is the same however its stream is cut into chunks", () => {
    const words = 'Grüße — 日本語 "quoted"\n and more words here.'.split(/(?<= )/);
    const stream = words
      .map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
      .join("");
    const whole = Buffer.from(`${stream}data: [DONE]\n\n`).toString("latin1");
    for (const size of [1, 7, 64, 100_000]) {
      const output = new OutputText();
      for (let at = 0; at < whole.length; at += size) output.push(whole.slice(at, at + size));
      within(output.tokens(), estimateTokenCount(words.join("")));
    }
  });

  test("of tool calls, reasoning, Responses and Anthropic's events", () => {
    const events = [
      { choices: [{ delta: { reasoning_content: TEXT } }] },
      { choices: [{ delta: { tool_calls: [{ function: { arguments: TEXT } }] } }] },
      { type: "response.output_text.delta", delta: TEXT },
      { type: "content_block_delta", delta: { type: "text_delta", text: TEXT } },
      { type: "content_block_delta", delta: { type: "input_json_delta", partial_json: TEXT } },
    ];
    for (const data of events) {
      const output = new OutputText();
      output.push(`data: ${JSON.stringify(data)}\n\n`);
      within(output.tokens(), estimateTokenCount(TEXT));
    }
    expect(new OutputText().tokens()).toBe(0);
  });

  test("of a whole answer, of any length", () => {
    const answer = (text: string) =>
      JSON.stringify({ choices: [{ message: { role: "assistant", content: text } }] });
    within(OutputText.tokensIn(answer(TEXT)), estimateTokenCount(TEXT));
    within(OutputText.tokensIn(answer(TEXT.repeat(2_000))), estimateTokenCount(TEXT) * 2_000);
  });
});

describe("through the front door", () => {
  const settings = { model_prices: { "gpt-4o": { input: 10, output: 20 } } };

  test("a stream without usage, one that is broken off and an answer without usage are estimated and marked", async () => {
    const words = TEXT.repeat(4).split(/(?<= )/);
    using upstream = startFakeUpstream({
      keys: {
        "key-one-1": (call) =>
          call.json.stream === true
            ? chatStream(words, {
                usage: "never",
                ...(call.json.user === "cut"
                  ? { delayMs: 2, cut: { atByte: 4_000, by: "reset" as const } }
                  : {}),
              })
            : status(200, {
                choices: [{ message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
              }),
      },
    });
    await using app = await startApp({ upstream: upstream.url, keys: ["key-one-1"], settings });
    const ask = { messages: [{ role: "user", content: TEXT }] };
    await (await app.chat({ ...ask, stream: true })).text();
    await (await app.chat({ ...ask, stream: true, user: "cut" })).text().catch(() => "");
    await (await app.chat(ask)).text();
    const rows = (await app.logs()) as unknown as {
      usage_source: string;
      outcome: string;
      input_tokens: number;
      output_tokens: number;
      cost_usd: number;
    }[];
    const [whole, cut, stream] = rows;
    expect(rows.map(({ usage_source }) => usage_source)).toEqual(["estimated", "estimated", "estimated"]);
    const tokens = estimateTokenCount(TEXT);
    for (const row of rows) {
      within(row.input_tokens, tokens + 3);
      expect(row.cost_usd).toBeCloseTo((row.input_tokens * 10 + row.output_tokens * 20) / 1_000_000, 9);
    }
    within(whole?.output_tokens ?? 0, tokens);
    within(stream?.output_tokens ?? 0, tokens * 4, 0.1);
    expect(cut?.output_tokens).toBeGreaterThan(0);
    expect(cut?.output_tokens).toBeLessThan(tokens * 4);
    expect(cut?.outcome).not.toBe("ok");
    const [key] = (await app.keys()) as unknown as { cost_usd: number }[];
    expect(key?.cost_usd).toBeCloseTo(
      rows.reduce((sum, row) => sum + row.cost_usd, 0),
      9,
    );
  });
});
