import type { Usage } from "../types.ts";

/** A usage object is never longer; what claims to be is not looked at. */
const LONGEST_USAGE_BYTES = 16_384;
const MARK = '"usage"';

/**
 * The last usage of a JSON text (an answer, or some events), or null. A quote inside a string is escaped in JSON, so
 * the mark cannot be the model's own words.
 */
export function usageIn(text: string): Usage | null {
  let found: Usage | null = null;
  for (let at = text.lastIndexOf(MARK); at >= 0; at = text.lastIndexOf(MARK, at - 1)) {
    const usage = usageAt(text, at + MARK.length);
    if (usage !== null) found = completed(usage, found);
    if (at === 0 || (found !== null && found.inputTokens > 0)) break;
  }
  return found;
}

/** Anthropic tells the input as a stream begins and the output as it ends: what the later one lacks, the earlier has. */
export function completed(earlier: Usage | null, later: Usage | null): Usage | null {
  if (earlier === null || later === null) return later ?? earlier;
  const hasInput = later.inputTokens > 0;
  return {
    inputTokens: hasInput ? later.inputTokens : earlier.inputTokens,
    outputTokens: later.outputTokens > 0 ? later.outputTokens : earlier.outputTokens,
    cachedTokens: hasInput ? later.cachedTokens : earlier.cachedTokens,
    reasoningTokens: later.reasoningTokens ?? earlier.reasoningTokens,
    cacheWriteTokens: (hasInput ? later : earlier).cacheWriteTokens ?? null,
  };
}

function usageAt(text: string, from: number): Usage | null {
  const open = skipTo(text, from);
  if (open < 0) return null;
  const end = closingBrace(text, open);
  if (end < 0) return null;
  try {
    return parseUsage(JSON.parse(text.slice(open, end + 1)));
  } catch {
    return null;
  }
}

/** Where the object after `"usage"` opens; -1 where something else follows, such as `null`. */
function skipTo(text: string, from: number): number {
  let place = from;
  let colons = 0;
  for (; place < text.length; place += 1) {
    const char = text[place];
    if (char === "{") return colons === 1 ? place : -1;
    if (char === ":") colons += 1;
    else if (char !== " " && char !== "\n" && char !== "\r" && char !== "\t") return -1;
  }
  return -1;
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  const limit = Math.min(text.length, open + LONGEST_USAGE_BYTES);
  for (let place = open; place < limit; place += 1) {
    const char = text[place];
    if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return place;
    }
  }
  return -1;
}

/**
 * OpenAI's chat form, the Responses form and Anthropic's; what is no number counts as absent. All input tokens are
 * counted as input, cached ones too, and all output tokens as output, with those of reasoning: Anthropic's
 * `input_tokens` leaves the cached ones out, Google's and xAI's `completion_tokens` those of reasoning (their
 * `total_tokens` has them).
 */
function parseUsage(value: unknown): Usage | null {
  const prompt = count(value, "prompt_tokens");
  const input = prompt ?? count(value, "input_tokens");
  const output = count(value, "completion_tokens") ?? count(value, "output_tokens");
  if (input === null && output === null) return null;
  const read = count(value, "cache_read_input_tokens");
  const written = count(value, "cache_creation_input_tokens");
  const beside = prompt === null ? (read ?? 0) + (written ?? 0) : 0;
  const stated =
    count(member(value, "completion_tokens_details"), "reasoning_tokens") ??
    count(member(value, "output_tokens_details"), "reasoning_tokens");
  const hidden = prompt === null ? 0 : (count(value, "total_tokens") ?? 0) - prompt - (output ?? 0);
  const isLeftOut = hidden > 0 && (stated === null || stated === hidden);
  return {
    inputTokens: (input ?? 0) + beside,
    outputTokens: (output ?? 0) + (isLeftOut ? hidden : 0),
    cachedTokens:
      count(member(value, "prompt_tokens_details"), "cached_tokens") ??
      count(member(value, "input_tokens_details"), "cached_tokens") ??
      read ??
      count(value, "prompt_cache_hit_tokens"),
    reasoningTokens: stated ?? (isLeftOut ? hidden : null),
    cacheWriteTokens: written,
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function count(value: unknown, name: string): number | null {
  const found = member(value, name);
  return typeof found === "number" && Number.isFinite(found) && found >= 0 ? Math.round(found) : null;
}
