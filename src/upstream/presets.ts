import type { AuthStyle } from "../types.ts";

export interface Preset {
  name: string;
  /** As documented by the provider for OpenAI-compatible clients; no trailing slash. */
  baseUrl: string;
  authStyle: AuthStyle;
  /** Where a person gets a key; empty where none is needed. */
  keysUrl: string;
}

/** Providers that people choose from; anything else is given by its base URL. */
export const presets: readonly Preset[] = [
  {
    name: "Google AI Studio",
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
    name: "OpenRouter",
    baseUrl: "https://openrouter.ai/api/v1",
    authStyle: "bearer",
    keysUrl: "https://openrouter.ai/settings/keys",
  },
  {
    // The OpenAI-compatible endpoint takes the key as Bearer; Anthropic's own paths want x-api-key.
    name: "Anthropic",
    baseUrl: "https://api.anthropic.com/v1",
    authStyle: "bearer",
    keysUrl: "https://console.anthropic.com/settings/keys",
  },
  {
    name: "Mistral",
    baseUrl: "https://api.mistral.ai/v1",
    authStyle: "bearer",
    keysUrl: "https://console.mistral.ai/api-keys",
  },
  {
    name: "Groq",
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
  {
    name: "xAI",
    baseUrl: "https://api.x.ai/v1",
    authStyle: "bearer",
    keysUrl: "https://console.x.ai",
  },
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
    baseUrl: "https://integrate.api.nvidia.com/v1",
    authStyle: "bearer",
    keysUrl: "https://build.nvidia.com",
  },
  {
    name: "Ollama on this machine",
    baseUrl: "http://127.0.0.1:11434/v1",
    authStyle: "bearer",
    keysUrl: "",
  },
];
