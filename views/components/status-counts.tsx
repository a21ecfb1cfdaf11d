import { KEY_STATUSES, type KeyStatus } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { exact } from "../format.ts";
import { STATUS_LOOKS, StatusIcon } from "../statuses.tsx";
import type { KeyCounts } from "../verdicts.ts";

interface StatusCountsProps {
  /** Undefined: no keys at all. */
  counts: KeyCounts | undefined;
  /** The list of the keys that have this status. */
  href(status: KeyStatus): string;
}

/** How many keys of each status, each number a way to them. */
export function StatusCounts(props: StatusCountsProps) {
  const { counts } = props;
  const shown = counts === undefined ? [] : KEY_STATUSES.filter((status) => counts[status] > 0);
  if (counts === undefined || shown.length === 0) return <span class="soft">no keys</span>;
  return (
    <span class="status-counts">
      {shown.map((status) => {
        const { counted, className } = STATUS_LOOKS[status];
        const [many, one = many] = counted;
        const said = `${exact(counts[status])} ${counts[status] === 1 ? one : many}`;
        return (
          <a class={className} href={attr(props.href(status))} title={said} aria-label={said}>
            <StatusIcon status={status} />
            <span safe>{exact(counts[status])}</span>
          </a>
        );
      })}
    </span>
  );
}
