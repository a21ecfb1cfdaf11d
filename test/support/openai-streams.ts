import { respond } from "./answers.ts";
import type { Answer, Call, Script, StatedUsage } from "./call.ts";
import type { Transport } from "./openai-shapes.ts";
import { echo, identity, stateUsage } from "./openai-shapes.ts";

export interface StreamOptions extends Transport {
  /** `asked` (default): where the request has `stream_options.include_usage`, as OpenAI does. */
  usage?: "asked" | "always" | "never" | StatedUsage;
  /** Whether `[DONE]` is sent. Default true. */
  done?: boolean;
  /** `finish_reason` of the last delta; false: none comes. Default `stop`. */
  finish?: string | false;
  /** Before the first event, such as comments. */
  preamble?: string;
}

/** A streamed chat completion of these deltas, or of n of them (the first is the echo), or of the echo's words. */
export function chatStream(deltas?: string[] | number, options: StreamOptions = {}): Script {
  return (call) => {
    const texts = textsOf(call, deltas);
    const first = { delta: { role: "assistant", content: "", refusal: null } };
    const chunks = [first, ...texts.map((content) => ({ delta: { content } })), { delta: {} }];
    return streamed(call, "chat.completion.chunk", chunks, texts, options);
  };
}

/** The same for the older `/completions`. */
export function completionStream(texts?: string[] | number, options: StreamOptions = {}): Script {
  return (call) => {
    const parts = textsOf(call, texts);
    const chunks = [...parts, ""].map((text) => ({ text }));
    return streamed(call, "text_completion", chunks, parts, options);
  };
}

/** A stream of exactly these pieces, each a write: events, comments, whatever a test needs. */
export function sse(pieces: string[], { headers = {}, ...transport }: Transport = {}): Answer {
  return respond({ framing: "chunked", ...transport, headers: { ...SSE_HEADERS, ...headers }, pieces });
}

/** One event as a piece of `sse`. */
export function event(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

const SSE_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

function textsOf(call: Call, wanted: string[] | number | undefined): string[] {
  if (Array.isArray(wanted)) return wanted;
  if (wanted === undefined) return echo(call).split(/(?<= )/);
  return Array.from({ length: wanted }, (_, index) => (index === 0 ? echo(call) : ` word${index}`));
}

/** `chunks`: the choices of the stream in order; the last one carries `finish_reason`. */
function streamed(
  call: Call,
  object: string,
  chunks: object[],
  texts: string[],
  options: StreamOptions,
): Answer {
  const { usage = "asked", done = true, finish = "stop", preamble = "", ...transport } = options;
  const asked = (call.json.stream_options as { include_usage?: unknown } | undefined)?.include_usage === true;
  const withUsage = usage === "asked" ? asked : usage !== "never";
  const base = { ...identity(call, object), system_fingerprint: "fp_fake" };
  // With include_usage every chunk but the last has `usage: null`.
  const noUsage = withUsage ? { usage: null } : {};
  const events = chunks.map((chunk, index) => {
    const reason = index === chunks.length - 1 ? finish : null;
    if (reason === false) return "";
    return event({ ...base, choices: [{ index: 0, ...chunk, finish_reason: reason }], ...noUsage });
  });
  if (withUsage) {
    const stated = typeof usage === "object" ? usage : undefined;
    events.push(event({ ...base, choices: [], usage: stateUsage(call, texts.join(""), stated) }));
  }
  if (done) events.push(event("[DONE]"));
  return sse([preamble, ...events], transport);
}
