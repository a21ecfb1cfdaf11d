import type { Headroom, Room } from "../pool/types.ts";
import type { HeaderList } from "../upstream/types.ts";
import { parseWait } from "./stated-wait.ts";

/**
 * What the names of such headers have in common: `x-ratelimit-remaining-requests` (OpenAI, Groq, Azure, Together),
 * `x-ratelimit-remaining-requests-day` (Cerebras), `anthropic-ratelimit-requests-remaining`, `x-ratelimit-remaining`
 * (OpenRouter), `ratelimit-remaining`.
 */
const MARK = "ratelimit-";
const PARTS = ["remaining", "limit", "reset"] as const;
type Part = (typeof PARTS)[number];
type Window = Partial<Record<Part, string>>;

/** Absurd waits say nothing. */
const LONGEST_RESET_MS = 26 * 3_600_000;

/**
 * What an answer's headers tell of the provider's own limits, of requests and of tokens; of several windows the one
 * with the least left. Null where they tell nothing.
 * @param now Wall clock, epoch ms.
 */
export function headroomIn(headers: HeaderList, now: number): Headroom | null {
  let windows: Map<string, Window> | null = null;
  for (const [name, value] of headers) {
    const at = name.indexOf(MARK);
    if (at < 0) continue;
    const words = name.slice(at + MARK.length).split("-");
    const part = PARTS.find((one) => words.includes(one));
    if (part === undefined) continue;
    const window = words.filter((word) => word !== part).join("-");
    windows ??= new Map();
    const known = windows.get(window);
    if (known === undefined) windows.set(window, { [part]: value });
    else known[part] = value;
  }
  if (windows === null) return null;
  const headroom: Headroom = { requests: null, tokens: null };
  for (const [name, window] of windows) {
    const room = roomOf(window, now);
    if (room === null) continue;
    const kind = name.includes("token") ? "tokens" : "requests";
    headroom[kind] = scarcer(headroom[kind], room);
  }
  return headroom.requests === null && headroom.tokens === null ? null : headroom;
}

function roomOf({ remaining, limit, reset }: Window, now: number): Room | null {
  const left = count(remaining);
  if (left === null) return null;
  const resetMs = reset === undefined ? null : parseWait(reset, now);
  const isHonest = resetMs !== null && resetMs > 0 && resetMs <= LONGEST_RESET_MS;
  return { remaining: left, limit: count(limit), resetMs: isHonest ? Math.ceil(resetMs) : null };
}

/** An unlimited plan states a negative number, or one of no meaning. */
function count(value: string | undefined): number | null {
  if (value === undefined || !/^\s*\d{1,15}(?:\.\d{1,6})?\s*$/.test(value)) return null;
  return Number(value);
}

function scarcer(a: Room | null, b: Room): Room {
  if (a === null) return b;
  const share = ({ remaining, limit }: Room) =>
    limit === null || limit === 0 ? remaining : remaining / limit;
  return share(a) <= share(b) ? a : b;
}
