import { exact, percent, UNKNOWN } from "../format.ts";

/** From here on a daily limit is worth a look. */
const NEAR = 0.8;

interface DailyUseProps {
  used: number;
  limit: number | null;
  wide?: boolean;
}

/** Requests of today against the daily limit; without one only their number. */
export function DailyUse(props: DailyUseProps) {
  if (props.limit === null) {
    return (
      <span title={`${exact(props.used)} today, no daily limit`} safe>
        {exact(props.used)}
      </span>
    );
  }
  return (
    <span class="daily" title={`${exact(props.used)} of ${exact(props.limit)} today: ${share(props)}`}>
      <meter
        class={props.wide ? "wide" : undefined}
        min="0"
        max={props.limit}
        low={NEAR * props.limit}
        high={props.limit - 0.5}
        optimum={0}
        value={Math.min(props.used, props.limit)}
        aria-label="Daily limit used"
      />
      <span safe>{exact(props.used)}</span>
      <span class="soft" safe>{`/ ${exact(props.limit)}`}</span>
    </span>
  );
}

function share(props: DailyUseProps): string {
  return props.limit === null ? UNKNOWN : percent(props.used, props.limit);
}
