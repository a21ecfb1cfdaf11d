interface SparkProps {
  /** Oldest first. */
  points: number[];
  className: string;
  /** What it shows, in words; without it is decoration of numbers that stand elsewhere. */
  title?: string;
}

const WIDTH = 72;
const HEIGHT = 20;

/** A small line without axes, from 0 up to its own highest point. */
export function Spark(props: SparkProps) {
  const top = Math.max(...props.points) || 1;
  const step = WIDTH / Math.max(1, props.points.length - 1);
  const line = props.points
    .map(
      (value, at) =>
        `${at === 0 ? "M" : "L"}${round(at * step)} ${round(HEIGHT - 1 - (value / top) * (HEIGHT - 2))}`,
    )
    .join("");
  return (
    <svg
      class={props.className}
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role={props.title === undefined ? undefined : "img"}
      aria-label={props.title}
      aria-hidden={props.title === undefined ? "true" : undefined}
    >
      {props.title !== undefined ? <title safe>{props.title}</title> : null}
      <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
      <path class="line-path" d={line} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
