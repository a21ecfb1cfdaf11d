import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { FormActions, FormError, FormShell, type Place } from "./components/form-shell.tsx";
import { type Preset, RESET_FORM, type SettingField, SettingRow } from "./components/setting-row.tsx";
import { SettingsHead } from "./settings-tabs.tsx";

export interface SettingGroup {
  id: string;
  label: string;
  fields: SettingField[];
}

export interface SettingsPageProps {
  groups: SettingGroup[];
  presets: Preset[];
  timeZones: readonly string[];
  keysThere: string;
  /** What was in force when the form was made, by the settings' names, as JSON. */
  seen: string;
  /** What is wrong with the whole form. */
  message?: string;
  verdict: string;
}

export function SettingsPage(props: SettingsPageProps) {
  return (
    <>
      <SettingsHead tab="/settings" verdict={props.verdict}>
        <ActionForm to="/settings/reset" method="get" icon="reset" label="Reset all" look="bare" />
      </SettingsHead>
      <div class="settings">
        <nav class="sections" aria-label="Sections">
          <ul>
            {props.groups.map((group) => (
              <li>
                <a href={`#${group.id}`} safe>
                  {group.label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="stack">
          <form id={RESET_FORM} method="post" hidden />
          <SettingsForm {...props} />
        </div>
      </div>
    </>
  );
}

/** One form, one Save: all of it is taken, or nothing. */
export function SettingsForm(props: Omit<SettingsPageProps, "verdict">) {
  const fields = props.groups.flatMap((group) => group.fields);
  const wrong = fields.filter((field) => field.error).length;
  return (
    <form
      id="settings"
      class="stack"
      method="post"
      action="/settings"
      novalidate
      x-data="settings"
      x-on:input="look"
      hx-post="/settings"
      hx-target="#settings"
      hx-swap="outerHTML"
      {...{
        "hx-status:422": "swap:outerHTML",
        "x-on:beforeunload.window": "changed && $event.preventDefault()",
      }}
    >
      {/* The first button of a form is what Enter presses. */}
      <button type="submit" hidden />
      <input type="hidden" name="seen" value={attr(props.seen)} />
      {props.groups.map((group) => (
        <fieldset class="card" id={group.id}>
          <legend class="hidden-text" safe>
            {group.label}
          </legend>
          <header class="ruled">
            <h2 safe>{group.label}</h2>
          </header>
          {group.fields.map((field) => (
            <SettingRow
              field={field}
              presets={props.presets}
              timeZones={props.timeZones}
              keysThere={props.keysThere}
            />
          ))}
        </fieldset>
      ))}
      <div class="save-bar">
        <span role="status">
          <FormError message={props.message} />
          <strong x-text="summary" />{" "}
          {wrong > 0 && (
            <span class="poor" safe>{`${wrong === 1 ? "1 has" : `${wrong} have`} to be corrected.`}</span>
          )}
        </span>
        <button type="button" class="push scripted" x-on:click="discard" x-show="changed">
          Discard
        </button>
        <button type="submit" class="main">
          Save
        </button>
      </div>
    </form>
  );
}

/** Going back to all defaults asks first. */
export function ResetSettingsForm(props: { place: Place; changed: string[] }) {
  return (
    <FormShell
      place={props.place}
      title="Reset all settings?"
      lead={
        props.changed.length === 0
          ? "All settings are at their defaults already."
          : `Back to the defaults: ${props.changed.join(", ")}.`
      }
      back="/settings"
    >
      <form method="post" action="/settings/reset">
        <FormActions
          submit={`Reset ${props.changed.length} settings`}
          destructive
          back="/settings"
          autofocus
        />
      </form>
    </FormShell>
  );
}
