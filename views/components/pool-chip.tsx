import type { Pool } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { UNKNOWN } from "../format.ts";

/** The pool's own colour as an attribute of SVG: inline styles are forbidden. */
export function PoolChip(props: { pool: Pool | undefined }) {
  if (props.pool === undefined) return <span class="soft">{UNKNOWN}</span>;
  return (
    <span class="key">
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
        <rect width="8" height="8" rx="2" fill={attr(props.pool.color)} />
      </svg>
      <bdi class="name" safe>
        {props.pool.name}
      </bdi>
    </span>
  );
}
