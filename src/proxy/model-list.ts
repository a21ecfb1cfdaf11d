import type { JsonObject } from "./error-shapes.ts";
import { isObject, parseJson } from "./error-shapes.ts";

/** One model as its upstream describes it. */
export interface ListedModel {
  id: string;
  /** As it came; at least its `id`. */
  entry: JsonObject;
}

/** Longer lists are cut: no provider serves so many. */
const MAX_MODELS_PER_KEY = 5_000;
const LONGEST_ID_CHARS = 200;

/**
 * The models in an answer to `GET /models`; null where it is no list. Most providers answer `{"data":[…]}`, Together
 * and GitHub Models a bare list, Ollama's and Cloudflare's own paths `{"models":[…]}` and `{"result":[…]}`.
 */
export function modelsIn(text: string): ListedModel[] | null {
  const json = parseJson(text);
  const list = Array.isArray(json) ? json : isObject(json) ? (json.data ?? json.models ?? json.result) : null;
  if (!Array.isArray(list)) return null;
  const models: ListedModel[] = [];
  for (const item of list.slice(0, MAX_MODELS_PER_KEY)) {
    const named = isObject(item) ? (item.id ?? item.name) : item;
    if (typeof named !== "string" || named === "" || named.length > LONGEST_ID_CHARS) continue;
    models.push({ id: named, entry: isObject(item) ? { ...item, id: named } : describe(named) });
  }
  return models;
}

/** As OpenAI's API describes a model. */
export function describe(id: string): JsonObject {
  return { id, object: "model", created: 0, owned_by: "unknown" };
}

/** Google lists `models/gemini-…` and is asked for `gemini-…`: one model. */
export function plainId(id: string): string {
  return id.startsWith("models/") ? id.slice(7) : id;
}
