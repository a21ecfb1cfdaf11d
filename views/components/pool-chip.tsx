import type { Pool } from "../../src/types.ts";
import { UNKNOWN } from "../format.ts";
import { keyColour } from "./key-chip.tsx";

/** A pool's own colour can't be written into a page without inline styles: it borrows the nearest rule, by its id. */
export function PoolChip(props: { pool: Pool | undefined }) {
  if (props.pool === undefined) return <span class="soft">{UNKNOWN}</span>;
  return (
    <span class="key">
      <span class={`dot ${keyColour(props.pool.id)}`} />
      <bdi class="name" safe>
        {props.pool.name}
      </bdi>
    </span>
  );
}
