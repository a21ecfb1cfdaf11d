import type { Condition, Cooldown, KeyState, Verdict } from "../types.ts";
import type { Recorder } from "./recorder.ts";

/** Below this a cooldown is too common and too short to be an event that a person would look for. */
const SHORTEST_TOLD_COOLDOWN_MS = 1_000;

/** Writes behind what the pool tells of its keys, and makes key events of what a person would want to know. */
export function keyEvents(recorder: Recorder, nameOf: (keyId: string) => string | null) {
  const tell = (event: string, keyId: string, detail: string) =>
    recorder.keyEvent({ event, keyId, keyName: nameOf(keyId), detail, actor: "pool" });
  return {
    stateChanged: (state: KeyState) => recorder.keyState(state),
    removed: (keyId: string) => recorder.forgetKey(keyId),
    rotated: (name: string, keyId: string, used: number) => recorder.rotated(name, keyId, used),
    cooled: (keyId: string, cooldown: Cooldown, waitMs: number) => {
      if (waitMs < SHORTEST_TOLD_COOLDOWN_MS) return;
      const model = cooldown.model === null ? "" : ` for ${cooldown.model}`;
      tell("cooled", keyId, `${Math.round(waitMs / 1_000)} s${model}: ${cooldown.reason}`);
    },
    conditionChanged: (keyId: string, condition: Condition | null, verdict: Verdict | null) => {
      tell(condition === null ? "recovered" : condition.status, keyId, detailOf(condition, verdict));
    },
  };
}

function detailOf(condition: Condition | null, verdict: Verdict | null): string {
  if (condition !== null) return condition.reason;
  return verdict?.outcome === "ok" ? "a request was answered" : "";
}
