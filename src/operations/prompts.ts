import { ConflictError, NotFoundError, type Prompt } from "../types.ts";
import type { OperationsParts } from "./deps.ts";
import { textProblem } from "./key-input.ts";
import { refuseProblems } from "./references.ts";
import { promptRevision, refuseChanged } from "./revision.ts";
import type { PromptInput, PromptOperations } from "./types.ts";

export const PROMPT_LIMITS = {
  nameMaxChars: 100,
  textMaxChars: 100_000,
  modelMaxChars: 200,
  parametersMaxChars: 10_000,
  maxPrompts: 1_000,
} as const;

/** Saved prompts: nothing that is served depends on them, so they live in storage alone. */
export function createPromptOperations({ storage, clock, change }: OperationsParts): PromptOperations {
  const { prompts } = storage;
  const find = async (id: string): Promise<Prompt> => {
    const prompt = await prompts.get(id);
    if (prompt === null) throw new NotFoundError("There is no such saved prompt.");
    return prompt;
  };
  return {
    list: () => prompts.list(),
    get: find,

    add: (input) =>
      change(async () => {
        const blank: Prompt = {
          id: clock.id(),
          name: "",
          text: "",
          system: "",
          model: "",
          parameters: {},
          createdAt: clock.now(),
          lastUsedAt: null,
        };
        const prompt = withInput(blank, input);
        if ((await prompts.list()).length >= PROMPT_LIMITS.maxPrompts) {
          throw new ConflictError(`There may be at most ${PROMPT_LIMITS.maxPrompts} saved prompts.`);
        }
        await prompts.insert(prompt);
        return prompt;
      }),

    edit: (id, patch, seen) =>
      change(async () => {
        const before = await find(id);
        refuseChanged(seen, promptRevision(before));
        const after = withInput(before, patch);
        await prompts.update(after);
        return after;
      }),

    used: (id) =>
      change(async () => {
        const prompt = await prompts.get(id);
        if (prompt !== null) await prompts.update({ ...prompt, lastUsedAt: clock.now() });
      }),

    remove: (id, seen) =>
      change(async () => {
        if (seen !== undefined) refuseChanged(seen, promptRevision(await find(id)));
        await prompts.delete(id);
      }),
  };
}

/** @throws InputError with the problem of each field. */
function withInput(prompt: Prompt, input: Partial<PromptInput>): Prompt {
  const { name = prompt.name, text = prompt.text, system = prompt.system, model = prompt.model } = input;
  const { parameters = prompt.parameters } = input;
  const next = { ...prompt, name: name.trim(), text, system, model: model.trim(), parameters };
  const { nameMaxChars, textMaxChars, modelMaxChars, parametersMaxChars } = PROMPT_LIMITS;
  const tooLong = (value: string, most: number) =>
    value.length > most ? `give at most ${most} characters` : null;
  const problems: Record<string, string | null> = {
    name: next.name === "" ? "give a name" : textProblem(next.name, nameMaxChars),
    text: next.text.trim() === "" ? "give a text" : tooLong(next.text, textMaxChars),
    system: tooLong(next.system, textMaxChars),
    model: textProblem(next.model, modelMaxChars),
    parameters: tooLong(JSON.stringify(parameters), parametersMaxChars),
  };
  refuseProblems(
    Object.fromEntries(
      Object.entries(problems).filter((entry): entry is [string, string] => entry[1] !== null),
    ),
  );
  return next;
}
