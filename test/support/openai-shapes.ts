import type { Headers, Plan } from "./answers.ts";
import type { Call, StatedUsage } from "./call.ts";

/** What a test may choose of how any answer goes over the wire. */
export type Transport = Pick<Plan, "delayMs" | "splitAt" | "encoding" | "cut" | "framing"> & {
  headers?: Headers;
};

export const CREATED_S = 1_700_000_000;

/** The fields that every completion carries. */
export function identity(call: Call, object: string): object {
  return { id: `chatcmpl-fake-${call.index}`, object, created: CREATED_S, model: modelOf(call) };
}

export function modelOf(call: Call): string {
  return typeof call.json.model === "string" ? call.json.model : "gpt-4o-mini";
}

/** What an answer says where a test gives no text: derived from the request, so that it proves whose answer it is. */
export function echo(call: Call): string {
  const { messages, prompt } = call.json;
  const asked = Array.isArray(messages)
    ? messages.findLast((message: { role?: unknown }) => message.role === "user")?.content
    : prompt;
  return `echo: ${typeof asked === "string" ? asked : JSON.stringify(asked ?? null)}`;
}

/** About as many as a tokenizer would say; what counts is that both sides can add them up. */
export function tokenCount(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The `usage` of an answer; noted on the call, so that a test can compare sums. */
export function stateUsage(call: Call, text: string, stated?: StatedUsage): object {
  call.usage = stated ?? {
    inputTokens: tokenCount(JSON.stringify(call.json.messages ?? call.json.prompt ?? "")),
    outputTokens: tokenCount(text),
  };
  const { inputTokens, outputTokens } = call.usage;
  const total = inputTokens + outputTokens;
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: total };
}
