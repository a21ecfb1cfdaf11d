import { createParser } from "eventsource-parser";

/** No answer is read beyond this. */
const MAX_ANSWER_CHARS = 2_000_000;

/** What was said so far, or just now. */
export interface Said {
  text: string;
  /** What the model thought, where the upstream tells it. */
  reasoning: string;
}

export interface ChatAnswer extends Said {
  /** Why it ended as it did, where that is an error; null: well. */
  error: string | null;
}

/** Reads the answer of a chat request, whole or streamed; `onPiece` is called as it comes. Never throws. */
export async function readChatAnswer(
  response: Response,
  onPiece: (piece: Said) => void,
): Promise<ChatAnswer> {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  try {
    if (!isStream) return wholeAnswer(response.status, await response.text(), onPiece);
    return await streamedAnswer(response, onPiece);
  } catch {
    return { text: "", reasoning: "", error: "The answer broke off." };
  }
}

async function streamedAnswer(response: Response, onPiece: (piece: Said) => void): Promise<ChatAnswer> {
  const answer: ChatAnswer = { text: "", reasoning: "", error: null };
  const parser = createParser({
    onEvent({ data }) {
      const json = data === "[DONE]" ? null : objectIn(data);
      if (json === null) return;
      answer.error ??= errorIn(json);
      const piece = saidIn(json, "delta");
      answer.text += piece.text;
      answer.reasoning += piece.reasoning;
      if (piece.text !== "" || piece.reasoning !== "") onPiece(piece);
    },
  });
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      parser.feed(decoder.decode(part.value, { stream: true }));
      if (answer.text.length + answer.reasoning.length <= MAX_ANSWER_CHARS) continue;
      answer.error = `The answer is longer than ${MAX_ANSWER_CHARS} characters; the rest was not read.`;
      await reader?.cancel();
    }
  } catch {
    answer.error ??= "The answer broke off.";
  }
  return answer;
}

function wholeAnswer(status: number, text: string, onPiece: (piece: Said) => void): ChatAnswer {
  const json = objectIn(text);
  const error = json === null ? null : errorIn(json);
  if (status >= 400 || error !== null || json === null) {
    return {
      text: "",
      reasoning: "",
      error: error ?? (text.slice(0, 500) || `The answer is empty (${status}).`),
    };
  }
  const said = saidIn(json, "message");
  onPiece(said);
  return { ...said, error: null };
}

type Json = Record<string, unknown>;

function objectIn(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Of OpenAI's shape and of what others make of it. */
function errorIn({ error }: Json): string | null {
  if (typeof error === "string") return error;
  if (!isObject(error)) return null;
  return typeof error.message === "string" ? error.message : JSON.stringify(error);
}

/** Providers call the thoughts of a model differently. */
const REASONING_FIELDS = ["reasoning_content", "reasoning", "thinking"];

function saidIn({ choices }: Json, field: "delta" | "message"): Said {
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const message = isObject(choice) ? choice[field] : null;
  if (!isObject(message)) return { text: "", reasoning: "" };
  const reasoning = REASONING_FIELDS.map((name) => message[name]).find((value) => typeof value === "string");
  return {
    text: textOf(message.content) + textOf(message.refusal) + toolsIn(message),
    reasoning: typeof reasoning === "string" ? reasoning : "",
  };
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isObject(part) && typeof part.text === "string" ? part.text : "")).join("");
}

/** Nobody carries out a tool here: what the model would call is shown. Pieces of a streamed call follow each other. */
function toolsIn({ tool_calls }: Json): string {
  if (!Array.isArray(tool_calls)) return "";
  return tool_calls
    .map((call) => {
      const made = isObject(call) && isObject(call.function) ? call.function : {};
      const name = typeof made.name === "string" ? `\n\nCalls the tool \`${made.name}\`: ` : "";
      return name + (typeof made.arguments === "string" ? made.arguments : "");
    })
    .join("");
}
