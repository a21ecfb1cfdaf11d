import type { Strategy } from "../src/types.ts";

/** What each strategy does with a request, in one sentence. */
export const STRATEGY_SENTENCES: Record<Strategy, string> = {
  round_robin: "Each available key in turn, a few requests each.",
  random: "Any available key, by chance.",
  least_connections: "The key with the fewest requests under way.",
  least_latency: "The key whose first byte came soonest lately.",
  most_headroom: "The key with the most left of its limits.",
  weighted: "Keys in proportion to their weights.",
  fill_first: "The first key until it is at a limit, then the next.",
  prompt_affinity: "The same conversation to the same key, so that the provider's prompt cache is used.",
};
