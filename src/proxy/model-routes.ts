import type { Ask } from "../pool/pool.ts";
import type { KeyRank } from "./models.ts";

/** One way to serve a request: this model, at this upstream where one was named. */
export interface ModelRoute {
  /** Null: the request names none. */
  model: string | null;
  /** Null: any upstream. */
  upstreamId: string | null;
}

/** What `model_aliases` may lead to: a model's name alone, or with the upstream that is to serve it. */
export type AliasTarget = string | { model: string; upstream?: string };

export interface ModelNames {
  modelAliases: Readonly<Record<string, AliasTarget>>;
  modelFallbacks: Readonly<Record<string, readonly string[]>>;
}

export interface KnownModels {
  /** Whether some upstream lists this very id. */
  isListed(model: string): boolean;
  /** An upstream by its name, upper and lower case alike; null where there is none. */
  upstreamNamed(name: string): string | null;
}

/** At least one. */
export type ModelRoutes = readonly [ModelRoute, ...ModelRoute[]];

const NO_MODEL: ModelRoutes = [{ model: null, upstreamId: null }];

/**
 * The ways to serve what a client asked for, in order: what it asked for or its alias, then the fallbacks of either.
 * A fallback may itself be an alias, but aliases do not lead to aliases.
 */
export function modelRoutes(asked: string | null, names: ModelNames, known: KnownModels): ModelRoutes {
  if (asked === null) return NO_MODEL;
  const first = routeOf(asked, names, known);
  const substitutes = own(names.modelFallbacks, asked) ?? own(names.modelFallbacks, first.model ?? "") ?? [];
  return [first, ...substitutes.map((model) => routeOf(model, names, known))];
}

/** What a route asks of the pool. */
export function guideOf(
  { model, upstreamId }: ModelRoute,
  models: { rank(model: string): KeyRank | null },
): Pick<Ask, "model" | "rank" | "mayUse"> {
  return {
    model,
    rank: model === null ? null : models.rank(model),
    mayUse: upstreamId === null ? null : (_, ofKey) => ofKey === upstreamId,
  };
}

function routeOf(asked: string, names: ModelNames, known: KnownModels): ModelRoute {
  const target = own(names.modelAliases, asked);
  if (target === undefined) return expressRoute(asked, known);
  if (typeof target === "string") return expressRoute(target, known);
  const upstreamId = target.upstream === undefined ? null : known.upstreamNamed(target.upstream);
  return { model: target.model, upstreamId };
}

/** `NAME/model` means an upstream only where none lists the whole id: `openai/gpt-4o` is a model at OpenRouter. */
function expressRoute(model: string, known: KnownModels): ModelRoute {
  const slash = model.indexOf("/");
  if (slash <= 0 || slash === model.length - 1) return { model, upstreamId: null };
  const upstreamId = known.upstreamNamed(model.slice(0, slash));
  if (upstreamId === null || known.isListed(model)) return { model, upstreamId: null };
  return { model: model.slice(slash + 1), upstreamId };
}

function own<Value>(map: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
