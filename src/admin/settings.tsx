import { type Notice, ToastPartial } from "../../views/components/notice.tsx";
import { type SettingField, SettingNote, type TestNote } from "../../views/components/setting-row.tsx";
import { settingLabel } from "../../views/setting-labels.ts";
import { ResetSettingsForm, type SettingGroup, SettingsForm, SettingsPage } from "../../views/settings.tsx";
import { plural, sentence, totalKeys } from "../../views/verdicts.ts";
import { settingsRevision } from "../operations/revision.ts";
import { SETTING_GROUPS, type SettingRow, type Settings, sameValue, settingRows } from "../settings.ts";
import { ChangedError, InputError } from "../types.ts";
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
  const { settings } = context.deps.operations;
  const typed = await readForm(context.request);
  const before = settings.current();
  const theirs = changedMeanwhile(typed, before);
  if (theirs.length > 0) return stale(context, typed, theirs);
  try {
    const seen = [settingsRevision(before)];
    const { changed } = await settings.patch(patchOf(typed), context.actor, seen);
    const text =
      changed.length === 0 ? "Nothing was changed." : `Saved: ${changed.map(settingLabel).join(", ")}.`;
    return saved(context, { kind: "ok", text }, new URLSearchParams());
  } catch (error) {
    if (error instanceof ChangedError)
      return stale(context, typed, changedMeanwhile(typed, settings.current(), before));
    if (!(error instanceof InputError)) throw error;
    return settingsPage(context, typed, error.fields);
  }
}

/** The settings that are not any more as the form was made from. `before`: of a form that does not say. */
function changedMeanwhile(typed: URLSearchParams, current: Settings, before = current): SettingRow[] {
  const seen = seenIn(typed) ?? textsOf(before);
  return settingRows.filter(({ name, type, property }) => {
    const text = seen[name];
    return !type.isSecret && text !== undefined && text !== asText({ type }, current[property]);
  });
}

/** Nothing is saved: what was typed comes back beside what somebody else changed, and can be saved then. */
function stale(
  context: PageContext,
  typed: URLSearchParams,
  theirs: SettingRow[],
): Promise<Response> | Response {
  const seen = seenIn(typed);
  for (const { name } of theirs) if (sameText(typed.get(name), seen?.[name])) typed.delete(name);
  typed.delete(SEEN);
  const told = theirs.map(({ name }) => settingLabel(name)).join(", ");
  const message = `Somebody changed this meanwhile, so nothing was saved: ${told}. Look at it, then save again.`;
  return settingsPage(context, typed, {}, {}, message);
}

/** Browsers send line ends of their own. */
function sameText(typed: string | null, seen: unknown): boolean {
  return typeof seen === "string" && typed?.replaceAll("\r\n", "\n").trim() === seen.trim();
}

/** A hidden field of the form: what each setting was when it was made. */
const SEEN = "seen";

function seenIn(typed: URLSearchParams): Record<string, unknown> | null {
  try {
    const seen: unknown = JSON.parse(typed.get(SEEN) ?? "");
    return typeof seen === "object" ? (seen as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

function textsOf(settings: Settings): Record<string, string> {
  const rows = settingRows.filter(({ type }) => !type.isSecret);
  return Object.fromEntries(rows.map((row) => [row.name, asText(row, settings[row.property])]));
}

/** The base URL that is typed, saved or not, asked for its models. */
export async function testEndpoint(context: PageContext): Promise<Response> {
  const typed = await readForm(context.request);
  const url = (typed.get("api_endpoint") ?? "").trim();
  context.deps.keepOpen(context.request);
  return noted(context, typed, "api_endpoint", await context.deps.probeEndpoint(url));
}

/** To the webhook that is saved: what is typed may still be wrong. */
export async function testAlert(context: PageContext): Promise<Response> {
  const { deps } = context;
  const typed = await readForm(context.request);
  const saved = deps.operations.settings.current().alertWebhookUrl ?? "";
  const name = "alert_webhook_url";
  if ((typed.get(name) ?? saved).trim() !== saved)
    return noted(context, typed, name, { isGood: false, message: "Save the new address first." });
  deps.keepOpen(context.request);
  const problem = await deps.sendTestAlert();
  const message =
    problem === null ? "The webhook took the test alert." : `The webhook did not take it: ${problem}.`;
  return noted(context, typed, name, { isGood: problem === null, message });
}

/** What a trial came to, beside its field; without scripts on the page, with all that was typed. */
function noted(
  context: PageContext,
  typed: URLSearchParams,
  name: string,
  note: TestNote,
): Promise<Response> | Response {
  if (context.part !== null) return htmlResponse(<SettingNote {...note} />);
  return settingsPage(context, typed, {}, { [name]: note });
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
  const { [name]: now } = textsOf(context.deps.operations.settings.current());
  typed.set(SEEN, JSON.stringify({ ...seenIn(typed), [name]: now }));
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
  notes: Record<string, TestNote> = {},
  message?: string,
): Promise<Response> | Response {
  const props = { ...formProps(context, typed, problems, notes), message };
  const status = Object.keys(problems).length === 0 && message === undefined ? 200 : 422;
  if (context.part !== null) return htmlResponse(<SettingsForm {...props} />, status);
  return page(context, { ...INFO, status }, <SettingsPage {...props} verdict={verdictOf(context)} />);
}

function verdictOf(context: PageContext): string {
  const changed = settingRows.filter((row) => !isDefault(context, row)).length;
  const told = changed === 0 ? "All at their defaults" : `${changed} of ${settingRows.length} set by you`;
  return `${told}. A change is in force at once, without a restart.`;
}

function formProps(
  context: PageContext,
  typed: URLSearchParams,
  problems: Record<string, string>,
  notes: Record<string, TestNote> = {},
) {
  const { operations } = context.deps;
  const keys = totalKeys(operations.keys.counts());
  const groups: SettingGroup[] = Object.entries(SETTING_GROUPS).map(([id, label]) => ({
    id,
    label,
    fields: settingRows
      .filter((row) => row.group === id)
      .map((row) => ({
        ...toField(row, operations.settings.current(), typed, problems[row.name]),
        note: notes[row.name],
      })),
  }));
  return {
    groups,
    seen: typed.get(SEEN) ?? JSON.stringify(textsOf(operations.settings.current())),
    // Those that want a name of one's own filled in come last.
    presets: operations.upstreams.presets().toSorted((a, b) => gapsIn(a.baseUrl) - gapsIn(b.baseUrl)),
    timeZones: TIME_ZONES,
    keysThere:
      keys === 0 ? "" : `A change sends ${plural(keys, "key")} to the new address and clears their status.`,
  };
}

function gapsIn(baseUrl: string): number {
  return /[A-Z]{3}/.test(baseUrl) ? 1 : 0;
}

/** Settings that can be tried out. */
const TESTS: Record<string, SettingField["test"]> = {
  api_endpoint: { action: "/settings/endpoint/test", label: "Test" },
  alert_webhook_url: { action: "/settings/alerts/test", label: "Send a test alert" },
};

function toField(row: SettingRow, current: Settings, typed: URLSearchParams, problem?: string): SettingField {
  const { kind, unit, min, max, options, lines, isSecret } = row.type;
  const inForce = asText(row, current[row.property]);
  const shared = {
    name: row.name,
    help: row.help,
    kind,
    error: problem === undefined ? undefined : sentence(problem),
    test: TESTS[row.name],
  };
  if (isSecret === true) {
    const secret = inForce === "" ? "not set" : "set";
    return { ...shared, value: "", saved: "", default: "", secret };
  }
  return {
    ...shared,
    unit,
    min,
    max,
    options,
    lines,
    value: typed.get(row.name)?.replaceAll("\r\n", "\n") ?? inForce,
    saved: inForce,
    default: asText(row, row.default),
  };
}

/** A secret that is left empty stays as it is; it is taken away by its reset. */
function patchOf(typed: URLSearchParams): Record<string, string> {
  const secrets: string[] = settingRows.filter(({ type }) => type.isSecret).map(({ name }) => name);
  const entries = [...typed]
    .filter(([name]) => name !== SEEN)
    .map(([name, value]): [string, string] => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([name, value]) => value !== "" || !secrets.includes(name)));
}

function isDefault({ deps }: PageContext, row: SettingRow): boolean {
  return sameValue(deps.operations.settings.current()[row.property], row.default);
}

/** A value as a form has it; "" is none. */
function asText({ type }: Pick<SettingRow, "type">, value: unknown): string {
  if (value === null || value === undefined) return "";
  return type.write?.(value) ?? String(value);
}
