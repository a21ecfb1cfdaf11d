import { type ErrorCode, errorBody } from "./errors.ts";

/** How event streams of a family end and tell of errors. `none`: their regular end proves that they are whole. */
export type Protocol = "chat" | "threads" | "responses" | "anthropic" | "images" | "audio" | "none";

interface StreamRules {
  /**
   * What proves that the stream is whole; null: its regular end does. Looked for in the bytes as they pass: inside the
   * model's own words the quotes would be escaped, so it cannot be one of those.
   */
  end: RegExp | null;
  /** The error event of the protocol's own form. */
  error(code: ErrorCode, message: string, sequence: number): string;
}

const ofType = (names: string) => new RegExp(`"type": ?"(?:${names})"`);
const DONE = /(?:^|[\r\n])data: ?\[DONE\]/;
const openAiError: StreamRules["error"] = (code, message) => `data: ${errorBody(code, message)}\n\n`;

/** One line a protocol. */
const RULES: Record<Protocol, StreamRules> = {
  chat: { end: new RegExp(`${DONE.source}|"finish_reason": ?"`), error: openAiError },
  // Assistants: `event: done`, whose data is [DONE].
  threads: { end: DONE, error: (...facts) => `event: error\n${openAiError(...facts)}` },
  responses: {
    end: ofType("response\\.(?:completed|failed|incomplete|cancelled)"),
    // platform.openai.com/docs/api-reference/responses-streaming/error
    error: (code, message, sequence) =>
      named("error", { type: "error", code, message, param: null, sequence_number: sequence }),
  },
  anthropic: {
    end: ofType("message_stop"),
    // docs.anthropic.com/en/docs/build-with-claude/streaming#error-events
    error: (_, message) => named("error", { type: "error", error: { type: "api_error", message } }),
  },
  images: {
    end: new RegExp(`${ofType("image_(?:generation|edit)\\.completed").source}|${DONE.source}`),
    error: openAiError,
  },
  audio: {
    end: new RegExp(`${ofType("(?:speech\\.audio|transcript\\.text)\\.done").source}|${DONE.source}`),
    error: openAiError,
  },
  none: { end: null, error: openAiError },
};

export function rulesOf(protocol: Protocol): StreamRules {
  return RULES[protocol];
}

function named(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
