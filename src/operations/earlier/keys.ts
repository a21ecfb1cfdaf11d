import { Problem } from "../../setting-types.ts";
import { dayIn } from "../../time-zone.ts";
import type { KeyState } from "../../types.ts";
import { readKeyFields } from "../key-input.ts";
import { readCount, readFlag, readText, readTime } from "./values.ts";

/** A key of the earlier version, checked. Times: epoch ms. */
export interface EarlierKey {
  /** Its logs name it; null where it has none that could be kept. */
  id: string | null;
  secret: string;
  /** Null where it has none that could be kept. */
  name: string | null;
  /** Null: the default one. */
  profile: string | null;
  enabled: boolean;
  dailyLimit: number | null;
  dailyUsed: number;
  /** When the daily count began. */
  dailySince: number | null;
  requestCount: number;
  failureCount: number;
  lastUsedAt: number | null;
  cooldownUntil: number | null;
}

/** What it calls each field, and how that is read. */
const FIELDS = {
  _id: readText,
  key: readText,
  name: readText,
  profile: readText,
  isActive: (given: unknown) => readFlag(given, true),
  lastUsed: readTime,
  rateLimitResetAt: readTime,
  failureCount: readCount,
  requestCount: readCount,
  dailyRateLimit: readCount,
  dailyRequestsUsed: readCount,
  lastResetDate: readTime,
  isDisabledByRateLimit: (given: unknown) => readFlag(given, false),
} as const;
type Fields = { [Name in keyof typeof FIELDS]: Exclude<ReturnType<(typeof FIELDS)[Name]>, Problem> };

/** An id may become part of a page's address. */
const USABLE_ID = /^[\w-]{1,64}$/;
const UNNAMED_PROFILES = ["", "default"];

/** A row of `api_keys`, or an entry of `keys.json` or of an export. */
export function readEarlierKey(row: unknown): EarlierKey | Problem {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return new Problem("it is no object");
  const problems: string[] = [];
  const read: Record<string, unknown> = {};
  for (const [name, reader] of Object.entries(FIELDS)) {
    const value = reader((row as Record<string, unknown>)[name]);
    if (value instanceof Problem) problems.push(`${name}: ${value.text}`);
    else read[name] = value;
  }
  const { key, name, _id, profile, dailyRateLimit, ...rest } = read as unknown as Fields;
  const secret = readKeyFields({ secret: key ?? "" });
  if (secret.problems.secret !== undefined && problems.length === 0) {
    problems.push(`key: ${secret.problems.secret}`);
  }
  if (problems.length > 0) return new Problem(problems.join("; "));
  return {
    id: _id !== null && USABLE_ID.test(_id) ? _id : null,
    secret: secret.values.secret ?? "",
    name: readKeyFields({ name: name ?? "" }).values.name || null,
    profile: profile === null || UNNAMED_PROFILES.includes(profile) ? null : profile,
    enabled: rest.isActive,
    // 0 meant none there, and fractions were let in.
    dailyLimit: Math.ceil(dailyRateLimit) || null,
    dailyUsed: rest.dailyRequestsUsed,
    dailySince: rest.lastResetDate,
    requestCount: rest.requestCount,
    failureCount: rest.failureCount,
    lastUsedAt: rest.lastUsed,
    cooldownUntil: rest.rateLimitResetAt,
  };
}

/** The fields of an entry that the earlier version did not write. */
export function unknownFields(row: unknown): string[] {
  return typeof row === "object" && row !== null ? Object.keys(row).filter((name) => !(name in FIELDS)) : [];
}

/**
 * Its counters, its daily use and a cooldown that still runs. It counted successes only, so each request is one; its
 * failures were not in a row, so they are no strikes.
 */
export function stateOf(key: EarlierKey, keyId: string, now: number, timeZone: string): KeyState {
  const { cooldownUntil } = key;
  const isCooling = cooldownUntil !== null && cooldownUntil > now;
  return {
    keyId,
    requestCount: key.requestCount,
    successCount: key.requestCount,
    failureCount: key.failureCount,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    strikes: 0,
    ejections: 0,
    unstatedLimits: 0,
    dailyUsed: key.dailyUsed,
    dailyDay: key.dailySince === null ? "" : dayIn(key.dailySince, timeZone),
    lastUsedAt: key.lastUsedAt,
    condition: null,
    cooldowns: isCooling
      ? [
          {
            model: null,
            until: cooldownUntil,
            reason: "Rate limited in the earlier version.",
            outcome: "rate_limited",
          },
        ]
      : [],
  };
}
