/**
 * Calendar days in IANA time zones, for daily limits and for providers that reset at their own midnight.
 * Only `Intl` is asked, so summer time, changed rules and skipped days come from the runtime's zone data.
 */

/** Formatters are dear to make (≈ 50 µs) and cheap to use (≈ 2 µs). More zones than this start afresh. */
const MAX_CACHED_ZONES = 64;
/** No day is longer than 25 h, but where a zone once crossed the date line two calendar days can share a name. */
const LONGEST_DAY_S = 49 * 3600;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  if (formatters.size >= MAX_CACHED_ZONES) formatters.clear();
  formatters.set(timeZone, made);
  return made;
}

/**
 * The calendar day of an instant in a zone, `YYYY-MM-DD`: sorts as text.
 * @param timeZone IANA name such as `America/Los_Angeles`; an unknown one throws RangeError.
 */
export function dayIn(nowMs: number, timeZone: string): string {
  const parts = formatterFor(timeZone).formatToParts(nowMs);
  let year = "";
  let month = "";
  let day = "";
  for (const part of parts) {
    if (part.type === "year") year = part.value;
    else if (part.type === "month") month = part.value;
    else if (part.type === "day") day = part.value;
  }
  return `${year.padStart(4, "0")}-${month}-${day}`;
}

/**
 * The first instant after `nowMs` that belongs to a later calendar day in the zone, epoch ms. That is 00:00
 * local time, or the first time of the day where summer time leaves midnight out (01:00 in Cairo in April).
 * Found by halving: every zone offset in use is a whole number of seconds. About 40 µs.
 */
export function nextMidnight(nowMs: number, timeZone: string): number {
  const today = dayIn(nowMs, timeZone);
  let before = Math.floor(nowMs / 1000);
  let after = before + LONGEST_DAY_S;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayIn(middle * 1000, timeZone) > today) after = middle;
    else before = middle;
  }
  return after * 1000;
}

const DAY_MS = 86_400_000;

/**
 * The instant at which clocks in a zone show this, epoch ms. What the clocks leave out in spring is taken as an hour
 * later, what they show twice in autumn as the first.
 * @param shown the same date and time as if it were UTC, epoch ms.
 */
export function instantAt(shown: number, timeZone: string): number {
  const [first, second] = [-DAY_MS, DAY_MS].map((ms) => shown - offsetAt(shown + ms, timeZone)) as [
    number,
    number,
  ];
  const isShown = (at: number) => at + offsetAt(at, timeZone) === shown;
  return isShown(first) || !isShown(second) ? first : second;
}

/** What clocks in the zone show, as forms have it: `2026-11-24T14:05:30`. */
export function shownAt(ms: number, timeZone: string): string {
  // Swedes write dates as computers do.
  const swedish = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return swedish.format(ms).replace(" ", "T");
}

/** By how many ms clocks in the zone are ahead of UTC. */
function offsetAt(ms: number, timeZone: string): number {
  return Date.parse(`${shownAt(ms, timeZone)}Z`) - Math.floor(ms / 1_000) * 1_000;
}
