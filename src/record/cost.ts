import { calcPrice, findProvider, type ModelPrice } from "@pydantic/genai-prices";
import type { Clock } from "../clock.ts";
import type { Usage } from "../types.ts";

/** USD for a million tokens, as the setting `model_prices` has them. */
interface OwnPrice {
  input: number;
  /** Of input tokens that came from a cache; `input` where it is absent. */
  cached_input?: number;
  output: number;
}

export interface CostDeps {
  clock: Pick<Clock, "now">;
  /** By model, as clients name it. */
  ownPrices(): Readonly<Record<string, OwnPrice>>;
  /** Null where the upstream is gone: then only an own price tells. */
  baseUrlOf(upstreamId: string): string | null;
}

/** USD; null where the price is not known. */
export type CostOf = (model: string | null, upstreamId: string, usage: Usage) => number | null;

/** Finding a price takes a quarter of a millisecond, and some change with the hour. */
const PRICE_KEPT_MS = 60_000;
const MAX_KEPT_PRICES = 1_000;
const MILLION = 1_000_000;

type Rates = Readonly<ModelPrice>;

/**
 * What a request costs: by the user's own price for its model, else by the list price of the provider at the upstream's
 * address. At an address that no provider has, such as a relay of one's own, by the list price of the model's maker.
 */
export function createCosts(deps: CostDeps): CostOf {
  const kept = new Map<string, { rates: Rates | null; until: number }>();

  function listRates(model: string, baseUrl: string): Rates | null {
    const now = deps.clock.now();
    const name = `${baseUrl} ${model}`;
    const found = kept.get(name);
    if (found !== undefined && now < found.until) return found.rates;
    if (kept.size >= MAX_KEPT_PRICES) kept.delete(kept.keys().next().value as string);
    const rates = findRates(model, baseUrl, now);
    kept.set(name, { rates, until: now + PRICE_KEPT_MS });
    return rates;
  }

  return (model, upstreamId, usage) => {
    if (model === null) return null;
    const own = deps.ownPrices();
    if (Object.hasOwn(own, model)) return costAt(ownRates(own[model] as OwnPrice), usage);
    const baseUrl = deps.baseUrlOf(upstreamId);
    const rates = baseUrl === null ? null : listRates(model, baseUrl);
    return rates === null ? null : costAt(rates, usage);
  };
}

function ownRates({ input, cached_input = input, output }: OwnPrice): Rates {
  return { input_mtok: input, cache_read_mtok: cached_input, output_mtok: output };
}

function findRates(model: string, baseUrl: string, now: number): Rates | null {
  const provider = findProvider({ providerApiUrl: baseUrl });
  const options = { timestamp: new Date(now), ...(provider === undefined ? {} : { provider }) };
  for (const name of namesOf(model)) {
    const found = calcPrice({ input_tokens: 1, output_tokens: 1 }, name, options);
    if (found !== null) return isByTokens(found.model_price) ? found.model_price : null;
  }
  return null;
}

/** `models/gemini-…` and `openai/gpt-…` are looked up under their last part too. */
function namesOf(model: string): string[] {
  const slash = model.lastIndexOf("/");
  return slash < 0 ? [model] : [model, model.slice(slash + 1)];
}

/** Audio by the hour, for one, cannot be told from tokens. */
function isByTokens(rates: Rates): boolean {
  return rates.input_mtok !== undefined || rates.output_mtok !== undefined;
}

/** As `calcPrice` does it, which takes 20 µs: each token is paid once, at the rate of what it is. */
function costAt(rates: Rates, usage: Usage): number {
  const { inputTokens, outputTokens } = usage;
  const cached = Math.min(usage.cachedTokens ?? 0, inputTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, inputTokens - cached);
  const reasoning = Math.min(usage.reasoningTokens ?? 0, outputTokens);
  const rate = (name: string, otherwise: string) =>
    rateFor(rates[name], inputTokens) ?? rateFor(rates[otherwise], inputTokens) ?? 0;
  return (
    ((inputTokens - cached - written) * rate("input_mtok", "input_mtok") +
      cached * rate("cache_read_mtok", "input_mtok") +
      written * rate("cache_write_mtok", "input_mtok") +
      (outputTokens - reasoning) * rate("output_mtok", "output_mtok") +
      reasoning * rate("output_reasoning_mtok", "output_mtok")) /
      MILLION +
    rate("requests_kcount", "requests_kcount") / 1_000
  );
}

/** Beyond a tier's start the whole request is paid at its price. */
function rateFor(rate: ModelPrice[string], inputTokens: number): number | undefined {
  if (typeof rate !== "object") return rate;
  const tiers = rate.tiers.filter(({ start }) => inputTokens > start);
  return tiers.toSorted((a, b) => a.start - b.start).at(-1)?.price ?? rate.base;
}
