import type { AuthStyle } from "../src/types.ts";

/** A known provider, with what is particular to it (`upstream/presets.ts`). */
export interface UpstreamPreset {
  name: string;
  baseUrl: string;
  authStyle: AuthStyle;
  keysUrl: string;
  note?: string;
  ownParts?: Readonly<Record<string, string>>;
  modelsAt?: string;
  query?: string | null;
  headers?: readonly (readonly [name: string, value: string])[];
  pathAuth?: readonly (readonly [prefix: string, style: AuthStyle])[];
  takesStreamOptions?: boolean;
}

/** How an upstream takes its key. */
export const AUTH_STYLE_WORDS: Record<AuthStyle, string> = {
  bearer: "Authorization: Bearer",
  "x-api-key": "x-api-key",
  "api-key": "api-key",
  "x-goog-api-key": "x-goog-api-key",
};

/** The parts of a preset's base URL that are one's own, as `ACCOUNT_ID`. */
export function ownPartsOf({ ownParts }: Pick<UpstreamPreset, "ownParts">): [part: string, help: string][] {
  return Object.entries(ownParts ?? {});
}

/** In what a provider differs, each as a sentence: what the program does about it by itself, and what to know. */
export function presetFacts(preset: UpstreamPreset): string[] {
  const facts: string[] = [];
  if (preset.note !== undefined) facts.push(preset.note);
  if (preset.authStyle !== "bearer") facts.push(`Takes the key in the header ${preset.authStyle}.`);
  for (const [prefix, style] of preset.pathAuth ?? [])
    facts.push(`Takes the key in ${style} below ${prefix}.`);
  if (preset.query != null) facts.push(`Every call gets ${preset.query} where the client sends none.`);
  for (const [name, value] of preset.headers ?? [])
    facts.push(`Every call gets ${name}: ${value} where the client sends none.`);
  if (preset.modelsAt !== undefined) facts.push(`Its models are read from ${preset.modelsAt}.`);
  if (preset.takesStreamOptions === false)
    facts.push("Tells usage in every stream by itself, so it is not asked for.");
  return facts;
}

/** What to do after a test that came out so; empty where the message says it all. */
export function testAdvice(outcome: string, status: number | null): string {
  if (status === null && outcome !== "ok")
    return "Check the base URL, and whether it can be reached from here.";
  if (status === 404) return "Check the path of the base URL: most end in /v1.";
  return (Object.hasOwn(ADVICE, outcome) ? ADVICE[outcome] : undefined) ?? "";
}

const ADVICE: Record<string, string> = {
  invalid_key: "The host is there: give it a key that works.",
  forbidden_key: "The host is there, but this key may not list models: look at its permissions.",
  no_credit: "The host is there: top the account up.",
  rate_limited: "The host is there: wait, or test with another key.",
  quota_exhausted: "The host is there: wait, or test with another key.",
  not_an_api_answer: "Something answers there, but no such API: check the path of the base URL.",
  upstream_timeout: "Try again; if it stays so, look at the provider's status page.",
  overloaded: "Try again in a moment.",
  upstream_error: "Try again; if it stays so, look at the provider's status page.",
};
