import { expect, test } from "bun:test";
import fc from "fast-check";
import OpenAI from "openai";
import { respond } from "../support/answers.ts";
import { startApp } from "../support/app.ts";
import type { Script } from "../support/call.ts";
import { startFakeUpstream } from "../support/fake-upstream.ts";
import { event } from "../support/openai-streams.ts";
import { figure, scale } from "../support/scale.ts";

const AT_ONCE = 10;
const named = (data: Record<string, unknown>) => `event: ${data.type}\n${event(data)}`;
const CHAT = [
  ...["", "Hello", " wörld ", "🌍"].map((content) =>
    event({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] }),
  ),
  event({ id: "c", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  event("[DONE]"),
];
const RESPONSES = [
  named({ type: "response.created", sequence_number: 0, response: { id: "resp_1" } }),
  named({ type: "response.output_text.delta", sequence_number: 1, delta: "Hello wörld" }),
  named({ type: "response.completed", sequence_number: 2, response: { id: "resp_1" } }),
];

interface Family {
  name: string;
  events: string[];
  read(client: OpenAI, model: string): Promise<void>;
}

const FAMILIES: Family[] = [
  {
    name: "chat",
    events: CHAT,
    async read(client, model) {
      const stream = await client.chat.completions.create({
        model,
        messages: [],
        stream: true,
        stream_options: { include_usage: true },
      });
      for await (const _ of stream);
    },
  },
  {
    name: "responses",
    events: RESPONSES,
    async read(client, model) {
      const stream = await client.responses.create({ model, input: "x", stream: true });
      for await (const _ of stream);
    },
  },
];

/** Where a cut leaves the stream without any proof of its end. */
const provedAt = (family: Family): number => {
  const text = family.events.join("");
  const mark = family.name === "chat" ? '"finish_reason":"' : '"type":"response.completed"';
  return Buffer.byteLength(text.slice(0, text.indexOf(mark) + mark.length));
};

for (const family of FAMILIES) {
  test(`${family.name}: every stream that is cut is an error to the SDK, no whole one is`, async () => {
    const runs = scale(200, 10_000);
    const body = Buffer.from(family.events.join(""));
    const from = Buffer.byteLength(family.events[0] as string);
    const to = provedAt(family);
    // The model's name says where to cut, and how.
    const script: Script = (call) => {
      const [, atByte = "", by = "fin"] = String(call.json.model).split("-");
      const cut = atByte === "" ? {} : { cut: { atByte: Number(atByte), by: by as "fin" | "reset" } };
      const headers = { "content-type": "text/event-stream" };
      return respond({ headers, framing: "chunked", pieces: [body], ...cut });
    };
    using upstream = startFakeUpstream({ keys: { "key-a-123": script } });
    await using app = await startApp({
      upstream: upstream.url,
      keys: ["key-a-123"],
      settings: { max_failure_count: 100, max_retries: 0 },
    });
    const client = new OpenAI({ apiKey: "unused", baseURL: app.base, maxRetries: 0 });
    const ends = async (model: string) =>
      family.read(client, model).then(
        () => "whole",
        () => "error",
      );
    const wrong: string[] = [];
    const random = fc.sample(fc.integer({ min: from, max: to - 1 }), runs);
    // Half of what runs at once is whole, so the host never counts as down and every cut reaches the SDK.
    for (let done = 0; done < runs; done += AT_ONCE) {
      const round = random.slice(done, done + AT_ONCE).map(async (place, index) => {
        const model = `cut-${place}-${index % 2 === 0 ? "fin" : "reset"}`;
        const [cut, whole] = await Promise.all([ends(model), ends("whole")]);
        if (cut !== "error") wrong.push(model);
        if (whole !== "whole") wrong.push("whole");
      });
      await Promise.all(round);
    }
    expect(wrong).toEqual([]);
    expect(upstream.calls).toHaveLength(2 * runs);
    figure(`${family.name} streams: cut, errors to the SDK; whole, errors`, `${runs} ${runs}; ${runs} 0`);
  }, 580_000);
}
