/** How numbers and times are written on the pages: short in the text, exact in the title. Unknown is "–", zero is "0". */

/** Who reads: the moment the page is made for, and the reader's time zone (IANA name). */
export interface Reader {
  now: number;
  timeZone: string;
}

export const UNKNOWN = "–";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EXACT_BELOW = 10_000;

/** 1,284,012 */
export function exact(value: number): string {
  return value.toLocaleString("en-US");
}

/** 9,418, then 12.4 k, 3.14 M, 34.8 M. */
export function count(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (Math.abs(value) < EXACT_BELOW) return exact(value);
  return scaled(value, 1000, ["k", "M", "G", "T"]);
}

/** 812 B, 71.4 kB, 9.8 MB. */
export function bytes(value: number): string {
  return value < 1000 ? `${value} B` : scaled(value, 1000, ["kB", "MB", "GB", "TB"]);
}

function scaled(value: number, base: number, units: string[]): string {
  let rest = value;
  let unit = -1;
  // 999.5 would be written as 1000 with three digits: it belongs to the next unit.
  while (unit < units.length - 1 && (Math.abs(rest) >= base - 0.5 || unit < 0)) {
    rest /= base;
    unit++;
  }
  return `${threeDigits(rest)} ${units[unit]}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** 42 ms, 1.24 s, 2 min 5 s, 3 h 12 min, 4 d 6 h. */
export function duration(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${ms % SECOND === 0 ? ms / SECOND : threeDigits(ms / SECOND)} s`;
  if (ms < HOUR) return twoUnits(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return twoUnits(ms, HOUR, "h", MINUTE, "min");
  return twoUnits(ms, DAY, "d", HOUR, "h");
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

/** $0, $0.0000042, $0.0132, $1.24, $1,284.01; null: not known. */
export function usd(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value === 0) return "$0";
  if (value >= 1)
    return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 12 })}`;
}

/** 98.7 %, 0.21 %, never rounded up to 100 % or down to 0 %. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return UNKNOWN;
  const value = (100 * part) / whole;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return "< 0.01 %";
  if (value > 99.9 && value < 100) return "99.9 %";
  return `${value < 1 ? value.toFixed(2) : value.toFixed(1)} %`;
}

/** What is left of a wait, 0:39 or 1:02:05. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND));
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** now, 18 s ago, 3 min ago, 2 h ago, 3 d ago. */
export function ago(at: number | null, reader: Reader): string {
  if (at === null) return UNKNOWN;
  const past = reader.now - at;
  if (past < 2 * SECOND) return "now";
  if (past < MINUTE) return `${Math.floor(past / SECOND)} s ago`;
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  if (past < DAY) return `${Math.floor(past / HOUR)} h ago`;
  return `${Math.floor(past / DAY)} d ago`;
}

/** 14:04:22 */
export function clock(at: number, reader: Reader): string {
  return formatter(reader.timeZone, "clock").format(at);
}

/** 14:04 today, Wed 01:00 within a week, 22 Aug 2026 01:00 otherwise. */
export function moment(at: number, reader: Reader): string {
  const hourMinute = formatter(reader.timeZone, "minute").format(at);
  const day = formatter(reader.timeZone, "day");
  if (day.format(at) === day.format(reader.now)) return hourMinute;
  const near = Math.abs(at - reader.now) < 6 * DAY;
  return `${near ? formatter(reader.timeZone, "weekday").format(at) : day.format(at)} ${hourMinute}`;
}

/** 22 Aug 2026 */
export function date(at: number, reader: Reader): string {
  return formatter(reader.timeZone, "day").format(at);
}

/** For titles: 24 Nov 2026, 14:04:22 UTC */
export function fullTime(at: number, reader: Reader): string {
  return formatter(reader.timeZone, "full").format(at);
}

/** When a bucket of statistics began: 24 Nov 2026 for a day, 24 Nov 14:00 for what is shorter. */
export function bucketText(at: number, bucketS: number, timeZone: string): string {
  if (bucketS === 86_400) return formatter(timeZone, "day").format(at);
  return `${formatter(timeZone, "month").format(at)} ${formatter(timeZone, "minute").format(at)}`;
}

/** The zone if this runtime knows it, UTC otherwise. */
export function knownTimeZone(name: string | undefined): string {
  if (!name || name.length > 64) return "UTC";
  try {
    formatter(name, "minute");
    return name;
  } catch {
    return "UTC";
  }
}

const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const day = { day: "numeric", month: "short", year: "numeric" } as const;
const STYLES = {
  clock: { ...time, second: "2-digit" },
  minute: time,
  day,
  month: { day: "numeric", month: "short" },
  weekday: { weekday: "short" },
  full: { ...day, ...time, second: "2-digit", timeZoneName: "short" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** Formatters are dear to make. A reader may name any zone, so their number is bounded. */
const MAX_FORMATTERS = 500;
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string, style: keyof typeof STYLES): Intl.DateTimeFormat {
  const name = `${style} ${timeZone}`;
  const known = formatters.get(name);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { ...STYLES[style], timeZone });
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(name, made);
  return made;
}
