import { KEY_STATUSES, type KeyStatus, type KeyView } from "../src/types.ts";
import { clock, exact, moment, type Reader } from "./format.ts";
import { STATUS_LOOKS } from "./statuses.tsx";

export type KeyCounts = Record<KeyStatus, number>;

export function totalKeys(counts: KeyCounts): number {
  return KEY_STATUSES.reduce((sum, status) => sum + counts[status], 0);
}

/** How many keys ask this of people. */
export function keysAsking(counts: KeyCounts, asks: (typeof STATUS_LOOKS)[KeyStatus]["asks"]): number {
  return KEY_STATUSES.filter((status) => STATUS_LOOKS[status].asks === asks).reduce(
    (sum, status) => sum + counts[status],
    0,
  );
}

/** "14 keys. 8 usable, 4 come back by themselves, 2 need you." */
export function keysVerdict(counts: KeyCounts): string {
  const total = totalKeys(counts);
  if (total === 0) return "No keys yet, so no request can be answered.";
  if (counts.available === total) return total === 1 ? "1 key, usable." : `${exact(total)} keys, all usable.`;
  const waiting = keysAsking(counts, "patience");
  const inNeed = keysAsking(counts, "a hand");
  const parts = [
    `${exact(counts.available)} usable`,
    waiting && `${exact(waiting)} ${waiting === 1 ? "comes back by itself" : "come back by themselves"}`,
    inNeed && `${exact(inNeed)} ${inNeed === 1 ? "needs" : "need"} you`,
    counts.disabled && `${exact(counts.disabled)} disabled`,
  ];
  return `${plural(total, "key")}. ${parts.filter(Boolean).join(", ")}.`;
}

/** "1 key", "14 keys", "1,204 requests". */
export function plural(amount: number, noun: string): string {
  return `${exact(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

/** What holds a key back, and until or since when: "Cooling until 14:05:05." Empty while it takes its turn. */
export function outHeadline(
  key: Pick<KeyView, "status" | "cooldownUntil" | "condition">,
  reader: Reader,
): string {
  const { word } = STATUS_LOOKS[key.status];
  if (key.status === "available") return "";
  if (key.status === "disabled") return "Disabled.";
  if (key.status === "daily_limit_reached") {
    return `At its daily limit${key.cooldownUntil === null ? "" : ` until ${moment(key.cooldownUntil, reader)}`}.`;
  }
  if (STATUS_LOOKS[key.status].asks === "a hand") {
    return `${word}${key.condition ? ` since ${moment(key.condition.since, reader)}` : ""}.`;
  }
  return `${word}${key.cooldownUntil === null ? "" : ` until ${clock(key.cooldownUntil, reader)}`}.`;
}

/** One line under a key's name: whether it takes its turn, and where not. */
export function keyVerdict(key: KeyView): string {
  const models = key.cooldowns.filter((cooldown) => cooldown.model !== null).length;
  if (key.status === "available" && models === 0) return "In turn.";
  if (key.status === "available") {
    return `Cooling for ${models === 1 ? "one model" : `${exact(models)} models`}, in turn for the others.`;
  }
  return {
    nothing: "In turn.",
    patience: "Out of turn; comes back by itself.",
    "a hand": "Out of turn until you give it a working secret, or a test finds that it works again.",
    "a decision": "Out of turn until you enable it.",
  }[STATUS_LOOKS[key.status].asks];
}

/** A problem as the domain words it ("give one key a line"), as a sentence for a page; forms have no null. */
export function sentence(problem: string): string {
  const text = (problem.charAt(0).toUpperCase() + problem.slice(1)).replace(
    "or null for none",
    "or leave it empty",
  );
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
