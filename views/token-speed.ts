import type { RequestRecord } from "../src/types.ts";
import { exact } from "./format.ts";

/** Output tokens a second between a stream's first and last byte; null where that cannot be told. */
export function tokenSpeed({ stream, outputTokens, durationMs, ttftMs }: RequestRecord): string | null {
  const streamedMs = durationMs - (ttftMs ?? 0);
  if (!stream || outputTokens === null || streamedMs <= 0) return null;
  return `${exact(Math.round((1_000 * outputTokens) / streamedMs))} tokens/s`;
}
