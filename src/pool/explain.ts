import type { Strategy } from "../types.ts";
import { type Obstacle, obstacleFor, obstacleForAsk } from "./availability.ts";
import type { Chosen } from "./chooser.ts";
import { type Entry, EVERY_MODEL } from "./entry.ts";
import { fullReason, type Moment, viewOf, wallTime } from "./key-view.ts";
import type { Refusal } from "./refusal.ts";
import type { Ask } from "./types.ts";

/** A dry run of the choice: nothing was sent, and nothing changed by it. */
export interface Explanation {
  strategy: Strategy;
  /** Null where no key can be had; then `refusal` says what a client would be told. */
  chosenKeyId: string | null;
  chosenBecause: string | null;
  refusal: Refusal | null;
  /** The chosen one first, then those that could serve, then the others; not all, where there are many. */
  keys: KeyExplanation[];
  totalKeys: number;
}

export interface KeyExplanation {
  id: string;
  name: string;
  chosen: boolean;
  /** It could serve this request now. */
  usable: boolean;
  /** One sentence. */
  reason: string;
  /** When it comes back by time alone, epoch ms; null where it is usable or does not. */
  until: number | null;
}

const WORDS: Record<Obstacle["status"], string> = {
  disabled: "Disabled",
  invalid: "Invalid",
  no_credit: "Without credit",
  ejected: "Ejected",
  daily_limit_reached: "Daily limit reached",
  cooling: "Cooling down",
  full: "Full",
  on_trial: "Being tried out: one request is finding out whether it works again",
  host: "Its host has failed many times in a row and is given a pause",
  tried: "Tried by this request already",
};

/** The chosen one first, then those that could serve, in order of priority, then the others. */
export function explainKeys(
  entries: Entry[],
  ask: Ask,
  chosen: Chosen | null,
  moment: Moment,
): KeyExplanation[] {
  return entries
    .toSorted((a, b) => a.key.priority - b.key.priority)
    .map((entry) => explainKey(entry, ask, chosen, moment))
    .toSorted((a, b) => Number(b.chosen) - Number(a.chosen) || Number(b.usable) - Number(a.usable));
}

function explainKey(entry: Entry, ask: Ask, chosen: Chosen | null, moment: Moment): KeyExplanation {
  const { id, name, priority } = entry.key;
  const told = (usable: boolean, reason: string, until: number | null = null) => ({
    id,
    name,
    chosen: entry === chosen?.entry,
    usable,
    reason,
    until,
  });
  const model = ask.model ?? EVERY_MODEL;
  const obstacle =
    obstacleFor(entry, model, moment.monotonic, moment.day) ?? obstacleForAsk(entry, ask, moment.monotonic);
  if (obstacle !== null) {
    const until = obstacle.until > moment.monotonic ? wallTime(obstacle.until, moment) : null;
    return told(false, obstacleReason(entry, model, obstacle, moment), until);
  }
  if (chosen === null) return told(true, "Available.");
  if (entry === chosen.entry) return told(true, `Chosen: ${chosen.because}.`);
  const first = chosen.entry.key.priority;
  if (priority > first) {
    return told(true, `Available, but of priority ${priority}: keys of priority ${first} are used first.`);
  }
  return told(true, `Available; another one is next: ${chosen.because}.`);
}

function obstacleReason(entry: Entry, model: string, { status }: Obstacle, moment: Moment): string {
  const said =
    status === "cooling"
      ? (entry.cooldowns.get(model) ?? entry.cooldowns.get(EVERY_MODEL))?.cooldown.reason
      : status === "full"
        ? (fullReason(entry, moment) ?? "what its provider says is left is taken by requests under way.")
        : status === "on_trial" || status === "host"
          ? null
          : viewOf(entry, moment).statusReason;
  return said === null || said === undefined ? `${WORDS[status]}.` : `${WORDS[status]}: ${said}`;
}
