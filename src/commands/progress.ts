import { systemClock } from "../clock.ts";
import type { Progress } from "../operations/types.ts";

const TELL_EVERY_MS = 1_000;

/** A line each second, so that something long is seen to go on. */
export function slowly(tell: (line: string) => void, what: string): Progress {
  let toldAt = systemClock.monotonic();
  return (done, total) => {
    const now = systemClock.monotonic();
    if (now - toldAt < TELL_EVERY_MS) return;
    toldAt = now;
    const share = total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total));
    tell(`${done.toLocaleString("en")} of ${total.toLocaleString("en")} ${what} (${share} %)`);
  };
}
