import type { Pool } from "../../src/types.ts";
import { SelectField, type SelectOption } from "./field.tsx";

/** Which pool; left out where there is none. */
export function PoolField(props: { id: string; value: string; pools: Pool[]; error?: string }) {
  if (props.pools.length === 0) return "";
  return (
    <SelectField
      id={props.id}
      name="pool_id"
      label="Pool"
      value={props.value}
      options={poolOptions(props.pools)}
      error={props.error}
    />
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
