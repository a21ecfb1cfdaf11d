import type { Pool } from "../src/types.ts";
import { SelectField, TextField } from "./components/field.tsx";
import { FormActions, FormError, FormShell, formLive, type Place } from "./components/form-shell.tsx";

/** What was typed, by the names of the fields; the secret is never sent back. */
export interface KeyFormValues {
  name: string;
  tags: string;
  pool_id: string;
  upstream_id: string;
  daily_limit: string;
}

export interface KeyFormProps {
  place: Place;
  /** Null: a new key. */
  subject: { id: string; name: string; maskedSecret: string } | null;
  values: KeyFormValues;
  errors: Record<string, string>;
  message?: string;
  pools: Pool[];
  upstreams: { id: string; name: string }[];
  defaultDailyLimit: number | null;
}

const NO_POOL = { value: "", label: "No pool" };

/** Adds one key, or edits one. */
export function KeyForm(props: KeyFormProps) {
  const action = props.subject === null ? "/keys" : `/keys/${encodeURIComponent(props.subject.id)}`;
  const back = props.subject === null ? "/keys" : action;
  const byDefault = props.defaultDailyLimit === null ? "no limit" : `${props.defaultDailyLimit}, the default`;
  return (
    <FormShell
      place={props.place}
      title={props.subject === null ? "Add key" : `Edit ${props.subject.name}`}
      lead={
        props.subject === null
          ? "Stored encrypted and never shown in full again. It takes its turn at once."
          : "In force with the next request; running ones finish as they began."
      }
      back={back}
    >
      <form method="post" action={action} class="fields" {...formLive(action)}>
        <FormError message={props.message} />
        <TextField
          id="key-secret"
          name="secret"
          label="Secret"
          mono
          required={props.subject === null}
          autofocus={props.subject === null}
          maxlength={500}
          placeholder={props.subject === null ? "AIza…, sk-…" : undefined}
          help={
            props.subject === null
              ? undefined
              : `Empty keeps ${props.subject.maskedSecret}. A new secret starts afresh.`
          }
          error={props.errors.secret}
        />
        <TextField
          id="key-name"
          name="name"
          label="Name"
          value={props.values.name}
          autofocus={props.subject !== null}
          maxlength={100}
          help={props.subject === null ? "Empty takes the next free number." : undefined}
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
        {props.pools.length > 0 && (
          <SelectField
            id="key-pool"
            name="pool_id"
            label="Pool"
            value={props.values.pool_id}
            options={[NO_POOL, ...props.pools.map((pool) => ({ value: pool.id, label: pool.name }))]}
            error={props.errors.pool_id}
          />
        )}
        {props.upstreams.length > 1 && (
          <SelectField
            id="key-upstream"
            name="upstream_id"
            label="Upstream"
            value={props.values.upstream_id}
            options={props.upstreams.map((upstream) => ({ value: upstream.id, label: upstream.name }))}
            error={props.errors.upstream_id}
          />
        )}
        <TextField
          id="key-daily-limit"
          name="daily_limit"
          label="Daily limit"
          value={props.values.daily_limit}
          inputmode="numeric"
          help={`Requests a day. Empty means ${byDefault}.`}
          error={props.errors.daily_limit}
        />
        <FormActions submit="Save" back={back} />
      </form>
    </FormShell>
  );
}
