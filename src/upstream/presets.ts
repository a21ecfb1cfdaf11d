import type { AuthStyle } from "../types.ts";

export interface Preset extends Partial<Quirks> {
  name: string;
  /** As documented by the provider for OpenAI-compatible clients; no trailing slash. A part in capitals is one's own. */
  baseUrl: string;
  authStyle: AuthStyle;
  /** Where a person gets a key; empty where none is needed. */
  keysUrl: string;
  /** What else a person should know before choosing it; a sentence or two. */
  note?: string;
  /** How to find what stands in capitals in `baseUrl`, by that word. */
  ownParts?: Readonly<Record<string, string>>;
  /** Which base URLs are of this provider, where it is not known by the host of `baseUrl` alone. */
  matches?: RegExp;
}

/** In what a provider differs from OpenAI; it is recognised by its base URL. */
export interface Quirks {
  /** Where its models are listed, relative to the base URL. */
  modelsAt: string;
  /** A query parameter that every call needs, added where the client sends none of that name. */
  query: string | null;
  /** Headers that every call needs, added in the same way. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Paths, by their beginning, that take the key in another way than the upstream as a whole. */
  pathAuth: readonly (readonly [prefix: string, style: AuthStyle])[];
  /** False: it answers `stream_options` in a chat request with an error. */
  takesStreamOptions: boolean;
}

const LIKE_OPENAI: Quirks = {
  modelsAt: "models",
  query: null,
  headers: [],
  pathAuth: [],
  takesStreamOptions: true,
};

/** Providers that people choose from; anything else is given by its base URL. */
export const presets: readonly Preset[] = [
  {
    name: "Google AI Studio",
    note: "Limits count by project and model, so keys of one project share them: use one key a project.",
    baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai",
    authStyle: "bearer",
    keysUrl: "https://aistudio.google.com/apikey",
  },
  {
    name: "OpenAI",
    baseUrl: "https://api.openai.com/v1",
    authStyle: "bearer",
    keysUrl: "https://platform.openai.com/api-keys",
  },
  {
    // The unversioned v1 API. Deployments of the older kind are a base URL of their own and want an api-version.
    name: "Azure OpenAI",
    note: "A model is named as its deployment is.",
    ownParts: { RESOURCE: "the first part of the endpoint on the page Keys and Endpoint" },
    baseUrl: "https://RESOURCE.openai.azure.com/openai/v1",
    authStyle: "api-key",
    keysUrl: "https://ai.azure.com",
    matches: /^https:\/\/[^/]+\.(?:openai|services\.ai|cognitiveservices)\.azure\.com\/openai\/v1$/,
  },
  {
    name: "Azure OpenAI deployment",
    note: "One deployment serves one model; each is an upstream of its own.",
    ownParts: {
      RESOURCE: "the first part of the endpoint on the page Keys and Endpoint",
      DEPLOYMENT: "the name that was given to the deployment",
    },
    baseUrl: "https://RESOURCE.openai.azure.com/openai/deployments/DEPLOYMENT",
    authStyle: "api-key",
    keysUrl: "https://ai.azure.com",
    matches: /\/openai\/deployments\/[^/]+$/,
    modelsAt: "../../models",
    query: "api-version=2024-10-21",
  },
  {
    name: "OpenRouter",
    note: "Serves models of many providers; their ids hold a slash, as openai/gpt-4o.",
    baseUrl: "https://openrouter.ai/api/v1",
    authStyle: "bearer",
    keysUrl: "https://openrouter.ai/settings/keys",
  },
  {
    // Its OpenAI-compatible path takes the key as Bearer; its own paths want x-api-key and a version.
    name: "Anthropic",
    note: "Chat completions and its own messages; no embeddings, audio or images.",
    baseUrl: "https://api.anthropic.com/v1",
    authStyle: "bearer",
    keysUrl: "https://console.anthropic.com/settings/keys",
    modelsAt: "models?limit=1000",
    headers: [["anthropic-version", "2023-06-01"]],
    pathAuth: [
      ["/messages", "x-api-key"],
      ["/models", "x-api-key"],
      ["/files", "x-api-key"],
    ],
  },
  {
    name: "Mistral",
    baseUrl: "https://api.mistral.ai/v1",
    authStyle: "bearer",
    keysUrl: "https://console.mistral.ai/api-keys",
    // It tells usage in every stream, and refuses fields that it does not know (422).
    takesStreamOptions: false,
  },
  {
    name: "Groq",
    note: "Limits count by organisation, so further keys of the same one add nothing.",
    baseUrl: "https://api.groq.com/openai/v1",
    authStyle: "bearer",
    keysUrl: "https://console.groq.com/keys",
  },
  {
    name: "Cerebras",
    baseUrl: "https://api.cerebras.ai/v1",
    authStyle: "bearer",
    keysUrl: "https://cloud.cerebras.ai",
  },
  {
    name: "DeepSeek",
    baseUrl: "https://api.deepseek.com/v1",
    authStyle: "bearer",
    keysUrl: "https://platform.deepseek.com/api_keys",
  },
  { name: "xAI", baseUrl: "https://api.x.ai/v1", authStyle: "bearer", keysUrl: "https://console.x.ai" },
  {
    name: "Together",
    baseUrl: "https://api.together.xyz/v1",
    authStyle: "bearer",
    keysUrl: "https://api.together.ai/settings/api-keys",
  },
  {
    name: "Fireworks",
    baseUrl: "https://api.fireworks.ai/inference/v1",
    authStyle: "bearer",
    keysUrl: "https://fireworks.ai/account/api-keys",
  },
  {
    name: "NVIDIA",
    note: "Free credits are used up, not renewed.",
    baseUrl: "https://integrate.api.nvidia.com/v1",
    authStyle: "bearer",
    keysUrl: "https://build.nvidia.com",
  },
  {
    name: "GitHub Models",
    note: "The token needs the permission models: read.",
    baseUrl: "https://models.github.ai/inference",
    authStyle: "bearer",
    keysUrl: "https://github.com/settings/personal-access-tokens",
    modelsAt: "../catalog/models",
  },
  {
    name: "Hugging Face",
    note: "The token needs the permission to call inference providers.",
    baseUrl: "https://router.huggingface.co/v1",
    authStyle: "bearer",
    keysUrl: "https://huggingface.co/settings/tokens",
  },
  {
    name: "Cloudflare Workers AI",
    note: "The token needs the permission Workers AI: read.",
    ownParts: { ACCOUNT_ID: "32 hexadecimal digits, in the address of the dashboard" },
    baseUrl: "https://api.cloudflare.com/client/v4/accounts/ACCOUNT_ID/ai/v1",
    authStyle: "bearer",
    keysUrl: "https://dash.cloudflare.com/profile/api-tokens",
    matches: /^https:\/\/api\.cloudflare\.com\/client\/v4\/accounts\/[^/]+\/ai\/v1$/,
    modelsAt: "../models/search?per_page=1000",
  },
  {
    name: "Ollama on this machine",
    note: "Needs no key: add one of any eight characters.",
    baseUrl: "http://127.0.0.1:11434/v1",
    authStyle: "bearer",
    keysUrl: "",
  },
  {
    name: "vLLM on this machine",
    note: "Needs a key only where it was started with --api-key; else add one of any eight characters.",
    baseUrl: "http://127.0.0.1:8000/v1",
    authStyle: "bearer",
    keysUrl: "",
  },
  {
    name: "LM Studio on this machine",
    note: "Start its server first. Needs no key: add one of any eight characters.",
    baseUrl: "http://127.0.0.1:1234/v1",
    authStyle: "bearer",
    keysUrl: "",
  },
  {
    name: "llama.cpp on this machine",
    note: "Needs a key only where llama-server was started with --api-key; else add one of any eight characters.",
    baseUrl: "http://127.0.0.1:8080/v1",
    authStyle: "bearer",
    keysUrl: "",
  },
];

/** The provider of a base URL; null where it is none of those that are known. */
export function presetFor(baseUrl: string): Preset | null {
  return (
    presets.find((preset) => preset.baseUrl === baseUrl) ??
    presets.find(({ matches }) => matches?.test(baseUrl) === true) ??
    presets.find((preset) => preset.matches === undefined && hostOf(preset.baseUrl) === hostOf(baseUrl)) ??
    null
  );
}

const known = new Map<string, Quirks>();
const MAX_KNOWN = 1_000;

export function quirksOf(baseUrl: string): Quirks {
  let quirks = known.get(baseUrl);
  if (quirks === undefined) {
    quirks = { ...LIKE_OPENAI, ...presetFor(baseUrl) };
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(baseUrl, quirks);
  }
  return quirks;
}

function hostOf(baseUrl: string): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : "";
}
