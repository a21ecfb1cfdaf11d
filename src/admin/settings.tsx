import { type Notice, ToastPartial } from "../../views/components/notice.tsx";
import type { SettingField } from "../../views/components/setting-row.tsx";
import { settingLabel } from "../../views/setting-labels.ts";
import { ResetSettingsForm, type SettingGroup, SettingsForm, SettingsPage } from "../../views/settings.tsx";
import { plural, sentence, totalKeys } from "../../views/verdicts.ts";
import { SETTING_GROUPS, type SettingRow, type Settings, settingRows } from "../settings.ts";
import { InputError } from "../types.ts";
import type { PageContext } from "./page-context.ts";
import { noticeCookie } from "./page-cookies.ts";
import { readForm } from "./page-form.ts";
import { done, formPage, htmlResponse, page, placeOf, redirect } from "./render.tsx";

const INFO = { title: "Settings", section: "/settings" };
const TIME_ZONES = Intl.supportedValuesOf("timeZone");

export async function showSettings(context: PageContext): Promise<Response> {
  return settingsPage(context, new URLSearchParams(), {});
}

/** One Save: all that was typed is taken, or nothing, and what was changed is said. */
export async function saveSettings(context: PageContext): Promise<Response> {
  const typed = await readForm(context.request);
  try {
    const patch = Object.fromEntries([...typed].map(([name, value]) => [name, value.trim()]));
    const { changed } = await context.deps.operations.settings.patch(patch, context.actor);
    const text =
      changed.length === 0 ? "Nothing was changed." : `Saved: ${changed.map(settingLabel).join(", ")}.`;
    return saved(context, { kind: "ok", text }, new URLSearchParams());
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return settingsPage(context, typed, error.fields);
  }
}

export async function askForReset(context: PageContext): Promise<Response> {
  const changed = settingRows.filter((row) => !isDefault(context, row)).map((row) => settingLabel(row.name));
  return formPage(context, INFO, <ResetSettingsForm place={placeOf(context)} changed={changed} />);
}

/** One setting (`?name=`), or all, back to the default; what is typed in the other fields stays as typed. */
export async function resetSettings(context: PageContext): Promise<Response> {
  const name = context.url.searchParams.get("name");
  const typed = await readForm(context.request);
  await context.deps.operations.settings.reset(name === null ? "all" : [name], context.actor);
  if (name === null)
    return done(context, { kind: "ok", text: "All settings are at their defaults." }, "/settings");
  typed.delete(name);
  return saved(context, { kind: "ok", text: `${settingLabel(name)} is at its default.` }, typed);
}

function saved(context: PageContext, notice: Notice, typed: URLSearchParams): Response {
  if (context.part === null) return redirect("/settings", [["set-cookie", noticeCookie(notice)]]);
  return htmlResponse(
    <>
      <SettingsForm {...formProps(context, typed, {})} />
      <ToastPartial {...notice} />
    </>,
  );
}

function settingsPage(
  context: PageContext,
  typed: URLSearchParams,
  problems: Record<string, string>,
): Promise<Response> | Response {
  const props = formProps(context, typed, problems);
  const status = Object.keys(problems).length === 0 ? 200 : 422;
  if (context.part !== null) return htmlResponse(<SettingsForm {...props} />, status);
  return page(context, { ...INFO, status }, <SettingsPage {...props} version={context.deps.version} />);
}

function formProps(context: PageContext, typed: URLSearchParams, problems: Record<string, string>) {
  const { operations } = context.deps;
  const keys = totalKeys(operations.keys.counts());
  const groups: SettingGroup[] = Object.entries(SETTING_GROUPS).map(([id, label]) => ({
    id,
    label,
    fields: settingRows
      .filter((row) => row.group === id)
      .map((row) => toField(row, operations.settings.current(), typed, problems[row.name])),
  }));
  return {
    groups,
    presets: operations.upstreams.presets(),
    timeZones: TIME_ZONES,
    keysThere:
      keys === 0 ? "" : `A change sends ${plural(keys, "key")} to the new address and clears their status.`,
  };
}

function toField(row: SettingRow, current: Settings, typed: URLSearchParams, problem?: string): SettingField {
  const { kind, unit, min, max, options } = row.type;
  const inForce = asText(current[row.property]);
  return {
    name: row.name,
    help: row.help,
    kind,
    unit,
    min,
    max,
    options,
    value: typed.get(row.name) ?? inForce,
    saved: inForce,
    default: asText(row.default),
    error: problem === undefined ? undefined : sentence(problem),
  };
}

function isDefault({ deps }: PageContext, row: SettingRow): boolean {
  return asText(deps.operations.settings.current()[row.property]) === asText(row.default);
}

/** A value as a form has it; "" is none. */
function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
