import { attr } from "../attr.ts";
import { bytes, duration, exact } from "../format.ts";
import { inWords, settingLabel } from "../setting-labels.ts";
import { controlAttributes, FieldError } from "./field.tsx";
import { Icon } from "./icon.tsx";

/** One setting as the page shows it: values as a form has them, "" for none. */
export interface SettingField {
  name: string;
  help: string;
  kind: "int" | "number" | "boolean" | "enum" | "url" | "string" | "time_zone" | "map";
  unit?: string;
  min?: number;
  max?: number;
  options?: readonly string[];
  /** One entry a line: what stands on a line, and some of them. */
  lines?: { form: string; example: string };
  /** A secret is never shown: its value is always empty, and left empty it stays as it is. */
  secret?: "set" | "not set";
  /** Trying it out by a real call. */
  test?: { action: string; label: string };
  /** What the last trial came to. */
  note?: TestNote;
  /** What stands in the field: what was typed, or what is in force. */
  value: string;
  saved: string;
  default: string;
  error?: string;
}

export interface TestNote {
  isGood: boolean;
  message: string;
}

export interface Preset {
  name: string;
  baseUrl: string;
}

interface SettingRowProps {
  field: SettingField;
  presets: Preset[];
  timeZones: readonly string[];
  /** Said beside the API endpoint: how many keys go there. */
  keysThere: string;
}

export function SettingRow(props: SettingRowProps) {
  const { field } = props;
  const id = `setting-${field.name}`;
  const isUrl = field.kind === "url";
  const isBroad = isUrl || field.lines !== undefined;
  return (
    <div
      class={`setting${isBroad ? " broad" : ""}${field.value === field.saved ? "" : " changed"}`}
      data-saved={attr(field.saved)}
    >
      <div>
        <label for={id} safe>
          {settingLabel(field.name)}
        </label>
        <p class="help" id={`${id}-help`}>
          <span safe>{field.help}</span>{" "}
          <span class="nowrap" safe>
            {range(field)}
          </span>
          {field.lines !== undefined ? <span safe>{`On each line ${field.lines.form}.`}</span> : null}
          {isUrl && <span safe>{props.keysThere}</span>}
        </p>
      </div>
      <div class="control">
        <div class="line">
          <Control id={id} {...props} />
          {field.unit !== undefined ? (
            <span class="soft" safe>
              {unitText(field)}
            </span>
          ) : null}
          {!isUrl && isReset(field) && <ResetButton field={field} label={resetLabel(field)} />}
        </div>
        <FieldError id={id} error={field.error} />
        {isUrl && <Presets field={field} id={id} presets={props.presets} />}
        {field.test !== undefined ? <TestButton field={field} test={field.test} /> : null}
      </div>
    </div>
  );
}

function isReset(field: SettingField): boolean {
  return field.secret === undefined ? field.saved !== field.default : field.secret === "set";
}

function resetLabel(field: SettingField): string {
  if (field.secret !== undefined) return "Clear";
  return field.lines === undefined ? `Reset to ${shown(field)}` : "Reset";
}

/** Sends what is typed, saved or not, and says beside it what came of it. */
function TestButton(props: { field: SettingField; test: { action: string; label: string } }) {
  const { action, label } = props.test;
  const note = `test-${props.field.name}`;
  return (
    <div class="bar">
      <button
        type="submit"
        class="small"
        formaction={action}
        hx-post={action}
        hx-target={`#${note}`}
        hx-swap="innerHTML"
      >
        <Icon name="test" size={14} />
        <span safe>{label}</span>
      </button>
      {props.field.kind === "url" && <ResetButton field={props.field} label="Reset to Default" />}
      <span id={note} role="status">
        {props.field.note !== undefined ? <SettingNote {...props.field.note} /> : null}
      </span>
    </div>
  );
}

export function SettingNote(props: TestNote) {
  return (
    <span class={`line note ${props.isGood ? "is-available" : "is-invalid"}`}>
      <Icon name={props.isGood ? "check" : "alert"} size={14} />
      <bdi safe>{props.message}</bdi>
    </span>
  );
}

function Control(props: SettingRowProps & { id: string }) {
  const { field, id } = props;
  const common = controlAttributes({ id, name: field.name, help: field.help, error: field.error });
  if (field.lines !== undefined) {
    const rows = Math.min(Math.max(field.value.split("\n").length + 1, 3), 16);
    return (
      <textarea
        {...common}
        class="mono"
        rows={String(rows)}
        placeholder={attr(field.lines.example)}
        spellcheck="false"
        safe
      >
        {field.value}
      </textarea>
    );
  }
  if (field.secret !== undefined) {
    const placeholder = field.secret === "set" ? "Set. Type another to replace it." : "Not set";
    return (
      <input {...common} type="password" value="" placeholder={placeholder} autocomplete="new-password" />
    );
  }
  switch (field.kind) {
    case "enum":
      return (
        <select {...common}>
          {(field.options ?? []).map((option) => (
            <option value={attr(option)} selected={option === field.value} safe>
              {inWords(option)}
            </option>
          ))}
        </select>
      );
    case "boolean":
      return (
        <select {...common}>
          <option value="true" selected={field.value === "true"}>
            Yes
          </option>
          <option value="false" selected={field.value !== "true"}>
            No
          </option>
        </select>
      );
    case "int":
    case "number":
      return (
        <input {...common} class="number" value={attr(field.value)} inputmode="numeric" autocomplete="off" />
      );
    case "time_zone":
      return (
        <>
          <input
            {...common}
            value={attr(field.value)}
            list="time-zones"
            autocomplete="off"
            spellcheck="false"
          />
          <datalist id="time-zones">
            {props.timeZones.map((zone) => (
              <option value={zone} />
            ))}
          </datalist>
        </>
      );
    case "url":
      return (
        <>
          <input
            {...common}
            value={attr(field.value)}
            inputmode="url"
            list="presets"
            autocomplete="off"
            spellcheck="false"
          />
          <datalist id="presets">
            {props.presets.map((preset) => (
              <option value={attr(preset.baseUrl)} safe>
                {preset.name}
              </option>
            ))}
          </datalist>
        </>
      );
    default:
      return <input {...common} value={attr(field.value)} autocomplete="off" spellcheck="false" />;
  }
}

/** So many presets are chips at once; the others are a click away. */
const PRESETS_SHOWN = 5;

/** Chips that fill the field; without scripts the field's own list offers the same. */
function Presets(props: { field: SettingField; id: string; presets: Preset[] }) {
  const more = props.presets.slice(PRESETS_SHOWN);
  return (
    <>
      <div class="presets">
        {props.presets.slice(0, PRESETS_SHOWN).map((preset) => (
          <PresetChip {...props} preset={preset} />
        ))}
      </div>
      {more.length > 0 && (
        <details class="scripted">
          <summary class="sub" safe>
            {`${more.length} more presets`}
          </summary>
          <div class="presets">
            {more.map((preset) => (
              <PresetChip {...props} preset={preset} />
            ))}
          </div>
        </details>
      )}
    </>
  );
}

function PresetChip(props: { field: SettingField; id: string; preset: Preset }) {
  return (
    <button
      type="button"
      class="small scripted"
      data-fill={`#${props.id}`}
      data-value={attr(props.preset.baseUrl)}
      aria-pressed={props.preset.baseUrl === props.field.value ? "true" : "false"}
      x-on:click="fill"
      safe
    >
      {props.preset.name}
    </button>
  );
}

/** The buttons that reset belong to a form of their own: in the settings' form, Enter would press the first of them. */
export const RESET_FORM = "reset-form";

/** At once, not with Save; what is typed in the other fields stays. */
function ResetButton(props: { field: SettingField; label: string }) {
  const action = `/settings/reset?name=${encodeURIComponent(props.field.name)}`;
  return (
    <button
      type="submit"
      class="small bare"
      form={RESET_FORM}
      formaction={action}
      hx-post={action}
      hx-include="#settings"
      hx-target="#settings"
      hx-swap="outerHTML"
    >
      <Icon name="undo" size={14} />
      <span safe>{props.label}</span>
    </button>
  );
}

function shown(field: SettingField): string {
  if (field.default === "") return "none";
  return field.kind === "enum" ? inWords(field.default) : field.default;
}

function range(field: SettingField): string {
  if (field.min === undefined || field.max === undefined) return "";
  return `${exact(field.min)} to ${exact(field.max)}.`;
}

/** "ms, 10 min": what a large number comes to. */
function unitText(field: SettingField): string {
  const value = Number(field.value);
  const unit = field.unit ?? "";
  if (field.value === "" || !Number.isFinite(value)) return unit;
  if (unit === "ms" && value >= 1000) return `ms = ${duration(value)}`;
  if (unit === "s" && value >= 60) return `s = ${duration(1000 * value)}`;
  if (unit === "bytes" && value >= 1000) return `bytes = ${bytes(value)}`;
  return unit;
}
