import { attr } from "../attr.ts";
import { exact, moment, type Reader } from "../format.ts";

export interface Minute {
  at: number;
  requests: number;
  errors: number;
  failovers: number;
}

/** Each series is drawn from zero, in this order. */
const SERIES = [
  { label: "Answered", className: "c-accent", value: (minute: Minute) => minute.requests - minute.errors },
  { label: "Moved to another key", className: "c-ejected", value: (minute: Minute) => minute.failovers },
  { label: "Failed", className: "c-invalid", value: (minute: Minute) => minute.errors },
];

const WIDTH = 600;
const HEIGHT = 200;
const GRID_LINES = 4;

/** Requests of each minute of the last hour. The drawing stretches with the page; the words around it don't. */
export function MinuteChart(props: { minutes: Minute[]; reader: Reader }) {
  const { minutes, reader } = props;
  const top = niceTop(Math.max(0, ...minutes.map((minute) => minute.requests)));
  const step = WIDTH / Math.max(1, minutes.length - 1);
  const x = (at: number) => Math.round(at * step * 10) / 10;
  const y = (value: number) => Math.round((HEIGHT - (value / top) * HEIGHT) * 10) / 10;
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, line) => line);
  const ticks = [0, 10, 20, 30, 40, 50].map((at) => minutes[at]?.at).filter((at) => at !== undefined);
  return (
    <figure class="chart">
      <ol class="y-axis" aria-hidden="true">
        {grid.toReversed().map((line) => (
          <li safe>{axisNumber((top * line) / GRID_LINES)}</li>
        ))}
      </ol>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={attr(summary(minutes))}
      >
        {grid.map((line) => (
          <path class={line === 0 ? "axis" : "grid"} d={`M0 ${y((top * line) / GRID_LINES)}H${WIDTH}`} />
        ))}
        {SERIES.map((series) => {
          const line = minutes
            .map((minute, at) => `${at === 0 ? "M" : "L"}${x(at)} ${y(series.value(minute))}`)
            .join("");
          return (
            <g class={series.className}>
              <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
              <path class="line-path" d={line} />
            </g>
          );
        })}
        {minutes.map((minute, at) => (
          <rect class="hover" x={x(at - 0.5)} y="0" width={x(1)} height={HEIGHT}>
            <title safe>{minuteText(minute, reader)}</title>
          </rect>
        ))}
      </svg>
      <ol class="x-axis" aria-hidden="true">
        {ticks.map((at) => (
          <li safe>{moment(at, reader)}</li>
        ))}
        <li>now</li>
      </ol>
    </figure>
  );
}

/** The last minute of each series beside its colour. */
export function MinuteLegend(props: { minutes: Minute[] }) {
  const last = props.minutes.at(-1);
  return (
    <span class="legend">
      {SERIES.map((series) => (
        <span>
          <span class={`dot ${series.className}`} />
          <span safe>{series.label}</span>
          <b safe>{last === undefined ? "0" : exact(series.value(last))}</b>
        </span>
      ))}
    </span>
  );
}

/** The next of 4, 8, 12, 20, 40, 60, 80, 120, 200 … so that each grid line is a whole number. */
function niceTop(value: number): number {
  for (let size = 1; ; size *= 10) {
    const fitting = [4, 8, 12, 20].find((top) => top * size >= value);
    if (fitting !== undefined) return fitting * size;
  }
}

function axisNumber(value: number): string {
  return value >= 10_000 ? `${exact(value / 1000)} k` : exact(value);
}

function minuteText(minute: Minute, reader: Reader): string {
  const parts = SERIES.map((series) => `${exact(series.value(minute))} ${series.label.toLowerCase()}`);
  return `${moment(minute.at, reader)}: ${parts.join(", ")}`;
}

function summary(minutes: Minute[]): string {
  const sum = (value: (minute: Minute) => number) =>
    exact(minutes.reduce((total, minute) => total + value(minute), 0));
  return `Requests a minute in the last hour: ${SERIES.map((series) => `${sum(series.value)} ${series.label.toLowerCase()}`).join(", ")}`;
}
