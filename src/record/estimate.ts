import { estimateTokenCount } from "tokenx";
import type { Usage } from "../types.ts";

/** So much of a text is looked at word by word; the tokens of the rest follow from its length. */
const SAMPLE_CHARS = 16_384;
/** A body above this is not parsed again: its tokens follow from its length. */
const MAX_PARSED_BYTES = 1_048_576;
const BYTES_A_TOKEN = 4;
/** What frames each message (OpenAI's cookbook: "How to count tokens with tiktoken"). */
const TOKENS_A_MESSAGE = 3;
/** An event's line that is still open; a longer one is not text. */
const MAX_LINE_CHARS = 65_536;

/** What models say, in the deltas and answers of chat, completions, Responses and Anthropic's messages. */
const SAID =
  /"(?:content|text|delta|reasoning_content|reasoning|thinking|refusal|arguments|partial_json)": ?"([^"\\]*(?:\\.[^"\\]*)*)"/g;

/** Part of a text, and how long all of it is. */
class TextSample {
  #text = "";
  #chars = 0;

  get isFull(): boolean {
    return this.#text.length >= SAMPLE_CHARS;
  }

  add(text: string): void {
    this.#chars += text.length;
    if (!this.isFull) this.#text += text.slice(0, SAMPLE_CHARS);
  }

  tokens(read: (text: string) => string = (text) => text): number {
    if (this.#chars === 0) return 0;
    const tokens = estimateTokenCount(read(this.#text));
    return Math.ceil((tokens * this.#chars) / this.#text.length);
  }
}

/**
 * What an answer says, gathered on the side while it passes: a sample and a length, so that its tokens can be estimated
 * where the upstream tells none.
 */
export class OutputText {
  #sample = new TextSample();
  #open = "";

  /** Bytes of an event stream, read as Latin-1, as they come. */
  push(chunk: string): void {
    const end = chunk.lastIndexOf("\n") + 1;
    if (end === 0) {
      if (this.#open.length < MAX_LINE_CHARS) this.#open += chunk;
      return;
    }
    this.#gather(this.#open + chunk.slice(0, end));
    this.#open = chunk.slice(end);
  }

  tokens(): number {
    return this.#sample.tokens((text) => plainText(Buffer.from(text, "latin1").toString()));
  }

  /** Of a whole answer, as text. */
  static tokensIn(answer: string): number {
    const output = new OutputText();
    output.#gather(answer);
    return output.#sample.tokens(plainText);
  }

  #gather(text: string): void {
    for (const [, said = ""] of text.matchAll(SAID)) this.#sample.add(said);
  }
}

/** @param output tokens of the answer, as `OutputText` tells them. */
export function estimateUsage(requestBody: Uint8Array | null, outputTokens: number): Usage {
  const inputTokens = requestBody === null ? 0 : inputTokensOf(requestBody);
  return { inputTokens, outputTokens, cachedTokens: null, reasoningTokens: null, isEstimated: true };
}

function inputTokensOf(body: Uint8Array): number {
  if (body.byteLength > MAX_PARSED_BYTES)
    return Math.ceil((body.byteLength - dataBytes(body)) / BYTES_A_TOKEN);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return 0;
  }
  const sample = new TextSample();
  const { messages, input, prompt, system, instructions, tools } = parsed as Record<string, unknown>;
  const asked = [messages, input, prompt, system, instructions, tools];
  for (const part of asked) addStrings(sample, part);
  const framed = Array.isArray(messages) ? messages.length * TOKENS_A_MESSAGE : 0;
  return sample.tokens() + framed;
}

/** A stack of its own: a body may be nested deeper than the runtime's goes. */
function addStrings(sample: TextSample, value: unknown): void {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === "string") {
      if (!next.startsWith("data:")) sample.add(`${next}\n`);
    } else if (typeof next === "object" && next !== null) {
      waiting.push(...Object.values(next).toReversed());
    }
  }
}

/** Images and files within a body are no text. */
function dataBytes(body: Uint8Array): number {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let sum = 0;
  for (let at = bytes.indexOf('"data:'); at >= 0; ) {
    const end = bytes.indexOf('"', at + 1);
    if (end < 0) break;
    sum += end - at;
    at = bytes.indexOf('"data:', end);
  }
  return sum;
}

/** The inside of a JSON string as what it means; as it is where the sample cuts an escape. */
function plainText(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside;
  }
}
