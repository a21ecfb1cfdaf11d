import {
  defaultSettings,
  parseSettingsPatch,
  type SettingName,
  type Settings,
  sameValue,
  settingRows,
  toJson,
  toStored,
} from "../settings.ts";
import type { OperationsParts } from "./deps.ts";
import { createEvent, describeChanges } from "./key-events.ts";
import { refuseProblems } from "./references.ts";
import { refuseChanged, settingsRevision } from "./revision.ts";
import { sealSettings } from "./secret-settings.ts";
import type { Actor, SettingsOperations } from "./types.ts";
import { movedTo, type UpstreamStore } from "./upstream-store.ts";

const TOLD_FIELDS = settingRows.map(({ property, name }) => ({ field: property, wireName: name }));

export function createSettingsOperations(
  parts: OperationsParts,
  upstreams: UpstreamStore,
): SettingsOperations {
  const { storage, settings, secretBox, inventory, clock, change } = parts;

  async function apply(values: Partial<Settings>, actor: Actor): Promise<string[]> {
    const before = settings.current;
    const after: Settings = { ...before, ...values };
    const changed = settingRows.filter(({ property }) => !sameValue(after[property], before[property]));
    if (changed.length === 0) return [];
    const patch: Partial<Settings> = Object.fromEntries(
      changed.map(({ property }) => [property, after[property]]),
    );
    const told = describeChanges(toldOf(before), toldOf(after, before), TOLD_FIELDS);
    const event = createEvent(clock, actor, "settings_changed", told);
    if (patch.apiEndpoint === undefined) {
      await storage.settings.write(sealSettings(toStored(patch), secretBox), event);
      settings.replace(after);
    } else {
      const upstream = movedTo(inventory.defaultUpstream(), patch.apiEndpoint, isTaken);
      await upstreams.save(upstream, patch, event);
    }
    return changed.map(({ name }) => name);
  }
  const isTaken = (name: string) =>
    [...inventory.upstreams.values()].some((other) => other.name.toLowerCase() === name.toLowerCase());

  return {
    current: () => settings.current,
    patch: (patch, actor, seen) =>
      change(async () => {
        refuseChanged(seen, settingsRevision(settings.current));
        const changed = await apply(parseSettingsPatch(patch, parts.checkBaseUrl), actor);
        return { settings: settings.current, changed };
      }),
    reset: (names, actor) =>
      change(async () => {
        const known = Object.keys(toJson(defaultSettings));
        const wanted = names === "all" ? known : names;
        const unknown = wanted.filter((name) => !known.includes(name));
        refuseProblems(Object.fromEntries(unknown.map((name) => [name, "there is no such setting"])));
        const rows = settingRows.filter(({ name }) => wanted.includes(name satisfies SettingName));
        await apply(Object.fromEntries(rows.map((row) => [row.property, row.default])), actor);
        return settings.current;
      }),
  };
}

/** What an event may say of settings: of a secret only whether there is one, and that it is another. */
function toldOf(settings: Settings, before: Settings = settings): Record<keyof Settings, unknown> {
  const told: Record<keyof Settings, unknown> = { ...settings };
  for (const { property, type } of settingRows) {
    if (type.isSecret !== true || told[property] === null) continue;
    const isAnother = before[property] !== null && before[property] !== settings[property];
    told[property] = isAnother ? "set anew" : "set";
  }
  return told;
}
