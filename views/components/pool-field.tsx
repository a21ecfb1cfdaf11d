import type { Pool } from "../../src/types.ts";
import { SelectField } from "./field.tsx";

/** Which pool; left out where there is none. */
export function PoolField(props: { id: string; value: string; pools: Pool[]; error?: string }) {
  if (props.pools.length === 0) return "";
  return (
    <SelectField
      id={props.id}
      name="pool_id"
      label="Pool"
      value={props.value}
      options={[
        { value: "", label: "No pool" },
        ...props.pools.map((pool) => ({ value: pool.id, label: pool.name })),
      ]}
      error={props.error}
    />
  );
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
