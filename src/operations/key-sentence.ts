import type { KeyStatus, KeyView } from "../types.ts";

const WORDS: Record<KeyStatus, string> = {
  available: "Takes its turn.",
  cooling: "Cooling",
  ejected: "Ejected",
  daily_limit_reached: "At its daily limit",
  no_credit: "Without credit until a request succeeds",
  invalid: "Out of turn until it gets a working secret or a test succeeds",
  disabled: "Switched off by hand; waits until someone enables it.",
};

/** What a key's status means, in one sentence: what happened and what it waits for. Times in UTC. */
export function statusSentence(key: Pick<KeyView, "status" | "statusReason" | "cooldownUntil">): string {
  const word = WORDS[key.status];
  if (key.status === "disabled") return word;
  if (key.status === "available") return key.statusReason ?? word;
  const until = key.cooldownUntil === null ? "" : ` until ${shortTime(key.cooldownUntil)}`;
  const after =
    key.status === "no_credit" && until !== "" ? `, tried again${until.replace("until", "at")}` : until;
  return `${word}${after}${key.statusReason === null ? "." : `: ${key.statusReason}`}`;
}

/** `2026-11-24 14:05:05 UTC` */
function shortTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
