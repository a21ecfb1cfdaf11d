import type { Clock } from "../clock.ts";
import type { Key, KeyEvent } from "../types.ts";
import type { Actor } from "./types.ts";

const MAX_DETAIL_CHARS = 500;

export function createEvent(
  clock: Clock,
  actor: Actor,
  event: string,
  detail = "",
  key: Pick<Key, "id" | "name"> | null = null,
): KeyEvent {
  return {
    id: clock.id(),
    at: clock.now(),
    event,
    keyId: key?.id ?? null,
    keyName: key?.name ?? null,
    detail: detail.length <= MAX_DETAIL_CHARS ? detail : `${detail.slice(0, MAX_DETAIL_CHARS - 1)}…`,
    actor,
  };
}

/** `weight: 1 → 5; tags: none → a, b` for those of `names` that differ; empty where none does. */
export function describeChanges<Thing extends object>(
  before: Thing,
  after: Thing,
  names: { field: keyof Thing; wireName: string }[],
): string {
  return names
    .map(({ field, wireName }) => ({ wireName, from: shown(before[field]), to: shown(after[field]) }))
    .filter(({ from, to }) => from !== to)
    .map(({ wireName, from, to }) => `${wireName}: ${from} → ${to}`)
    .join("; ");
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
