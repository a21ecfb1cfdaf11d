import { nextMidnight } from "../time-zone.ts";
import type { HeaderList } from "../upstream/types.ts";
import type { ErrorShape, WaitField } from "./error-shapes.ts";
import { findHeader } from "./headers.ts";

const SECOND_MS = 1_000;
/** Nobody waits longer for a word in an answer; absurd waits end here, negative ones at 0. */
export const LONGEST_WAIT_MS = 7 * 24 * 3_600 * SECOND_MS;

/** A bare number as large as this is a point in time: in ms, in s (the year 2001), or else a span in s. */
const EPOCH_MS_FROM = 1e12;
const EPOCH_S_FROM = 1e9;

const UNITS_MS: Record<string, number> = {
  ms: 1,
  millisecond: 1,
  毫秒: 1,
  s: SECOND_MS,
  sec: SECOND_MS,
  second: SECOND_MS,
  秒: SECOND_MS,
  秒钟: SECOND_MS,
  m: 60 * SECOND_MS,
  min: 60 * SECOND_MS,
  minute: 60 * SECOND_MS,
  分钟: 60 * SECOND_MS,
  h: 3_600 * SECOND_MS,
  hr: 3_600 * SECOND_MS,
  hour: 3_600 * SECOND_MS,
  小时: 3_600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
  day: 86_400 * SECOND_MS,
  天: 86_400 * SECOND_MS,
};

const UNIT =
  "(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?:\\(s\\))?(?![a-z])|毫秒|秒钟?|分钟|小时|天";
const AMOUNT = `\\d{1,15}(?:\\.\\d{1,15})?\\s{0,2}(?:${UNIT})`;
const DURATION = `${AMOUNT}(?:(?:,|\\s|and){0,4}${AMOUNT}){0,3}`;
const CLOCK = "(?:\\d{1,3}\\.)?\\d{1,3}:\\d{2}:\\d{2}";
const DATE_TIME =
  "\\d{4}-\\d{2}-\\d{2}[T ](?:at )?\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?(?: ?(?:Z|UTC|GMT|[+-]\\d{2}:?\\d{2}))?";

/** What sentences say before a wait. The gap holds no digit and no full stop: the number is the next thing said. */
const SPAN_IN_TEXT = new RegExp(
  `(?:(?:again|retry|retrying|resets?|available|replenished|refresh(?:es)?|resume|access|renews?)\\b[^.\\d\\n]{0,30}?\\b(?:in|after|within)|\\bwait(?:ing)?\\b(?: for)?|请(?!求)(?:在|等待)?)` +
    `[^.\\d\\n]{0,20}?(${DURATION}|${CLOCK})`,
  "gi",
);
const TIME_IN_TEXT = new RegExp(
  `(?:again|retry|resets?|available|access|until|renews?|将[在于]|重置)[^\\d\\n]{0,40}(${DATE_TIME})`,
  "gi",
);

/** China has one zone and no summer time. */
const CHINA_OFFSET = "+08:00";
/** Zhipu's limits by plan, whose texts give Beijing time without saying so. */
const CHINESE_CLOCK_NAMES = ["1308", "1310"];
const CJK = /[\u4e00-\u9fff]/;

/** Google resets daily quotas at midnight Pacific time (ai.google.dev/gemini-api/docs/rate-limits). */
const GOOGLE_ZONE = "America/Los_Angeles";
const GOOGLE_TEXT = /ai\.google\.dev|googleapis\.com|RESOURCE_EXHAUSTED/;

/**
 * The wait that an answer states, in whole ms within 0 … 7 days; null where it states none. Headers and text are both
 * believed and the longer wins; the reset of an exhausted window counts only where neither speaks
 * (provider-answers.md, "Working out cooldown_ms").
 * @param now Wall clock, epoch ms.
 */
export function statedWait(headers: HeaderList, error: ErrorShape | null, now: number): number | null {
  const wait =
    (error === null ? null : googleDailyWait(error, now)) ??
    longest([headerWait(headers, now), ...(error === null ? [] : bodyWaits(error, now))]) ??
    exhaustedWindow(headers, now)?.waitMs ??
    null;
  return wait === null ? null : clamp(wait);
}

/** The rate-limit window that the headers show as used up, and how long until it opens again. */
interface ExhaustedWindow {
  /** The header that states the reset: `x-ratelimit-reset-requests-day`. */
  header: string;
  waitMs: number;
}

/** The window whose `remaining` is 0, or the only one there is; of several the one that takes longest. */
export function exhaustedWindow(headers: HeaderList, now: number): ExhaustedWindow | null {
  let found: ExhaustedWindow | null = null;
  for (const [header, value] of headers) {
    if (!header.includes("ratelimit") || !header.includes("reset")) continue;
    const remaining = findHeader(headers, header.replace("reset", "remaining"));
    const alone = header === "x-ratelimit-reset" || header === "ratelimit-reset";
    if (remaining === null ? !alone : Number(remaining) > 0) continue;
    const waitMs = parseWait(value, now);
    if (waitMs !== null && (found === null || waitMs > found.waitMs)) found = { header, waitMs };
  }
  return found;
}

function headerWait(headers: HeaderList, now: number): number | null {
  const exact = findHeader(headers, "retry-after-ms");
  if (exact !== null && isNumber(exact)) return Number(exact);
  const value = findHeader(headers, "retry-after")?.trim();
  if (value === undefined || value === "") return null;
  // RFC 9110 10.2.3: seconds or an HTTP-date. A span with units is not in it, but does occur.
  if (isNumber(value)) return Number(value) * SECOND_MS;
  const date = Date.parse(value);
  return /[a-z]{3}/i.test(value) && !Number.isNaN(date) ? date - now : parseDuration(value);
}

/** Each wait that the body states, its own and those of an answer that it quotes. */
function bodyWaits(error: ErrorShape, now: number): (number | null)[] {
  const waits: (number | null)[] = error.waits.map((field) => fieldWait(field, now));
  for (const [, span] of error.text.matchAll(SPAN_IN_TEXT)) waits.push(parseDuration(span ?? ""));
  const chinese = CJK.test(error.text) || CHINESE_CLOCK_NAMES.some((name) => error.names.has(name));
  for (const [, time] of error.text.matchAll(TIME_IN_TEXT)) {
    const at = parseTime(time ?? "", chinese ? CHINA_OFFSET : "Z");
    if (at !== null) waits.push(at - now);
  }
  if (error.headers.length > 0) {
    waits.push(headerWait(error.headers, now), exhaustedWindow(error.headers, now)?.waitMs ?? null);
  }
  if (error.quoted !== null) waits.push(...bodyWaits(error.quoted, now));
  return waits;
}

function fieldWait({ field, value }: WaitField, now: number): number | null {
  const wait = parseWait(String(value), now);
  return wait !== null && /ms$/i.test(field) && isNumber(String(value)) ? wait / SECOND_MS : wait;
}

function googleDailyWait(error: ErrorShape, now: number): number | null {
  const daily = [...error.names].some((name) => name.includes("perday"));
  const text = error.text;
  const google = error.names.has("resource_exhausted") || GOOGLE_TEXT.test(text);
  if (google && (daily || /per[ _-]?day\b|\bdaily\b/i.test(text)))
    return nextMidnight(now, GOOGLE_ZONE) - now;
  return error.quoted === null ? null : googleDailyWait(error.quoted, now);
}

/** A wait in any form that headers and fields use: `6m0s`, `1.5`, epoch seconds or ms, RFC 3339. In ms. */
export function parseWait(value: string, now: number): number | null {
  const text = value.trim();
  if (isNumber(text)) {
    const number = Number(text);
    if (number >= EPOCH_MS_FROM) return number - now;
    return number >= EPOCH_S_FROM ? number * SECOND_MS - now : number * SECOND_MS;
  }
  const at = parseTime(text, "Z");
  return at === null ? parseDuration(text) : at - now;
}

/** `7m12.5s`, `120ms`, `1h10m33.6s`, `1 hour and 5 minutes`, `33 秒`, `00:12:34`. In ms; null for anything else. */
export function parseDuration(text: string): number | null {
  const clock = /^(?:(\d{1,3})\.)?(\d{1,3}):(\d{2}):(\d{2})$/.exec(text.trim());
  if (clock !== null) {
    const [days = 0, hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map((part) => Number(part ?? 0));
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND_MS;
  }
  let total: number | null = null;
  for (const [, amount, unit] of text.matchAll(
    /(\d{1,15}(?:\.\d{1,15})?)\s{0,2}([a-z]{1,12}|[毫秒分钟小时天]{1,2})/gi,
  )) {
    const unitMs =
      UNITS_MS[(unit ?? "").toLowerCase()] ?? UNITS_MS[(unit ?? "").toLowerCase().replace(/s$/, "")];
    if (unitMs === undefined) return total;
    total = (total ?? 0) + Number(amount) * unitMs;
  }
  return total;
}

/** RFC 3339 and what resembles it, `2025-12-01 at 00:00 UTC`; epoch ms. */
function parseTime(text: string, defaultOffset: string): number | null {
  const parts =
    /^(\d{4}-\d{2}-\d{2})[T ](?:at )?(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i.exec(
      text,
    );
  if (parts === null) return null;
  const [, day, time, zone = defaultOffset] = parts;
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(...)(\d\d)$/, "$1:$2") : "Z";
  const at = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(at) ? null : at;
}

function isNumber(text: string): boolean {
  return /^[+-]?\d{1,20}(?:\.\d{1,20})?$/.test(text.trim());
}

function longest(waits: (number | null)[]): number | null {
  let most: number | null = null;
  for (const wait of waits) if (wait !== null && (most === null || wait > most)) most = wait;
  return most;
}

function clamp(waitMs: number): number {
  return Math.min(Math.max(0, Math.ceil(waitMs - 1e-6)), LONGEST_WAIT_MS);
}
