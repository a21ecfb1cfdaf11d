import { attr } from "./attr.ts";
import { controlAttributes, Field, SelectField } from "./components/field.tsx";
import { FormActions, FormShell, type Place } from "./components/form-shell.tsx";
import { exact } from "./format.ts";
import { filtersOf, LOGS_PATH, type LogListQuery, logListHref, logParameters } from "./log-list.ts";
import { sentence } from "./verdicts.ts";

/** A value to filter by, with the requests that had it lately. */
export interface LogChoice {
  value: string;
  label: string;
  requests: number;
}

export interface LogFilterFormProps {
  place: Place;
  query: LogListQuery;
  /** Most requests first. */
  choices: Record<"key_id" | "pool_id" | "model" | "outcome", LogChoice[]>;
  /** What the fields of the times hold. */
  times: { from: string; to: string };
  /** By field. */
  problems: Record<string, string>;
}

const SELECTS = { key_id: "Key", pool_id: "Pool", model: "Model", outcome: "Outcome" } as const;

/** Narrows the log down; a plain GET, so the address tells all of it. */
export function LogFilterForm(props: LogFilterFormProps) {
  const { query, choices } = props;
  const known = filtersOf(query.kind);
  const kept = logParameters({ ...query, cursor: "" });
  // Only these can be wrong, and with them there is no list to go back to.
  const back = logListHref({
    ...query,
    ...(Object.keys(props.problems).length > 0 && { from: "", to: "", status: "" }),
  });
  return (
    <FormShell
      place={props.place}
      title={query.kind === "key_event" ? "Filter key events" : "Filter requests"}
      lead="All that is given must fit. Beside each choice: its requests of the last 30 days."
      back={back}
    >
      <form action={LOGS_PATH} class="fields">
        {Object.entries(kept)
          .filter(([name]) => !(known as readonly string[]).includes(name))
          .map(([name, value]) => (
            <input type="hidden" name={name} value={attr(value)} />
          ))}
        {(Object.keys(SELECTS) as (keyof typeof SELECTS)[])
          .filter((name) => known.includes(name))
          .map((name) => (
            <SelectField
              id={`filter-${name}`}
              name={name}
              label={SELECTS[name]}
              value={query[name]}
              options={options(choices[name], query[name])}
            />
          ))}
        {known.includes("status") ? <StatusField {...props} /> : null}
        <div class="two-times">
          <TimeField name="from" label="From" {...props} />
          <TimeField name="to" label="To" {...props} />
        </div>
        <FormActions submit="Show" back={back} />
      </form>
    </FormShell>
  );
}

/** What is chosen stands there even where no request had it lately. */
function options(choices: LogChoice[], chosen: string): { value: string; label: string }[] {
  const isThere = chosen === "" || choices.some(({ value }) => value === chosen);
  const all = isThere ? choices : [{ value: chosen, label: chosen, requests: 0 }, ...choices];
  return [
    { value: "", label: "Any" },
    ...all.map(({ value, label, requests }) => ({ value, label: `${label} (${exact(requests)})` })),
  ];
}

function StatusField({ query, problems }: LogFilterFormProps) {
  const field = {
    id: "filter-status",
    name: "status",
    label: "Status",
    error: problems.status && sentence(problems.status),
  };
  return (
    <Field {...field}>
      <input
        {...controlAttributes(field)}
        type="number"
        min="100"
        max="599"
        placeholder="Any"
        value={attr(query.status)}
      />
    </Field>
  );
}

function TimeField(props: LogFilterFormProps & { name: "from" | "to"; label: string }) {
  const { name, label, problems } = props;
  const field = { id: `filter-${name}`, name, label, error: problems[name] && sentence(problems[name]) };
  return (
    <Field {...field}>
      <input {...controlAttributes(field)} type="datetime-local" value={attr(props.times[name])} />
    </Field>
  );
}
