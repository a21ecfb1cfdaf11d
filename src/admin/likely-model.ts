import type { PageContext } from "./page-context.ts";

/** Of the newest requests, among which one of a chat is looked for. */
const LOOKED_AT = 50;
const CHAT = "/chat/completions";

/** What the upstream at this host is likely to serve. */
const EXAMPLES: readonly [host: string, model: string][] = [
  ["googleapis.com", "gemini-2.5-flash"],
  ["openrouter.ai", "openai/gpt-4o-mini"],
  ["groq.com", "llama-3.3-70b-versatile"],
  ["anthropic.com", "claude-sonnet-4-5"],
  ["mistral.ai", "mistral-small-latest"],
];
const ANY_EXAMPLE = "gpt-4o-mini";

/** A model for an example that a new user copies. */
export function exampleModel(context: PageContext): string {
  const { apiEndpoint } = context.deps.operations.settings.current();
  return EXAMPLES.find(([host]) => apiEndpoint.includes(host))?.[1] ?? ANY_EXAMPLE;
}

/** The model that last answered in a chat; before there was one, an example. */
export async function likelyModel(context: PageContext): Promise<string> {
  const { logs } = context.deps.operations;
  const { data } = await logs.requests({ kind: "request", limit: LOOKED_AT, cursor: null });
  const last = data.find(({ endpoint, outcome, model }) => endpoint === CHAT && outcome === "ok" && model);
  return last?.model ?? exampleModel(context);
}
