import { DeletePromptForm, PromptList } from "../../../views/components/prompt-list.tsx";
import type { PlaygroundState } from "../../../views/playground.tsx";
import { sentence } from "../../../views/verdicts.ts";
import { ConflictError, InputError } from "../../types.ts";
import type { PageContext } from "../page-context.ts";
import { readForm } from "../page-form.ts";
import { done, formPage, htmlResponse, placeOf } from "../render.tsx";
import { parametersOf, readState } from "./form.ts";
import { playgroundPage, promptListProps } from "./page.tsx";

export async function listPrompts(context: PageContext): Promise<Response> {
  const { searchParams } = context.url;
  const current = {
    promptId: searchParams.get("prompt_id") ?? "",
    promptName: searchParams.get("prompt_name") ?? "",
  };
  return htmlResponse(<PromptList {...(await promptListProps(context, current))} />);
}

/** Keeps what stands in the form: the message, or, after it was sent, the first question. */
export async function savePrompt(context: PageContext): Promise<Response> {
  const form = await readForm(context.request);
  const state = readState(form);
  try {
    const isNew = state.promptId === "" || form.get("save") === "new";
    const { prompts } = context.deps.operations;
    const input = inputOf(state);
    const saved = isNew ? await prompts.add(input) : await prompts.edit(state.promptId, input);
    return answer(context, { ...state, promptId: saved.id, promptName: saved.name });
  } catch (error) {
    return answer(context, state, problemOf(error));
  }
}

async function answer(context: PageContext, state: PlaygroundState, error?: string): Promise<Response> {
  if (context.part === null) return playgroundPage(context, state, { promptError: error });
  const list = <PromptList {...(await promptListProps(context, state, error))} />;
  return htmlResponse(list, error === undefined ? 200 : 422);
}

function inputOf(state: PlaygroundState) {
  const question = state.turns.find(({ role }) => role === "user")?.text ?? "";
  const parameters = parametersOf(state);
  return {
    name: state.promptName,
    text: state.message.trim() === "" ? question : state.message,
    system: state.system,
    model: state.model,
    parameters: state.stream ? parameters : { ...parameters, stream: false },
  };
}

function problemOf(error: unknown): string {
  if (error instanceof ConflictError) return error.message;
  if (!(error instanceof InputError)) throw error;
  const [[name, problem] = ["", error.message]] = Object.entries(error.fields);
  return name === "" || name === "name" ? sentence(problem) : sentence(`${name}: ${problem}`);
}

export async function askForPromptDeletion(context: PageContext): Promise<Response> {
  const prompt = await context.deps.operations.prompts.get(context.id);
  const form = <DeletePromptForm place={placeOf(context)} prompt={prompt} />;
  return formPage(context, { title: `Delete ${prompt.name}`, section: "/playground" }, form);
}

export async function deletePrompt(context: PageContext): Promise<Response> {
  const { prompts } = context.deps.operations;
  const { name } = await prompts.get(context.id);
  await prompts.remove(context.id);
  return done(context, { kind: "ok", text: `${name} deleted.` }, "/playground");
}
