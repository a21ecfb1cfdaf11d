import type { Pool } from "../../src/types.ts";
import { SelectField, type SelectOption, TextField } from "./field.tsx";

/** What stands for a pool that is made with what the form adds or moves. */
export const NEW_POOL = "new";

interface PoolFieldProps {
  id: string;
  value: string;
  pools: Pool[];
  error?: string;
  /** The name of the new one, as it was typed. */
  newName?: string;
  newError?: string;
}

/** Which pool: one of those that are there, none, or a new one by its name. */
export function PoolField(props: PoolFieldProps) {
  const options = [...poolOptions(props.pools), { value: NEW_POOL, label: "New pool" }];
  return (
    <>
      <SelectField
        id={props.id}
        name="pool_id"
        label="Pool"
        value={props.value}
        options={options}
        error={props.error}
      />
      <div class="new-pool">
        <TextField
          id={`${props.id}-name`}
          name="new_pool"
          label="New pool"
          maxlength={50}
          value={props.newName}
          error={props.newError}
        />
      </div>
    </>
  );
}

export function poolOptions(pools: Pool[]): SelectOption[] {
  return [{ value: "", label: "No pool" }, ...pools.map(({ id, name }) => ({ value: id, label: name }))];
}

/** Which upstream; left out where there is only one. */
export function UpstreamField(props: {
  id: string;
  value: string;
  upstreams: { id: string; name: string }[];
  error?: string;
}) {
  if (props.upstreams.length < 2) return "";
  return (
    <SelectField
      id={props.id}
      name="upstream_id"
      label="Upstream"
      value={props.value}
      options={props.upstreams.map((upstream) => ({ value: upstream.id, label: upstream.name }))}
      error={props.error}
    />
  );
}
