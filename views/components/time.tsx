import { ago, clock, countdown, fullTime, moment, type Reader, UNKNOWN } from "../format.ts";

/** "3 min ago", the exact time in the title. */
export function Ago(props: { at: number | null; reader: Reader }) {
  if (props.at === null) return <span class="soft">{UNKNOWN}</span>;
  return (
    <time datetime={iso(props.at)} title={fullTime(props.at, props.reader)} safe>
      {ago(props.at, props.reader)}
    </time>
  );
}

/** "14:04:22", with milliseconds in a softer tone where they are asked for. */
export function Clock(props: { at: number; reader: Reader; milliseconds?: boolean }) {
  return (
    <time datetime={iso(props.at)} title={fullTime(props.at, props.reader)}>
      <span safe>{clock(props.at, props.reader)}</span>
      {props.milliseconds && <span class="soft">.{String(props.at % 1000).padStart(3, "0") as "safe"}</span>}
    </time>
  );
}

/** Counted down by the second up to an hour ahead, "until Wed 01:00" beyond it. */
export function Countdown(props: { until: number; reader: Reader }) {
  const left = props.until - props.reader.now;
  const title = `until ${fullTime(props.until, props.reader)}`;
  if (left > MAX_COUNTED_MS) {
    return (
      <time datetime={iso(props.until)} title={title} safe>
        {`until ${moment(props.until, props.reader)}`}
      </time>
    );
  }
  return (
    <time datetime={iso(props.until)} title={title} data-until={String(props.until)} safe>
      {countdown(left)}
    </time>
  );
}

const MAX_COUNTED_MS = 3_600_000;

function iso(at: number): string {
  return new Date(at).toISOString();
}
