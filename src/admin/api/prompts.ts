import { t } from "elysia";
import { listPage, occursIn, type Sorts } from "../../operations/list-page.ts";
import { PROMPT_LIMITS } from "../../operations/prompts.ts";
import { promptRevision } from "../../operations/revision.ts";
import type { PromptOperations } from "../../operations/types.ts";
import type { Prompt } from "../../types.ts";
import { pageJson, promptJson } from "../present.ts";
import { pageOf, promptAnswer } from "./answers.ts";
import { Revised, type Route, route } from "./route.ts";
import { body, lineField, listFields, sortField } from "./schemas.ts";

const SORTS: Sorts<Prompt> = {
  created_at: (prompt) => prompt.createdAt,
  name: (prompt) => prompt.name.toLowerCase(),
  last_used_at: (prompt) => prompt.lastUsedAt ?? 0,
};

const { nameMaxChars, textMaxChars, modelMaxChars } = PROMPT_LIMITS;
const nameField = lineField(nameMaxChars, ["Triage a 429"]);
const textField = lineField(textMaxChars, ["Why was my request refused?"]);
const otherFields = {
  system: t.Optional(lineField(textMaxChars, ["Answer briefly."])),
  model: t.Optional(lineField(modelMaxChars, ["gpt-4o"])),
  parameters: t.Optional(
    t.Object(
      {},
      {
        additionalProperties: true,
        description: "an object with further fields of the request's body",
        examples: [{ temperature: 0.7 }],
      },
    ),
  ),
};

const shown = (prompt: Prompt) => new Revised(promptJson(prompt), promptRevision(prompt));

export function promptRoutes(prompts: PromptOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/prompts",
      summary: "Lists the playground's saved prompts",
      query: t.Object({ ...listFields, sort: sortField(SORTS) }),
      answer: pageOf(promptAnswer),
      async handle({ query }) {
        const found = (await prompts.list()).filter(({ name, text }) => occursIn(query.q, [name, text]));
        return pageJson(listPage(found, SORTS, query), promptJson);
      },
    }),
    route({
      method: "POST",
      path: "/prompts",
      summary: "Saves a prompt",
      detail: "The playground offers it to everybody; `parameters` are further fields of the request's body.",
      body: body({ name: nameField, text: textField, ...otherFields }),
      status: 201,
      revised: true,
      answer: promptAnswer,
      handle: async ({ body: given }) => shown(await prompts.add(given)),
    }),
    route({
      method: "GET",
      path: "/prompts/:id",
      summary: "One saved prompt",
      revised: true,
      answer: promptAnswer,
      handle: async ({ id }) => shown(await prompts.get(id)),
    }),
    route({
      method: "PATCH",
      path: "/prompts/:id",
      summary: "Changes a saved prompt",
      revised: true,
      body: body({ name: t.Optional(nameField), text: t.Optional(textField), ...otherFields }),
      answer: promptAnswer,
      handle: async ({ id, body: given, seen }) => shown(await prompts.edit(id, given, seen)),
    }),
    route({
      method: "DELETE",
      path: "/prompts/:id",
      summary: "Deletes a saved prompt",
      revised: true,
      handle: ({ id, seen }) => prompts.remove(id, seen),
    }),
  ];
}
