import { AUTH_STYLES } from "../src/types.ts";
import { attr } from "./attr.ts";
import { SelectField, TextField } from "./components/field.tsx";
import {
  FormActions,
  FormError,
  FormShell,
  formLive,
  type Place,
  SeenField,
} from "./components/form-shell.tsx";
import { PageHead } from "./components/page-head.tsx";
import { PresetCards } from "./components/preset-cards.tsx";
import { upstreamPath } from "./links.ts";
import { AUTH_STYLE_WORDS, ownPartsOf, presetFacts, type UpstreamPreset } from "./upstream-words.ts";

/** What was typed, by the names of the fields; parts of a preset's address as `part_ACCOUNT_ID`. */
export type UpstreamFormValues = Record<string, string>;

interface FieldProps {
  values: UpstreamFormValues;
  errors: Record<string, string>;
  message?: string;
}

interface AddUpstreamProps extends FieldProps {
  presets: UpstreamPreset[];
  /** Null: none is chosen yet; `own`: an address of one's own. */
  chosen: UpstreamPreset | "own" | null;
  /** What a try of the address came to. */
  tried: { isGood: boolean; message: string } | null;
}

export function AddUpstreamPage(props: AddUpstreamProps) {
  const { chosen } = props;
  const preset = chosen === "own" ? null : chosen;
  return (
    <>
      <PageHead
        title="Add upstream"
        verdict="Choose a provider, or give an address of your own. Keys are added to it afterwards."
        crumb={{ href: "/upstreams", label: "Upstreams", rest: "Add" }}
      />
      {chosen === null ? null : (
        <section class="card narrow form-body" id="form" aria-label="The new upstream">
          <form method="post" action="/upstreams" class="fields">
            <FormError message={props.message} />
            <input type="hidden" name="preset" value={attr(preset?.name ?? "own")} />
            {preset === null ? null : <PresetNote preset={preset} />}
            <NameField {...props} />
            {preset !== null && ownPartsOf(preset).length > 0 ? (
              ownPartsOf(preset).map(([part, help]) => (
                <TextField
                  id={`upstream-${part}`}
                  name={`part_${part}`}
                  label={part.charAt(0) + part.slice(1).toLowerCase().replaceAll("_", " ")}
                  value={props.values[`part_${part}`] ?? ""}
                  mono
                  required
                  help={`${help.charAt(0).toUpperCase()}${help.slice(1)}.`}
                  error={props.errors[`part_${part}`] ?? props.errors.base_url}
                />
              ))
            ) : (
              <BaseUrlField {...props} />
            )}
            <AuthField {...props} />
            {props.tried === null ? null : (
              <p class={props.tried.isGood ? "sub" : "error"} role="status" safe>
                {props.tried.message}
              </p>
            )}
            <footer class="form-actions">
              <a class="btn" href="/upstreams">
                Cancel
              </a>
              <button type="submit" formaction="/upstreams/try">
                Try address
              </button>
              <button type="submit" class="main">
                Save
              </button>
            </footer>
          </form>
        </section>
      )}
      <PresetCards
        presets={props.presets}
        chosen={chosen === "own" ? "" : chosen === null ? null : chosen.name}
      />
    </>
  );
}

function PresetNote(props: { preset: UpstreamPreset }) {
  const { keysUrl } = props.preset;
  return (
    <div>
      <p>
        <strong safe>{props.preset.name}</strong>
        {keysUrl === "" ? null : (
          <>
            {" "}
            <a href={attr(keysUrl)} rel="noreferrer" target="_blank">
              Where its keys are made
            </a>
          </>
        )}
      </p>
      <ul class="quirks">
        {presetFacts(props.preset).map((fact) => (
          <li safe>{fact}</li>
        ))}
      </ul>
    </div>
  );
}

interface EditUpstreamProps extends FieldProps {
  place: Place;
  subject: { id: string; name: string };
  /** Its revision. */
  seen: string;
  /** How many keys begin anew where the base URL changes. */
  keys: number;
}

export function EditUpstreamForm(props: EditUpstreamProps) {
  const action = upstreamPath(props.subject.id);
  return (
    <FormShell
      place={props.place}
      title={`Edit ${props.subject.name}`}
      lead="In force with the next request; running ones finish as they began."
      back={action}
    >
      <form method="post" action={attr(action)} class="fields" {...formLive(attr(action))}>
        <SeenField revision={props.seen} />
        <FormError message={props.message} />
        <NameField {...props} />
        <BaseUrlField
          {...props}
          help={
            props.keys === 0
              ? undefined
              : "A changed base URL clears the status of its keys: what was learnt of them came from another host."
          }
        />
        <AuthField {...props} />
        <FormActions submit="Save" back={action} />
      </form>
    </FormShell>
  );
}

function NameField({ values, errors }: FieldProps) {
  return (
    <TextField
      id="upstream-name"
      name="name"
      label="Name"
      value={values.name ?? ""}
      required
      maxlength={100}
      help="Without /. It picks this upstream where it stands before a model: NAME/model."
      error={errors.name}
    />
  );
}

function BaseUrlField({ values, errors, help }: FieldProps & { help?: string }) {
  return (
    <TextField
      id="upstream-base-url"
      name="base_url"
      label="Base URL"
      value={values.base_url ?? ""}
      mono
      required
      inputmode="url"
      placeholder="https://…/v1"
      help={help}
      error={errors.base_url}
    />
  );
}

function AuthField({ values, errors }: FieldProps) {
  return (
    <SelectField
      id="upstream-auth-style"
      name="auth_style"
      label="Key sent as"
      value={values.auth_style ?? "bearer"}
      options={AUTH_STYLES.map((style) => ({ value: style, label: AUTH_STYLE_WORDS[style] }))}
      error={errors.auth_style}
    />
  );
}
