import type { KeyGlance } from "../pool/types.ts";
import type { LiveFigures } from "../record/types.ts";
import type { Settings } from "../settings.ts";

/** Something that somebody should know of, as long as it lasts. */
export interface Alert {
  /** The same while the same thing lasts. */
  id: string;
  /** `key_invalid`, `key_no_credit`, `few_usable_keys`, `error_rate`, `storage_failing`. */
  name: string;
  /** One sentence. */
  message: string;
  details: Record<string, string | number | null>;
}

export interface Situation {
  keys: KeyGlance[];
  minutes: LiveFigures["minutes"];
  recorder: LiveFigures["recorder"];
  settings: Settings;
  /** Ids of what was told and not over so far. */
  told: ReadonlySet<string>;
}

const RATE_MINUTES = 5;
/** With fewer, one mistake would be a high rate. */
const MIN_REQUESTS = 20;
/** It is over only clearly below the limit, or one alert would follow the other. */
const OVER_SHARE = 0.8;
/** A thousand keys may become invalid at once; more than these are told one after the other. */
const MAX_KEY_ALERTS = 1_000;

/** Keys cool for seconds every day: some things are told only when they last. */
export const TOLD_AFTER_MS: Readonly<Record<string, number>> = { few_usable_keys: 30_000 };

/** THE table of conditions. */
const conditions: readonly ((situation: Situation) => Alert[])[] = [
  keysOut,
  fewKeys,
  errorRate,
  storageFailing,
];

export function findAlerts(situation: Situation): Alert[] {
  return conditions.flatMap((find) => find(situation));
}

const WORDS = { invalid: "is invalid", no_credit: "has no credit" } as const;

function keysOut({ keys }: Situation): Alert[] {
  const alerts: Alert[] = [];
  for (const { id, key, state } of keys) {
    const { status, reason } = state.condition ?? {};
    if (!key.enabled || (status !== "invalid" && status !== "no_credit")) continue;
    if (alerts.length === MAX_KEY_ALERTS) break;
    alerts.push({
      id: `key_${status}:${id}`,
      name: `key_${status}`,
      message: `The key "${key.name}" ${WORDS[status]}: ${reason}`,
      details: { key_id: id, key_name: key.name, pool_id: key.poolId, reason: reason ?? null },
    });
  }
  return alerts;
}

function fewKeys({ keys, settings }: Situation): Alert[] {
  const usable = keys.filter(({ status }) => status === "available").length;
  const wanted = settings.alertMinUsableKeys;
  if (keys.length === 0 || usable >= wanted) return [];
  const message = `${usable} of ${keys.length} keys can be used; at least ${wanted} should be.`;
  const details = { usable_keys: usable, keys: keys.length, min_usable_keys: wanted };
  return [{ id: "few_usable_keys", name: "few_usable_keys", message, details }];
}

function errorRate({ minutes, settings, told }: Situation): Alert[] {
  const limit = settings.alertErrorRatePercent;
  const last = minutes.slice(-RATE_MINUTES);
  const requests = last.reduce((sum, minute) => sum + minute.requests, 0);
  const errors = last.reduce((sum, minute) => sum + minute.errors, 0);
  if (limit === 0 || requests < MIN_REQUESTS) return [];
  const percent = (errors / requests) * 100;
  if (percent <= (told.has("error_rate") ? limit * OVER_SHARE : limit)) return [];
  const message = `${errors} of ${requests} requests failed within ${RATE_MINUTES} minutes.`;
  const details = { requests, errors, error_rate_percent: Math.round(percent * 10) / 10 };
  return [{ id: "error_rate", name: "error_rate", message, details }];
}

function storageFailing({ recorder }: Situation): Alert[] {
  if (recorder.lastError === null) return [];
  const message = `Records cannot be written: ${recorder.lastError}`;
  const details = { reason: recorder.lastError, queued: recorder.queued, dropped: recorder.dropped };
  return [{ id: "storage_failing", name: "storage_failing", message, details }];
}
