import { priceLines } from "./setting-lines.ts";
import { map, Problem, type SettingType } from "./setting-types.ts";

/** USD for a million tokens, as people write it in `model_prices`. */
export interface OwnPrice {
  input: number;
  /** Of input tokens that came from a cache; `input` where it is absent. */
  cached_input?: number;
  output: number;
}

const NAMES = ["input", "cached_input", "output"];
const MAX_USD = 1_000_000;
const FORM =
  'give {"input": 0.5, "cached_input": 0.1, "output": 2}, in USD for a million tokens; cached_input may be left out';

/** By model, as clients name it. */
export function modelPrices(): SettingType<Readonly<Record<string, OwnPrice>>> {
  return map(readPrice, priceLines);
}

function readPrice(value: unknown): OwnPrice | Problem {
  if (typeof value !== "object" || value === null) return new Problem(FORM);
  const { input, cached_input, output } = value as Record<string, unknown>;
  if (Object.keys(value).some((name) => !NAMES.includes(name))) return new Problem(FORM);
  if (!isPrice(input) || !isPrice(output)) return new Problem(FORM);
  if (cached_input === undefined) return { input, output };
  return isPrice(cached_input) ? { input, cached_input, output } : new Problem(FORM);
}

function isPrice(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MAX_USD;
}
