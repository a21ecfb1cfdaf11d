import { exact, moment, type Reader } from "../format.ts";
import { COUNT_AXIS, Plot, type PlotLook, type PlotSeries } from "./plot.tsx";

export interface Minute {
  at: number;
  requests: number;
  errors: number;
  failovers: number;
}

const HOUR_S = 3_600;
const HALF_A_MINUTE_MS = 30_000;
const SERIES: { label: string; className: string; look: PlotLook; value(minute: Minute): number }[] = [
  {
    label: "Answered",
    className: "c-accent",
    look: "area",
    value: (minute) => minute.requests - minute.errors,
  },
  {
    label: "Moved to another key",
    className: "c-ejected",
    look: "area",
    value: (minute) => minute.failovers,
  },
  { label: "Failed", className: "c-invalid", look: "area", value: (minute) => minute.errors },
];

/** Requests of each minute of the last hour, moving with the clock. The last minute stands for the last 60 s. */
export function HourPlot(props: { minutes: Minute[]; reader: Reader }) {
  const { minutes, reader } = props;
  const last = minutes.at(-1);
  const series: PlotSeries[] = SERIES.map(({ label, className, look, value }) => ({
    label,
    colour: { className },
    look,
    values: minutes.map(value),
    figure: exact(last === undefined ? 0 : value(last)),
  }));
  const times = minutes.map((minute) =>
    minute === last
      ? { at: reader.now, text: "Last 60 s" }
      : { at: minute.at + HALF_A_MINUTE_MS, text: moment(minute.at, reader) },
  );
  return (
    <Plot
      id="plot-hour"
      name={summary(minutes)}
      times={times}
      series={series}
      axis={COUNT_AXIS}
      write={exact}
      timeZone={reader.timeZone}
      movingS={HOUR_S}
    />
  );
}

function summary(minutes: Minute[]): string {
  const sums = SERIES.map(({ label, value }) => {
    const sum = minutes.reduce((total, minute) => total + value(minute), 0);
    return `${exact(sum)} ${label.toLowerCase()}`;
  });
  return `Requests a minute in the last hour: ${sums.join(", ")}`;
}
