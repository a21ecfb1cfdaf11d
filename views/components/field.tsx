import type { PropsWithChildren } from "@elysiajs/html";
import { attr } from "../attr.ts";
import { Icon } from "./icon.tsx";

interface FieldText {
  id: string;
  name: string;
  label: string;
  help?: string;
  /** What is wrong with the value, beside it. */
  error?: string;
}

/** What ties a control to its label, help and error. */
export function controlAttributes(field: { id: string; name: string; help?: string; error?: string }) {
  const described = [field.error && `${field.id}-error`, field.help && `${field.id}-help`]
    .filter(Boolean)
    .join(" ");
  return {
    id: field.id,
    name: field.name,
    "aria-describedby": described || undefined,
    "aria-invalid": field.error ? ("true" as const) : undefined,
  };
}

export function FieldError(props: { id: string; error?: string }) {
  if (!props.error) return "";
  return (
    <p class="error" id={`${props.id}-error`}>
      <Icon name="alert" size={14} />
      <span safe>{props.error}</span>
    </p>
  );
}

/** Label above, help below, error in place. */
export function Field(props: PropsWithChildren<FieldText>) {
  return (
    <div class="field">
      <label for={props.id} safe>
        {props.label}
      </label>
      {props.children}
      <FieldError id={props.id} error={props.error} />
      {props.help !== undefined ? (
        <p class="help" id={`${props.id}-help`} safe>
          {props.help}
        </p>
      ) : null}
    </div>
  );
}

interface TextFieldProps extends FieldText {
  value?: string;
  type?: "text" | "password";
  mono?: boolean;
  inputmode?: "numeric" | "decimal" | "url";
  placeholder?: string;
  required?: boolean;
  autofocus?: boolean;
  autocomplete?: string;
  maxlength?: number;
}

export function TextField(props: TextFieldProps) {
  return (
    <Field {...props}>
      <input
        {...controlAttributes(props)}
        type={props.type ?? "text"}
        class={props.mono ? "mono" : undefined}
        value={props.value === undefined ? undefined : attr(props.value)}
        inputmode={props.inputmode}
        placeholder={props.placeholder}
        required={props.required}
        autofocus={props.autofocus}
        autocomplete={props.autocomplete ?? "off"}
        maxlength={props.maxlength}
        spellcheck="false"
      />
    </Field>
  );
}

export interface SelectOption {
  value: string;
  label: string;
}

export function Options(props: { options: SelectOption[]; value: string }) {
  return (
    <>
      {props.options.map((option) => (
        <option value={attr(option.value)} selected={option.value === props.value} safe>
          {option.label}
        </option>
      ))}
    </>
  );
}

interface SelectFieldProps extends FieldText {
  options: SelectOption[];
  value: string;
}

export function SelectField(props: SelectFieldProps) {
  return (
    <Field {...props}>
      <select {...controlAttributes(props)}>
        <Options {...props} />
      </select>
    </Field>
  );
}
