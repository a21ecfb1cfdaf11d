import { exact, percent } from "../format.ts";

/** From here on a daily limit is worth a look. */
const NEAR = 0.8;

interface DailyUseProps {
  used: number;
  limit: number | null;
  wide?: boolean;
}

/** Requests of today against the daily limit; without one only their number. */
export function DailyUse(props: DailyUseProps) {
  const { used, limit } = props;
  if (limit === null) {
    return (
      <span title={`${exact(used)} today, no daily limit`} safe>
        {exact(used)}
      </span>
    );
  }
  const share = used / limit;
  const colour = share >= 1 ? "is-daily" : share >= NEAR ? "is-ejected" : "c-quiet";
  return (
    <span class="daily" title={`${exact(used)} of ${exact(limit)} today: ${percent(used, limit)}`}>
      <svg
        class={`gauge ${colour}${props.wide ? " wide" : ""}`}
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect class="track" width="100" height="4" />
        <rect class="fill" width={Math.min(100, 100 * share)} height="4" />
      </svg>
      <span safe>{exact(used)}</span>
      <span class="soft" safe>{`/ ${exact(limit)}`}</span>
    </span>
  );
}
