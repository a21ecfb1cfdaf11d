import { parseSettingsPatch, type Settings, sameValue, settingRows } from "../../settings.ts";
import type { OperationsParts } from "../deps.ts";
import type { MigrationReport } from "../types.ts";
import { readEarlierSettings, type TakenSetting } from "./settings.ts";

const DAY_MS = 86_400_000;
const RETENTION = "log_retention_days";
const RETENTION_NOTE =
  "0 keeps the request log for ever, up to log_max_size_mb: the earlier version never shortened it, and its older requests would be deleted in the next night";

export interface SettingsPlan {
  patch: Partial<Settings>;
  /** Null where it says nothing, or nothing that can be used. */
  endpoint: string | null;
  report: MigrationReport["settings"];
}

interface Given {
  values: Record<string, unknown>;
  /** They were taken over before: people may have set them back since. */
  isKnown: boolean;
  /** Of the requests that are taken over; none of them may fall to the next cleanup. */
  oldestLogAt: number | null;
}

/** Which settings change. One that was changed here already stays. */
export function planSettings({ settings, checkBaseUrl, clock }: OperationsParts, given: Given): SettingsPlan {
  const { taken, left } = readEarlierSettings(given.values, checkBaseUrl);
  const plan: SettingsPlan = {
    patch: {},
    endpoint: null,
    report: { changed: [], left: given.isKnown ? [] : left },
  };
  const current = settings.current;
  const endpoint = taken.find(({ name }) => name === "api_endpoint")?.value;
  if (typeof endpoint === "string") plan.endpoint = endpoint;
  const wanted = given.isKnown ? [] : taken.filter(({ name }) => name !== "api_endpoint");

  for (const setting of withRetention(wanted, current, given.oldestLogAt, clock.now())) {
    const row = settingRows.find(({ name }) => name === setting.name);
    if (row === undefined) continue;
    const here = current[row.property];
    if (sameValue(here, setting.value)) continue;
    if (sameValue(here, row.default)) {
      Object.assign(plan.patch, parseSettingsPatch({ [row.name]: setting.value }));
      plan.report.changed.push({ ...setting, from: here });
    } else {
      const reason = `${row.name} was set to ${JSON.stringify(here)} here, and stays so`;
      plan.report.left.push({ earlierName: setting.earlierName, reason });
    }
  }
  return plan;
}

/** `log_retention_days` so that no request that is taken over is deleted in the next night. */
function withRetention(
  taken: TakenSetting[],
  current: Settings,
  oldestLogAt: number | null,
  now: number,
): TakenSetting[] {
  const given = taken.find(({ name }) => name === RETENTION);
  const days = Number(given?.value ?? current.logRetentionDays);
  if (oldestLogAt === null || days === 0 || oldestLogAt >= now - days * DAY_MS) return taken;
  const kept: TakenSetting = {
    earlierName: given?.earlierName ?? "request_logs",
    name: RETENTION,
    value: 0,
    note: RETENTION_NOTE,
  };
  return [...taken.filter((setting) => setting !== given), kept];
}
