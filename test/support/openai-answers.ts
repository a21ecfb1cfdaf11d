import { respond, status } from "./answers.ts";
import type { Answer, Call, Script, StatedUsage } from "./call.ts";
import { openAiError } from "./openai-errors.ts";
import type { Transport } from "./openai-shapes.ts";
import { CREATED_S, echo, identity, modelOf, stateUsage, tokenCount } from "./openai-shapes.ts";
import { chatStream, completionStream } from "./openai-streams.ts";

const DEFAULT_MODELS = ["gpt-4o-mini", "gpt-4o", "text-embedding-3-small"];
const VECTOR_LENGTH = 8;

interface CompletionOptions extends Transport {
  /** Default: counted from question and text. */
  usage?: StatedUsage;
}

/** Answers by the request's own path and shape, as a healthy provider would. */
export function ok(): Script {
  return (call) => {
    const found = ENDPOINTS.find(({ path }) => path.test(call.path));
    if (found === undefined) return openAiError(404, `Invalid URL (${call.method} ${call.path})`);
    return (call.json.stream === true && found.streamed) || found.whole;
  };
}

/** A chat completion in one piece. Without a text it echoes the last user message. */
export function chat(text?: string, options: CompletionOptions = {}): Script {
  return (call) => {
    const content = text ?? echo(call);
    const message = { role: "assistant", content, refusal: null };
    return completed(call, "chat.completion", { message, logprobs: null }, content, options);
  };
}

/** The older `/completions` in one piece. */
export function completion(text?: string, options: CompletionOptions = {}): Script {
  return (call) => {
    const said = text ?? echo(call);
    return completed(call, "text_completion", { text: said, logprobs: null }, said, options);
  };
}

/** A vector for each input, made from its text; as base64 where the request asks for that. */
export function embeddings(): Script {
  return (call) => {
    const inputs: unknown[] = [call.json.input ?? ""].flat();
    const data = inputs.map((input, index) => {
      const vector = vectorOf(JSON.stringify(input));
      const base64 = () => Buffer.from(new Float32Array(vector).buffer).toString("base64");
      const embedding = call.json.encoding_format === "base64" ? base64() : vector;
      return { object: "embedding", index, embedding };
    });
    const inputTokens = tokenCount(JSON.stringify(inputs));
    call.usage = { inputTokens, outputTokens: 0 };
    const usage = { prompt_tokens: inputTokens, total_tokens: inputTokens };
    return status(200, { object: "list", data, model: modelOf(call), usage });
  };
}

/** `/models` and, where the path goes on, `/models/{id}`. */
export function models(ids: string[] = DEFAULT_MODELS): Script {
  const data = ids.map((id) => ({ id, object: "model", created: CREATED_S, owned_by: "fake" }));
  return (call) => {
    const wanted = /\/models\/(.+)$/.exec(decodeURIComponent(call.path))?.[1];
    if (wanted === undefined) return status(200, { object: "list", data });
    const model = data.find(({ id }) => id === wanted);
    return model === undefined ? modelNotFound(wanted) : status(200, model);
  };
}

export function modelNotFound(model: string): Answer {
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  return openAiError(404, message, { code: "model_not_found" });
}

const ENDPOINTS: { path: RegExp; whole: Script; streamed?: Script }[] = [
  { path: /\/chat\/completions$/, whole: chat(), streamed: chatStream() },
  { path: /\/completions$/, whole: completion(), streamed: completionStream() },
  { path: /\/embeddings$/, whole: embeddings() },
  { path: /\/models(\/.+)?$/, whole: models() },
];

function completed(
  call: Call,
  object: string,
  choice: object,
  text: string,
  options: CompletionOptions,
): Answer {
  const { usage, headers = {}, ...transport } = options;
  const choices = [{ index: 0, ...choice, finish_reason: "stop" }];
  const body = { ...identity(call, object), choices, usage: stateUsage(call, text, usage) };
  return respond({
    ...transport,
    headers: { "content-type": "application/json", ...headers },
    pieces: [JSON.stringify(body)],
  });
}

/** Not meaningful, but the same for the same text and different for others. */
function vectorOf(text: string): number[] {
  const digest = new Bun.CryptoHasher("sha256").update(text).digest();
  return Array.from({ length: VECTOR_LENGTH }, (_, index) => digest.readInt16LE(index * 2) / 32_768);
}
