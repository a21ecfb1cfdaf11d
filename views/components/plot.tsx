import { attr, jsonAttr } from "../attr.ts";
import { UNKNOWN } from "../format.ts";
import { type Colour, Swatch } from "./swatch.tsx";

/** How a series is drawn: put on top of the others, as an area from zero, as a line, as the line of another time. */
export type PlotLook = "stack" | "area" | "line" | "dashed";

export interface PlotSeries {
  label: string;
  colour: Colour;
  look: PlotLook;
  /** One for each time; null: not known, a gap. */
  values: (number | null)[];
  /** In the legend beside the label: the sum, or the last value. */
  figure?: string;
}

export interface PlotProps {
  /** Its element's id. */
  id: string;
  /** The drawing's accessible name and the table's caption. */
  name: string;
  /** Epoch ms and how they are written. */
  times: { at: number; text: string }[];
  series: PlotSeries[];
  /** How a value is written in the table and the tooltip. */
  write(value: number): string;
  axis: PlotAxis;
  /** The IANA zone of the ticks below. */
  timeZone: string;
  /** The drawing moves with the clock and shows so many seconds. */
  movingS?: number;
}

/** How ticks are written: prefix, number, and the unit of ones, thousands, millions. */
export interface PlotAxis {
  prefix: string;
  units: string[];
  /** The axis reaches at least to here. */
  top: number;
}

export const COUNT_AXIS: PlotAxis = { prefix: "", units: ["", " k", " M", " G"], top: 4 };
export const TIME_AXIS: PlotAxis = { prefix: "", units: [" ms", " s"], top: 10 };
export const COST_AXIS: PlotAxis = { prefix: "$", units: ["", " k", " M"], top: 0.0001 };

/**
 * A chart and the table that it is drawn from by `app.js`. Without scripts the table stands alone; whoever can't see
 * the drawing opens it.
 */
export function Plot(props: PlotProps) {
  return (
    <figure class="plot" id={props.id} data-plot={jsonAttr(drawing(props))}>
      <PlotLegend series={props.series} />
      <div class="drawing scripted" role="img" aria-label={attr(props.name)} hx-morph-skip>
        <div class="tip" hidden inert />
      </div>
      <details>
        <summary>Table</summary>
        <section class="scroll" tabindex="0" aria-label={attr(`${props.name}, as a table`)}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {props.series.map((series) => (
                  <th scope="col" class="right">
                    <bdi safe>{series.label}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.times.map(({ at, text }, row) => (
                <tr data-at={String(at / 1_000)}>
                  <th scope="row" safe>
                    {text}
                  </th>
                  {props.series.map(({ values }) => (
                    <ValueCell value={values[row] ?? null} write={props.write} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  );
}

/** Ticks by day and by time, as the library takes them: from which distance on, the form, what else to say at a day's begin. */
const TICKS = [
  [86_400, "{D} {MMM}", null, null, null, null, null, null, 1],
  [1, "{HH}:{mm}", null, null, null, null, null, null, 1],
];

/** What the script needs to draw: options of uPlot beside how ticks are written. */
function drawing({ axis, timeZone, movingS }: PlotProps) {
  const { prefix, units, top } = axis;
  const none = { show: false };
  return {
    prefix,
    units,
    timeZone,
    movingS,
    legend: none,
    cursor: { y: false, sync: { key: "page" }, drag: { x: movingS === undefined } },
    scales: { y: { range: { min: { hard: 0, soft: 0, mode: 1 }, max: { pad: 0.05, soft: top, mode: 1 } } } },
    axes: [
      { size: 28, grid: none, ticks: none, values: TICKS },
      { size: 56, ticks: none },
    ],
  };
}

function ValueCell(props: { value: number | null; write(value: number): string }) {
  if (props.value === null) return <td class="right soft">{UNKNOWN}</td>;
  return (
    <td class="right" data-value={String(props.value)} safe>
      {props.write(props.value)}
    </td>
  );
}

/** Buttons that take a series out of the drawing and put it back. */
function PlotLegend(props: { series: PlotSeries[] }) {
  return (
    <figcaption class="legend">
      {props.series.map((series) => (
        <button
          type="button"
          class="bare small"
          aria-pressed="true"
          data-series={attr(series.label)}
          data-look={series.look}
        >
          <Swatch colour={series.colour} />
          <bdi class="name" title={attr(series.label)} safe>
            {series.label}
          </bdi>
          <b safe>{series.figure ?? ""}</b>
        </button>
      ))}
    </figcaption>
  );
}
