import {
  COST_AXIS,
  COUNT_AXIS,
  type PlotAxis,
  type PlotLook,
  type PlotProps,
  type PlotSeries,
  TIME_AXIS,
} from "./components/plot.tsx";
import type { Colour } from "./components/swatch.tsx";
import { bucketText, count, duration, exact } from "./format.ts";
import { BEFORE, QUIET } from "./stats-colours.ts";
import { dollars, type StatsFigures, type StatsReport } from "./stats-figures.ts";
import { GROUP_NAMES, STATS_SPANS, type StatsPageQuery } from "./stats-query.ts";

export type TitledPlot = PlotProps & { title: string; unit: string };
type Pick = (figures: StatsFigures) => number | null;

const BUCKET_WORDS: Record<number, string> = { 60: "by minute", 3600: "by hour", 86400: "by day" };
const PERCENTILES = [
  ["p50", "c-accent"],
  ["p95", "c-ejected"],
  ["p99", "c-invalid"],
] as const;

interface PlotsInput {
  report: StatsReport;
  query: StatsPageQuery;
  /** Of the groups, by id. */
  colours: ReadonlyMap<string, Colour>;
  /** What days are counted in, and what the reader's clock shows. */
  dayZone: string;
  readerZone: string;
}

/** The six charts of the page, each with its table. */
export function statsPlots(input: PlotsInput): TitledPlot[] {
  const { report, query } = input;
  const timeZone = report.bucketS === 86_400 ? input.dayZone : input.readerZone;
  const times = report.series.map(({ at }) => ({ at, text: bucketText(at, report.bucketS, timeZone) }));
  const each = BUCKET_WORDS[report.bucketS] ?? "";
  const group = GROUP_NAMES[query.group].toLowerCase();
  const plot = (
    id: string,
    title: string,
    unit: string,
    series: (PlotSeries | null)[],
    axis: PlotAxis,
    write: PlotProps["write"],
  ): TitledPlot => ({
    id: `plot-${id}`,
    title,
    unit,
    name: `${title}, ${unit}`,
    times,
    timeZone,
    series: series.filter((one) => one !== null),
    axis,
    write,
  });
  const line = (label: string, className: string, look: PlotLook, pick: Pick, figure: string) => ({
    label,
    colour: { className },
    look,
    values: report.series.map(pick),
    figure,
  });
  const { totals } = report;
  const before = (pick: Pick, label = `Total, ${STATS_SPANS[query.range].before}`) =>
    beforeLine(report, pick, label);
  const tokens = (figures: StatsFigures) => figures.inputTokens + figures.outputTokens;
  const latency = (id: string, title: string, of: "ttftMs" | "durationMs") =>
    plot(
      id,
      title,
      each,
      [
        ...PERCENTILES.map(([name, className]) =>
          line(name, className, "line", (figures) => figures[of][name], duration(totals[of][name])),
        ),
        before((figures) => figures[of].p95, `p95, ${STATS_SPANS[query.range].before}`),
      ],
      TIME_AXIS,
      duration,
    );
  return [
    plot(
      "requests",
      `Requests by ${group}`,
      each,
      [...stacked(input, (figures) => figures.requests, count), before((figures) => figures.requests)],
      COUNT_AXIS,
      exact,
    ),
    plot(
      "errors",
      "What did not go well",
      `requests ${each}`,
      [
        line("Failed", "c-invalid", "line", (figures) => figures.errors, count(totals.errors)),
        line(
          "Client's mistake",
          "c-quiet",
          "line",
          (figures) => figures.clientErrors,
          count(totals.clientErrors),
        ),
        line(
          "Moved to another key",
          "c-ejected",
          "line",
          (figures) => figures.failovers,
          count(totals.failovers),
        ),
        before((figures) => figures.errors, `Failed, ${STATS_SPANS[query.range].before}`),
      ],
      COUNT_AXIS,
      exact,
    ),
    latency("first-byte", "First byte", "ttftMs"),
    latency("duration", "Whole answer", "durationMs"),
    plot(
      "tokens",
      "Tokens",
      each,
      [
        line("Input", "k1", "stack", (figures) => figures.inputTokens, count(totals.inputTokens)),
        line("Output", "k2", "stack", (figures) => figures.outputTokens, count(totals.outputTokens)),
        before(tokens),
      ],
      COUNT_AXIS,
      exact,
    ),
    plot(
      "cost",
      `Cost by ${group}`,
      `dollars ${each}`,
      [...stacked(input, (figures) => figures.costUsd, dollars), before((figures) => figures.costUsd)],
      COST_AXIS,
      dollars,
    ),
  ];
}

/** The groups that have series of their own, one on the other, and the rest of the total. */
function stacked(
  { report, colours }: PlotsInput,
  pick: Pick,
  write: (sum: number | null) => string,
): PlotSeries[] {
  const drawn = report.groups.filter(({ series }) => series.length > 0);
  const series: PlotSeries[] = drawn.map((group) => ({
    label: group.label,
    colour: colours.get(group.id) ?? QUIET,
    look: "stack",
    values: group.series.map(pick),
    figure: write(pick(group)),
  }));
  const rest = (whole: number | null, parts: (number | null)[]) =>
    whole === null ? null : nothingBelow(whole - parts.reduce<number>((sum, part) => sum + (part ?? 0), 0));
  const total = rest(pick(report.totals), drawn.map(pick));
  if (drawn.length > 0 && total === 0) return distinct(series);
  const others: PlotSeries = {
    label: drawn.length === 0 ? "All" : "Others",
    colour: QUIET,
    look: "stack",
    values: report.series.map((point, at) =>
      rest(
        pick(point),
        drawn.map((group) => pick(group.series[at] ?? point)),
      ),
    ),
    figure: write(total),
  };
  return distinct([...series, others]);
}

/** Names are what the legend tells series apart by. */
function distinct(series: PlotSeries[]): PlotSeries[] {
  const seen = new Map<string, number>();
  return series.map((one) => {
    const times = (seen.get(one.label) ?? 0) + 1;
    seen.set(one.label, times);
    return times === 1 ? one : { ...one, label: `${one.label} (${times})` };
  });
}

/** What adding floats leaves over is no rest. */
function nothingBelow(value: number): number {
  return value < 1e-9 ? 0 : value;
}

function beforeLine(report: StatsReport, pick: Pick, label: string): PlotSeries | null {
  const { before } = report;
  if (before === null) return null;
  // Days of 23 and 25 hours may leave a bucket over: the ends belong together.
  const surplus = before.series.length - report.series.length;
  const values = report.series.map((_, at) => {
    const point = before.series[at + surplus];
    return point === undefined ? null : pick(point);
  });
  return { label, colour: BEFORE, look: "dashed", values };
}
