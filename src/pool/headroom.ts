import type { Headroom, Room } from "./types.ts";

/** Models for which a key remembers what its headers told; beyond it the oldest is forgotten. */
const MAX_MODELS = 32;

interface KnownRoom {
  remaining: number;
  limit: number | null;
  /** Monotonic ms; from then on nothing is known any more. */
  resetAt: number;
}

interface Known {
  requests: KnownRoom | null;
  tokens: KnownRoom | null;
}

/** What a key's provider has told of its limits, by model: most of them count each model apart. */
export class LearntHeadroom {
  #byModel = new Map<string, Known>();

  learn(model: string, { requests, tokens }: Headroom, now: number): void {
    this.#byModel.delete(model);
    if (this.#byModel.size >= MAX_MODELS) {
      for (const oldest of this.#byModel.keys()) {
        this.#byModel.delete(oldest);
        break;
      }
    }
    this.#byModel.set(model, { requests: known(requests, now), tokens: known(tokens, now) });
  }

  forget(): void {
    this.#byModel.clear();
  }

  /**
   * Until when every request that is left is spoken for by those that the provider may not have counted yet; 0 where
   * there is room.
   */
  fullUntil(model: string, unanswered: number, now: number): number {
    const room = this.#byModel.get(model)?.requests ?? null;
    return room !== null && room.resetAt > now && room.remaining <= unanswered ? room.resetAt : 0;
  }

  /** The share that is left, 0 to 1; where nothing is known any more, all. */
  share(model: string, unanswered: number, now: number): number {
    const found = this.#byModel.get(model);
    if (found === undefined) return 1;
    return Math.min(shareOf(found.requests, unanswered, now), shareOf(found.tokens, 0, now));
  }
}

function known(room: Room | null, now: number): KnownRoom | null {
  if (room === null || room.resetMs === null) return null;
  return { remaining: room.remaining, limit: room.limit, resetAt: now + room.resetMs };
}

/** Without a limit beside it, a remainder says only whether there is one. */
function shareOf(room: KnownRoom | null, unanswered: number, now: number): number {
  if (room === null || room.resetAt <= now) return 1;
  const left = Math.max(0, room.remaining - unanswered);
  return room.limit === null || room.limit <= 0 ? Math.min(1, left) : Math.min(1, left / room.limit);
}

/** Of an answer that says that nothing is left: until when, in ms; 0 where there is something. */
export function emptyForMs({ requests, tokens }: Headroom): number {
  let ms = 0;
  for (const room of [requests, tokens]) {
    if (room !== null && room.remaining <= 0) ms = Math.max(ms, room.resetMs ?? 0);
  }
  return ms;
}
