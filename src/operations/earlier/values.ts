import { Problem } from "../../setting-types.ts";

/** `2026-11-20 11:00:00`, as SQLite writes the time of UTC, without saying so. */
const SQLITE_TIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const NUMBER = /^-?\d+(\.\d+)?$/;
/** Numbers below it are seconds: as milliseconds they would lie in the first months of 1970. */
const LEAST_MS = 1e10;
/** The year 2109: so far the log has places (`storage/log-position.ts`). */
const LATEST_MS = 4.39e12;

/**
 * A time in any form that the earlier version, or somebody by hand, has written: ISO 8601 (without a zone: UTC), SQLite's,
 * epoch milliseconds or seconds, as a number or a text. Epoch ms; null where there is none.
 */
export function readTime(given: unknown): number | null | Problem {
  if (given === null || given === undefined || given === "") return null;
  const ms =
    typeof given === "number" ? ofNumber(given) : typeof given === "string" ? ofText(given) : Number.NaN;
  if (Number.isFinite(ms) && ms > 0 && ms < LATEST_MS) return Math.round(ms);
  return new Problem("give a time in ISO 8601");
}

function ofText(given: string): number {
  const text = given.trim();
  if (NUMBER.test(text)) return ofNumber(Number(text));
  if (SQLITE_TIME.test(text)) return Date.parse(`${text.replace(" ", "T")}Z`);
  if (!ISO_TIME.test(text)) return Number.NaN;
  const hasZone = !text.includes("T") || /(Z|[+-]\d{2}:?\d{2})$/.test(text);
  return Date.parse(hasZone ? text : `${text}Z`);
}

function ofNumber(value: number): number {
  return value < LEAST_MS ? value * 1_000 : value;
}

/** 0 and 1 are what SQLite has for booleans. */
export function readFlag(given: unknown, fallback: boolean): boolean | Problem {
  if (given === null || given === undefined) return fallback;
  if (given === true || given === 1 || given === "true") return true;
  if (given === false || given === 0 || given === "false") return false;
  return new Problem("give true or false");
}

/** A count, 0 where there is none. */
export function readCount(given: unknown): number | Problem {
  if (given === null || given === undefined) return 0;
  const isCount = typeof given === "number" && Number.isFinite(given) && given >= 0;
  return isCount ? Math.round(given) : new Problem("give a number from 0 on");
}

export function readText(given: unknown): string | null | Problem {
  if (given === null || given === undefined) return null;
  return typeof given === "string" ? given : new Problem("give text");
}
