import { systemClock } from "../clock.ts";
import type { CommandContext } from "./command.ts";

/** Shows now and then how far something long is: `checked: 12,000 of 40,000 rows`. */
export function progressOf({ progress }: Pick<CommandContext, "progress">) {
  let shownAt = systemClock.monotonic();
  return (done: number, total: number, unit: string, step = ""): void => {
    const now = systemClock.monotonic();
    if (now - shownAt < progress.everyMs) return;
    shownAt = now;
    const counted = `${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${unit}`;
    progress.show(total === 0 ? 1 : Math.min(1, done / total), `${step === "" ? "" : `${step}: `}${counted}`);
  };
}
