import { attr } from "../attr.ts";

interface StatProps {
  label: string;
  value: string;
  /** After the value, softer: "of 8". */
  unit?: string;
  /** The exact value, where the shown one is shortened. */
  title?: string;
  /** One line below: what the figure is made of. */
  detail: string;
  /** Points of a small line beside the value, oldest first. */
  spark?: number[];
  sparkClass?: string;
}

/** One figure that matters. */
export function Stat(props: StatProps) {
  return (
    <div class="stat">
      <dt safe>{props.label}</dt>
      <dd>
        <span class="figure">
          <span class="value" title={props.title && attr(props.title)}>
            <span safe>{props.value}</span>
            {props.unit !== undefined ? <small safe>{` ${props.unit}`}</small> : null}
          </span>
          {props.spark !== undefined ? (
            <Spark points={props.spark} className={props.sparkClass ?? "c-accent"} />
          ) : null}
        </span>
        <span class="detail" title={attr(props.detail)} safe>
          {props.detail}
        </span>
      </dd>
    </div>
  );
}

const WIDTH = 72;
const HEIGHT = 20;

/** Decoration: the same numbers stand in the chart. */
function Spark(props: { points: number[]; className: string }) {
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
      aria-hidden="true"
    >
      <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
      <path class="line-path" d={line} />
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
