import type { ChatTurn, PlaygroundState } from "../../../views/playground.tsx";
import { InputError, type Prompt } from "../../types.ts";

const MAX_TURNS = 200;
/** What the page itself says, so that the JSON beside cannot contradict it unseen. */
const OWN_FIELDS = ["model", "messages", "stream"];

interface NumberField {
  /** Of the form and of the request's body. */
  name: "temperature" | "max_tokens" | "top_p";
  min: number;
  max: number;
  whole?: boolean;
}
const NUMBERS: NumberField[] = [
  { name: "temperature", min: 0, max: 2 },
  { name: "max_tokens", min: 1, max: 10_000_000, whole: true },
  { name: "top_p", min: 0, max: 1 },
];

export const BLANK: PlaygroundState = {
  model: "",
  through: "",
  system: "",
  message: "",
  temperature: "",
  max_tokens: "",
  top_p: "",
  stream: true,
  more: "",
  turns: [],
  promptId: "",
  promptName: "",
};

/** The form as it was sent, whatever stands in it. */
export function readState(form: URLSearchParams): PlaygroundState {
  const text = (name: string) => (form.get(name) ?? "").replaceAll("\r\n", "\n");
  const said = form.getAll("said");
  const turns = form.getAll("role").map((role, at): ChatTurn => {
    const words = (said[at] ?? "").replaceAll("\r\n", "\n");
    return { role: role === "assistant" ? "assistant" : "user", text: words };
  });
  return {
    model: text("model").trim(),
    through: text("through"),
    system: text("system"),
    // A turn that failed is asked again as it was.
    message: form.has("again") ? text("again") : text("message"),
    temperature: text("temperature").trim(),
    max_tokens: text("max_tokens").trim(),
    top_p: text("top_p").trim(),
    stream: form.has("stream"),
    more: text("more"),
    turns,
    promptId: text("prompt_id"),
    promptName: text("prompt_name"),
  };
}

/** What a saved prompt brings into the form. */
export function stateOf(prompt: Prompt): PlaygroundState {
  const { stream, ...parameters } = prompt.parameters;
  const state: PlaygroundState = {
    ...BLANK,
    model: prompt.model,
    system: prompt.system,
    message: prompt.text,
    stream: stream !== false,
    promptId: prompt.id,
    promptName: prompt.name,
  };
  for (const { name } of NUMBERS) {
    const value = parameters[name];
    if (typeof value !== "number") continue;
    state[name] = String(value);
    delete parameters[name];
  }
  if (Object.keys(parameters).length > 0) state.more = JSON.stringify(parameters, null, 2);
  return state;
}

/** The body's fields beside model and messages. @throws InputError with the problem of each field. */
export function parametersOf(state: PlaygroundState): Record<string, unknown> {
  const problems: Record<string, string> = {};
  const parameters: Record<string, unknown> = {};
  for (const { name, min, max, whole } of NUMBERS) {
    if (state[name] === "") continue;
    const value = Number(state[name]);
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) parameters[name] = value;
    else problems[name] = `Give a ${whole ? "whole " : ""}number from ${min} to ${max}, or nothing.`;
  }
  const more = moreOf(state.more);
  if (typeof more === "string") problems.more = more;
  if (Object.keys(problems).length > 0) throw new InputError("Check the parameters.", problems);
  return { ...parameters, ...(more as Record<string, unknown>) };
}

/** The fields, or what is wrong with them. */
function moreOf(text: string): Record<string, unknown> | string {
  if (text.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}.`;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return 'Give a JSON object, such as {"seed": 1}.';
  const own = OWN_FIELDS.find((name) => name in parsed);
  if (own !== undefined) return `Leave out ${own}: the page has a field for it.`;
  return parsed as Record<string, unknown>;
}

/** The request's body. @throws InputError with the problem of each field. */
export function bodyOf(state: PlaygroundState): Record<string, unknown> {
  const messages: { role: string; content: string }[] = [];
  if (state.system.trim() !== "") messages.push({ role: "system", content: state.system });
  for (const { role, text } of state.turns) messages.push({ role, content: text });
  if (state.message.trim() !== "") messages.push({ role: "user", content: state.message });
  return { model: state.model, messages, ...(state.stream && { stream: true }), ...parametersOf(state) };
}

/** The body of a request that can be sent. @throws InputError with the problem of each field. */
export function checkedBodyOf(state: PlaygroundState): Record<string, unknown> {
  const problems: Record<string, string> = {};
  if (state.model === "") problems.model = "Give the name of a model.";
  if (state.message.trim() === "") problems.message = "Give a message.";
  if (state.turns.length >= MAX_TURNS) problems.message = `After ${MAX_TURNS} turns, begin a new chat.`;
  try {
    const body = bodyOf(state);
    if (Object.keys(problems).length === 0) return body;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    Object.assign(problems, error.fields);
  }
  throw new InputError("The message cannot be sent like this.", problems);
}

/** By which keys: all (both null), those of a pool, or one. */
export function throughOf(through: string): { poolId: string | null; keyId: string | null } {
  const [kind, id = ""] = through.split(":");
  return { poolId: kind === "pool" && id ? id : null, keyId: kind === "key" && id ? id : null };
}
