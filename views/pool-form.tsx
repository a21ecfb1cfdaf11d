import { type Pool, STRATEGIES } from "../src/types.ts";
import { attr } from "./attr.ts";
import { controlAttributes, Field, FieldError, SelectField, TextField } from "./components/field.tsx";
import {
  FormActions,
  FormError,
  FormShell,
  formLive,
  type Place,
  SeenField,
} from "./components/form-shell.tsx";
import { POOL_ICONS, PoolMark } from "./components/pool-mark.tsx";
import { keysHref, poolPath } from "./links.ts";
import { inWords } from "./setting-labels.ts";
import { STRATEGY_SENTENCES } from "./strategy-words.ts";
import { plural } from "./verdicts.ts";

/** What was typed, by the names of the fields. */
export type PoolFormValues = Record<"name" | "description" | "color" | "icon" | "strategy", string>;

interface PoolFormProps {
  place: Place;
  /** Null: a new pool. */
  subject: { id: string; name: string } | null;
  /** Its revision; empty: a new pool. */
  seen: string;
  values: PoolFormValues;
  errors: Record<string, string>;
  message?: string;
  globalStrategy: (typeof STRATEGIES)[number];
}

export function PoolForm(props: PoolFormProps) {
  const { subject, values, errors } = props;
  const action = subject === null ? "/pools" : poolPath(subject.id);
  return (
    <FormShell
      place={props.place}
      title={subject === null ? "Add pool" : `Edit ${subject.name}`}
      lead={
        subject === null
          ? "Keys are put into it afterwards. It has a base URL of its own."
          : "In force with the next request. A changed name changes its base URL."
      }
      back={action}
    >
      <form method="post" action={attr(action)} class="fields" {...formLive(attr(action))}>
        <SeenField revision={props.seen} />
        <FormError message={props.message} />
        <TextField
          id="pool-name"
          name="name"
          label="Name"
          value={values.name}
          required
          autofocus
          maxlength={50}
          help="Without /. Clients write it: /pools/NAME/v1."
          error={errors.name}
        />
        <TextField
          id="pool-description"
          name="description"
          label="Description"
          value={values.description}
          maxlength={500}
          error={errors.description}
        />
        <Field id="pool-color" name="color" label="Colour" error={errors.color}>
          <input
            {...controlAttributes({ id: "pool-color", name: "color", error: errors.color })}
            type="color"
            class="swatch"
            value={attr(values.color)}
          />
        </Field>
        <fieldset class="icon-choice" aria-describedby={errors.icon ? "pool-icon-error" : undefined}>
          <legend>Icon</legend>
          {Object.keys(POOL_ICONS).map((icon) => (
            <label title={attr(icon)}>
              <input
                type="radio"
                name="icon"
                value={attr(icon)}
                checked={values.icon === icon}
                aria-label={attr(icon)}
              />
              <PoolMark pool={{ color: "currentColor", icon }} />
            </label>
          ))}
          <FieldError id="pool-icon" error={errors.icon} />
        </fieldset>
        <SelectField
          id="pool-strategy"
          name="strategy"
          label="Strategy"
          value={values.strategy}
          options={[
            { value: "", label: `As all: ${inWords(props.globalStrategy).toLowerCase()}` },
            ...STRATEGIES.map((strategy) => ({
              value: strategy,
              label: `${inWords(strategy)}: ${STRATEGY_SENTENCES[strategy].charAt(0).toLowerCase()}${STRATEGY_SENTENCES[strategy].slice(1, -1)}`,
            })),
          ]}
          error={errors.strategy}
        />
        <FormActions submit="Save" back={action} />
      </form>
    </FormShell>
  );
}

/** A pool goes, its keys stay. */
export function DeletePoolForm(props: { place: Place; subject: Pick<Pool, "id" | "name">; keys: number }) {
  const { id, name } = props.subject;
  const action = poolPath(id, "delete");
  const stay =
    props.keys === 0
      ? "It has no keys."
      : `Its ${plural(props.keys, "key")} ${props.keys === 1 ? "stays" : "stay"} and ${props.keys === 1 ? "is" : "are"} in no pool then.`;
  return (
    <FormShell
      place={props.place}
      title={`Delete ${name}?`}
      lead={`${stay} Clients that name this pool get an error; the logs keep their rows.`}
      back={poolPath(id)}
    >
      <form method="post" action={attr(action)} {...formLive(attr(action))}>
        {props.keys > 0 ? (
          <p>
            <a href={attr(keysHref({ pool: id }))} safe>
              {`Look at the ${plural(props.keys, "key")}`}
            </a>
          </p>
        ) : null}
        <FormActions submit="Delete" destructive back={poolPath(id)} autofocus />
      </form>
    </FormShell>
  );
}
