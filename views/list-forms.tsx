import { KEY_STATUSES, type Pool } from "../src/types.ts";
import { attr } from "./attr.ts";
import { QueryFields } from "./components/bulk-bar.tsx";
import { controlAttributes, Field, SelectField } from "./components/field.tsx";
import { FormActions, FormShell, type Place } from "./components/form-shell.tsx";
import { KEY_COLUMNS } from "./components/key-columns.tsx";
import { FILTER_NAMES, KEYS_PATH, type KeyListQuery, keyListHref, NO_POOL } from "./key-list.ts";
import { STATUS_LOOKS } from "./statuses.tsx";

interface FilterFormProps {
  place: Place;
  query: KeyListQuery;
  pools: Pool[];
  upstreams: { id: string; name: string }[];
  tags: string[];
}

const ANY = { value: "", label: "Any" };

/** Narrows the list down; a plain GET, so the address tells all of it. */
export function FilterForm(props: FilterFormProps) {
  const { query } = props;
  const tag = { id: "filter-tag", name: "tag", label: "Tag" };
  return (
    <FormShell
      place={props.place}
      title="Filter keys"
      lead="All that is given must fit."
      back={keyListHref(query)}
    >
      <form action={KEYS_PATH} class="fields">
        <QueryFields query={query} without={FILTER_NAMES} />
        <SelectField
          id="filter-status"
          name="status"
          label="Status"
          value={query.status}
          options={[
            ANY,
            ...KEY_STATUSES.map((status) => ({ value: status, label: STATUS_LOOKS[status].word })),
          ]}
        />
        <SelectField
          id="filter-pool"
          name="pool"
          label="Pool"
          value={query.pool}
          options={[
            ANY,
            { value: NO_POOL, label: "No pool" },
            ...props.pools.map((pool) => ({ value: pool.id, label: pool.name })),
          ]}
        />
        <SelectField
          id="filter-upstream"
          name="upstream"
          label="Upstream"
          value={query.upstream}
          options={[ANY, ...props.upstreams.map(({ id, name }) => ({ value: id, label: name }))]}
        />
        <Field {...tag}>
          <input
            {...controlAttributes(tag)}
            value={attr(query.tag)}
            list="known-tags"
            maxlength={40}
            autocomplete="off"
          />
          <datalist id="known-tags">
            {props.tags.map((known) => (
              <option value={attr(known)} />
            ))}
          </datalist>
        </Field>
        <FormActions submit="Show" back={keyListHref(query)} />
      </form>
    </FormShell>
  );
}

/** Which columns the table has; the browser remembers them. */
export function ColumnsForm(props: { place: Place; query: KeyListQuery; chosen: readonly string[] }) {
  return (
    <FormShell
      place={props.place}
      title="Columns"
      lead="Key, status and actions always stand. This browser remembers the others."
      back={keyListHref(props.query)}
    >
      <form action={KEYS_PATH} class="fields">
        <QueryFields query={props.query} without={["columns"]} />
        <input type="hidden" name="column" value="" />
        <ul class="checks">
          {KEY_COLUMNS.map(({ name, label }) => (
            <li>
              <label>
                <input type="checkbox" name="column" value={name} checked={props.chosen.includes(name)} />
                <span safe>{label}</span>
              </label>
            </li>
          ))}
        </ul>
        <FormActions submit="Show" back={keyListHref(props.query)} />
      </form>
    </FormShell>
  );
}
