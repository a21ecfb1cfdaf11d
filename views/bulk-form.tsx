import type { Pool } from "../src/types.ts";
import { attr } from "./attr.ts";
import { QueryFields } from "./components/bulk-bar.tsx";
import { SelectField, TextField } from "./components/field.tsx";
import { FormActions, FormError, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { LIMIT_FIELDS } from "./components/limit-fields.tsx";
import { PoolField } from "./components/pool-field.tsx";
import { KEYS_PATH, type KeyListQuery } from "./key-list.ts";
import { plural } from "./verdicts.ts";

export type AskedAction = "delete" | "move" | "set_limits" | "tags";

export interface BulkFormProps {
  place: Place;
  action: AskedAction;
  query: KeyListQuery;
  /** The keys that were ticked; empty where all that match are meant. */
  ids: string[];
  amount: number;
  /** What was typed. */
  values: Record<string, string>;
  errors: Record<string, string>;
  message?: string;
  pools: Pool[];
}

const WORDS: Record<
  AskedAction,
  { title(keys: string): string; lead: string; submit(keys: string): string }
> = {
  delete: {
    title: (keys) => `Delete ${keys}?`,
    lead: "Their secrets and counters go with them and can't be brought back. Running requests finish; the logs keep their rows.",
    submit: (keys) => `Delete ${keys}`,
  },
  move: {
    title: (keys) => `Move ${keys}`,
    lead: "Into another pool, with the next request.",
    submit: (keys) => `Move ${keys}`,
  },
  set_limits: {
    title: (keys) => `Limit ${keys}`,
    lead: "What is left empty stays as it is; 0 takes a limit away.",
    submit: (keys) => `Limit ${keys}`,
  },
  tags: {
    title: (keys) => `Tag ${keys}`,
    lead: "Keys are found and narrowed down by their tags.",
    submit: (keys) => `Tag ${keys}`,
  },
};

/** Asks what is needed, or whether it is really meant, before many keys are changed. */
export function BulkForm(props: BulkFormProps) {
  const words = WORDS[props.action];
  const keys = plural(props.amount, "key");
  const path = `${KEYS_PATH}/bulk`;
  return (
    <FormShell place={props.place} title={words.title(keys)} lead={words.lead} back={KEYS_PATH}>
      <form method="post" action={path} class="fields" {...formLive(path)}>
        <FormError message={props.message} />
        <QueryFields query={props.query} />
        {props.ids.length === 0 ? <input type="hidden" name="all" value="1" /> : ""}
        {props.ids.map((id) => (
          <input type="hidden" name="id" value={attr(id)} />
        ))}
        <input type="hidden" name="sure" value="1" />
        {props.action === "tags" ? "" : <input type="hidden" name="action" value={props.action} />}
        <Fields {...props} />
        <FormActions
          submit={words.submit(keys)}
          destructive={props.action === "delete"}
          back={KEYS_PATH}
          autofocus={props.action === "delete"}
        />
      </form>
    </FormShell>
  );
}

function Fields(props: BulkFormProps) {
  const { action, values, errors } = props;
  if (action === "move") {
    return (
      <PoolField
        id="bulk-pool"
        value={values.pool_id ?? ""}
        pools={props.pools}
        error={errors.pool_id}
        newName={values.new_pool}
        newError={errors.new_pool}
      />
    );
  }
  if (action === "tags") {
    return (
      <>
        <SelectField
          id="bulk-action"
          name="action"
          label="Do"
          value={values.action ?? "add_tags"}
          options={[
            { value: "add_tags", label: "Add these" },
            { value: "remove_tags", label: "Take these away" },
          ]}
        />
        <TextField
          id="bulk-tags"
          name="tags"
          label="Tags"
          value={values.tags}
          help="Separated by commas."
          autofocus
          error={errors.tags}
        />
      </>
    );
  }
  if (action === "set_limits") {
    return (
      <>
        {LIMIT_FIELDS.map(({ name, label, help }) => (
          <TextField
            id={`bulk-${name}`}
            name={name}
            label={label}
            help={help}
            value={values[name]}
            inputmode="numeric"
            error={errors[name]}
          />
        ))}
      </>
    );
  }
  return "";
}
