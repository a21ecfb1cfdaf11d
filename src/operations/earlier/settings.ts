import { Problem } from "../../setting-types.ts";
import { type SettingName, settingRows } from "../../settings.ts";

/** What becomes of one of its settings. */
interface Counterpart {
  /** Null: there is none. */
  to: SettingName | null;
  /** Its value in our unit. */
  convert?(value: unknown): unknown;
  /** What is different now, for the report. */
  note: string;
}

const MS_A_SECOND = 1_000;

/** THE table of the earlier version's settings. */
const COUNTERPARTS: Record<string, Counterpart> = {
  keyRotationRequestCount: { to: "rotation_request_count", note: "" },
  maxFailureCount: {
    to: "max_failure_count",
    note: "a key that fails so often is set aside for a while, not switched off for good",
  },
  rateLimitCooldown: {
    to: "rate_limit_cooldown_s",
    note: "used only where the provider states no time",
  },
  logRetentionDays: {
    to: "log_retention_days",
    note: "counts for the request log, which the earlier version never shortened",
  },
  maxRetries: {
    to: "max_retries",
    // It took 0 for "not set".
    convert: (value) => (Number(value) === 0 ? 3 : value),
    note: "counts failures of the host; other keys are tried beside it, up to max_key_switches",
  },
  endpoint: { to: "api_endpoint", note: "" },
  failoverDelay: {
    to: "failover_delay_ms",
    convert: (value) => (isNumeric(value) ? Number(value) * MS_A_SECOND : value),
    note: "in milliseconds; only the request itself waits",
  },
  loadBalancingStrategy: {
    to: "strategy",
    convert: (value) => (typeof value === "string" ? value.replaceAll("-", "_") : value),
    note: "",
  },
  requestRateLimit: {
    to: null,
    note: "it was never enforced there; client_requests_per_minute is the setting that is",
  },
};

export interface TakenSetting {
  earlierName: string;
  name: SettingName;
  /** As the settings' own check takes it. */
  value: unknown;
  note: string | null;
}

export interface LeftSetting {
  earlierName: string;
  reason: string;
}

/** What the earlier version's settings are in ours, and which are left and why. */
export function readEarlierSettings(
  values: Record<string, unknown>,
  checkBaseUrl: (url: string) => string | null,
): { taken: TakenSetting[]; left: LeftSetting[] } {
  const taken: TakenSetting[] = [];
  const left: LeftSetting[] = [];
  for (const [earlierName, given] of Object.entries(values)) {
    const counterpart = Object.hasOwn(COUNTERPARTS, earlierName) ? COUNTERPARTS[earlierName] : undefined;
    if (counterpart === undefined) left.push({ earlierName, reason: "the earlier version did not know it" });
    else if (counterpart.to === null) left.push({ earlierName, reason: counterpart.note });
    else {
      const read = readOne(counterpart.to, counterpart.convert?.(given) ?? given, checkBaseUrl);
      if (read instanceof Problem)
        left.push({ earlierName, reason: `${shown(given)} cannot be used: ${read.text}` });
      else {
        const notes = [read.note, counterpart.note].filter((note) => note !== "");
        taken.push({ earlierName, name: counterpart.to, value: read.value, note: notes.join("; ") || null });
      }
    }
  }
  return { taken, left };
}

/** Numbers that lie outside of our range go to its end. */
function readOne(
  name: SettingName,
  given: unknown,
  checkBaseUrl: (url: string) => string | null,
): { value: unknown; note: string } | Problem {
  const type = settingRows.find((row) => row.name === name)?.type;
  if (type === undefined) return new Problem("there is no such setting");
  if (type.kind !== "int") {
    const value = type.read(given, checkBaseUrl);
    return value instanceof Problem ? value : { value, note: "" };
  }
  if (!isNumeric(given)) return new Problem(`give a number from ${type.min} to ${type.max}`);
  const wanted = Math.round(Number(given));
  const value = Math.min(Math.max(wanted, type.min ?? wanted), type.max ?? wanted);
  return {
    value,
    note: value === Number(given) ? "" : `${given} became ${value}, the nearest that is allowed`,
  };
}

function isNumeric(value: unknown): boolean {
  const isText = typeof value === "string" && value.trim() !== "";
  return (typeof value === "number" || isText) && Number.isFinite(Number(value));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
