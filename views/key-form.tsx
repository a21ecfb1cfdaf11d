import type { Pool } from "../src/types.ts";
import { TextField } from "./components/field.tsx";
import {
  FormActions,
  FormError,
  FormShell,
  formLive,
  type Place,
  SeenField,
} from "./components/form-shell.tsx";
import { LIMIT_FIELDS } from "./components/limit-fields.tsx";
import { PoolField, UpstreamField } from "./components/pool-field.tsx";
import { keyPath } from "./links.ts";

/** What was typed, by the names of the fields; the secret is never sent back. */
export interface KeyFormValues {
  name: string;
  tags: string;
  pool_id: string;
  new_pool: string;
  upstream_id: string;
  daily_limit: string;
  rpm_limit: string;
  tpm_limit: string;
  max_concurrency: string;
  weight: string;
  priority: string;
}

export interface KeyFormProps {
  place: Place;
  /** Null: a new key. */
  subject: { id: string; name: string; maskedSecret: string } | null;
  /** Its revision; empty: a new key. */
  seen: string;
  values: KeyFormValues;
  errors: Record<string, string>;
  message?: string;
  pools: Pool[];
  upstreams: { id: string; name: string }[];
  defaultDailyLimit: number | null;
}

const MORE_FIELDS = [
  ...LIMIT_FIELDS.filter(({ name }) => name !== "daily_limit").map(({ name, label }) => ({
    name: name as Exclude<typeof name, "daily_limit">,
    label,
    help: "Empty means no limit.",
  })),
  { name: "weight", label: "Weight", help: "Its share under the strategy weighted." },
  { name: "priority", label: "Priority", help: "The lower number is used first." },
] as const;

/** Adds one key, or edits one. */
export function KeyForm(props: KeyFormProps) {
  const { subject } = props;
  const isNew = subject === null;
  const action = isNew ? "/keys" : keyPath(subject.id);
  const byDefault = props.defaultDailyLimit === null ? "no limit" : `${props.defaultDailyLimit}, the default`;
  return (
    <FormShell
      place={props.place}
      title={isNew ? "Add key" : `Edit ${subject.name}`}
      lead={
        isNew
          ? "Stored encrypted and never shown in full again. It takes its turn at once."
          : "In force with the next request; running ones finish as they began."
      }
      back={action}
    >
      <form method="post" action={action} class="fields" {...formLive(action)}>
        <SeenField revision={props.seen} />
        <FormError message={props.message} />
        <TextField
          id="key-secret"
          name="secret"
          label="Secret"
          mono
          required={isNew}
          autofocus={isNew}
          maxlength={500}
          placeholder={isNew ? "AIza…, sk-…" : undefined}
          help={subject ? `Empty keeps ${subject.maskedSecret}. A new secret starts afresh.` : undefined}
          error={props.errors.secret}
        />
        <TextField
          id="key-name"
          name="name"
          label="Name"
          value={props.values.name}
          autofocus={!isNew}
          maxlength={100}
          help={isNew ? "Empty takes the next free number." : undefined}
          error={props.errors.name}
        />
        <TextField
          id="key-tags"
          name="tags"
          label="Tags"
          value={props.values.tags}
          help="Separated by commas."
          error={props.errors.tags}
        />
        <PoolField
          id="key-pool"
          value={props.values.pool_id}
          pools={props.pools}
          error={props.errors.pool_id}
          newName={props.values.new_pool}
          newError={props.errors.new_pool}
        />
        <UpstreamField
          id="key-upstream"
          value={props.values.upstream_id}
          upstreams={props.upstreams}
          error={props.errors.upstream_id}
        />
        <TextField
          id="key-daily-limit"
          name="daily_limit"
          label="Daily limit"
          value={props.values.daily_limit}
          inputmode="numeric"
          help={`Requests a day. Empty means ${byDefault}.`}
          error={props.errors.daily_limit}
        />
        <details open={MORE_FIELDS.some(({ name }) => props.errors[name] !== undefined)}>
          <summary>More limits, weight and priority</summary>
          <div class="fields pairs">
            {MORE_FIELDS.map(({ name, label, help }) => (
              <TextField
                id={`key-${name}`}
                name={name}
                label={label}
                help={help}
                value={props.values[name]}
                inputmode="numeric"
                error={props.errors[name]}
              />
            ))}
          </div>
        </details>
        <FormActions submit="Save" back={action} />
      </form>
    </FormShell>
  );
}
