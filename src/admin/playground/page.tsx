import type { FinishedTurnProps } from "../../../views/components/chat-turn.tsx";
import type { PromptListProps } from "../../../views/components/prompt-list.tsx";
import {
  CodeParts,
  ModelOptions,
  PlaygroundForm,
  type PlaygroundFormProps,
  PlaygroundPage,
  type PlaygroundState,
} from "../../../views/playground.tsx";
import { occursIn } from "../../operations/list-page.ts";
import { InputError, NotFoundError } from "../../types.ts";
import { likelyModel } from "../likely-model.ts";
import type { PageContext } from "../page-context.ts";
import { readForm } from "../page-form.ts";
import { htmlResponse, page } from "../render.tsx";
import { BLANK, bodyOf, readState, stateOf, throughOf } from "./form.ts";

/** Of the keys to choose from; further ones are chosen on their own page. */
const MAX_KEYS = 200;
const INFO = { title: "Playground", section: "/playground", assets: ["htmx-sse.js"] } as const;

export async function showPlayground(context: PageContext): Promise<Response> {
  const { searchParams } = context.url;
  const promptId = searchParams.get("prompt");
  const start = promptId === null ? BLANK : stateOf(await context.deps.operations.prompts.get(promptId));
  const keyId = searchParams.get("key");
  const model = searchParams.get("model") ?? (start.model || (await likelyModel(context)));
  const state = { ...start, model };
  return playgroundPage(context, { ...state, ...(keyId !== null && { through: `key:${keyId}` }) });
}

/** The whole page. `latest`: a turn that ended just now. */
export async function playgroundPage(
  context: PageContext,
  state: PlaygroundState,
  extra: { errors?: Record<string, string>; latest?: FinishedTurnProps; promptError?: string } = {},
): Promise<Response> {
  const form = { ...(await formProps(context, state, extra.errors)), latest: extra.latest };
  const prompts = await promptListProps(context, state, extra.promptError);
  const status = extra.errors === undefined && extra.promptError === undefined ? 200 : 422;
  return page(context, { ...INFO, status }, <PlaygroundPage form={form} prompts={prompts} />);
}

export async function formProps(
  context: PageContext,
  state: PlaygroundState,
  errors: Record<string, string> = {},
): Promise<PlaygroundFormProps> {
  const { operations } = context.deps;
  const keys = (await operations.keys.list({ sort: "name", limit: MAX_KEYS })).data;
  const { keyId } = throughOf(state.through);
  if (keyId !== null && !keys.some(({ id }) => id === keyId)) {
    const key = await operations.keys.get(keyId).catch(ignoreMissing);
    if (key !== null) keys.push(key);
  }
  return {
    state,
    errors,
    pools: await operations.pools.list(),
    keys: keys.map(({ id, name }) => ({ id, name })),
    sample: await sampleOf(context, state),
  };
}

function ignoreMissing(error: unknown): null {
  if (error instanceof NotFoundError) return null;
  throw error;
}

/** The request as one would make it from elsewhere; what is not valid yet is left out. */
async function sampleOf({ deps, request, url }: PageContext, state: PlaygroundState) {
  const { poolId } = throughOf(state.through);
  const pool =
    poolId === null ? undefined : (await deps.operations.pools.list()).find(({ id }) => id === poolId);
  const scheme = deps.clientOf(request).https ? "https" : "http";
  const path = pool === undefined ? "/v1" : `/pools/${encodeURIComponent(pool.name)}/v1`;
  let body: Record<string, unknown>;
  try {
    body = bodyOf(state);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    body = bodyOf({ ...state, temperature: "", max_tokens: "", top_p: "", more: "" });
  }
  return { base: `${scheme}://${url.host}${path}`, body };
}

export async function promptListProps(
  context: PageContext,
  { promptId, promptName }: Pick<PlaygroundState, "promptId" | "promptName">,
  error?: string,
): Promise<PromptListProps> {
  const prompts = await context.deps.operations.prompts.list();
  const q = context.url.searchParams.get("prompts_q") ?? "";
  const isThere = prompts.some(({ id }) => id === promptId);
  return {
    prompts: prompts.filter(({ name, text }) => occursIn(q, [name, text])),
    total: prompts.length,
    q,
    current: { id: isThere ? promptId : "", name: promptName },
    error,
    reader: context.reader,
  };
}

/** The same settings, without what was said. */
export async function newChat(context: PageContext): Promise<Response> {
  const state = { ...readState(await readForm(context.request)), turns: [], message: "" };
  if (context.part === null) return playgroundPage(context, state);
  return htmlResponse(<PlaygroundForm {...(await formProps(context, state))} />);
}

export async function showCode(context: PageContext): Promise<Response> {
  const state = readState(await readForm(context.request));
  return htmlResponse(<CodeParts sample={await sampleOf(context, state)} />);
}

/** Asked for after the page is there: upstreams may take their time. */
export async function listModels({ deps, request }: PageContext): Promise<Response> {
  deps.keepOpen(request);
  return htmlResponse(<ModelOptions models={await deps.playground.models()} />);
}
