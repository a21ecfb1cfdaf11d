import { outcomeLook } from "../../views/outcomes.ts";
import { ResetStatsForm, StatsPage } from "../../views/stats.tsx";
import {
  GROUP_NAMES,
  STATS_SPANS,
  type StatsGroupName,
  type StatsPageQuery,
  type StatsSpan,
  statsHref,
} from "../../views/stats-query.ts";
import type { Stats, StatsQuery } from "../operations/types.ts";
import { InputError } from "../types.ts";
import { fieldTime, toInstant } from "./own-times.ts";
import type { PageContext } from "./page-context.ts";
import { done, formPage, page, placeOf, redirect } from "./render.tsx";
import { groupsCsv, timesCsv } from "./stats-csv.ts";

const DAY_MS = 86_400_000;
/** Rows of the table, and of these the series of the charts. */
const MAX_GROUPS = 50;
const MAX_SERIES = 6;
const MAX_CSV_GROUPS = 200;
/** A chart has a point a day, at most so many. */
const MAX_OWN_DAYS = 1_000;
const INFO = { title: "Stats", section: "/stats", assets: ["uplot.css", "uplot.js"] } as const;

export async function showStats(context: PageContext): Promise<Response> {
  const { deps, reader, url } = context;
  const query = readQuery(url.searchParams);
  if (query.range === "own") {
    const shareable = {
      from: toInstant(query.from, reader.timeZone),
      to: toInstant(query.to, reader.timeZone),
    };
    if (shareable.from !== query.from || shareable.to !== query.to)
      return redirect(statsHref(query, shareable));
  }
  const { report, problems } = await readReport(context, query, MAX_GROUPS);
  const pools = await deps.operations.pools.list();
  const body = (
    <StatsPage
      query={query}
      report={report}
      own={ownFields(context, query)}
      problems={problems}
      poolColours={new Map(pools.map((pool) => [pool.id, pool.color]))}
      dayZone={deps.operations.settings.current().dailyResetTimeZone}
      maxGroups={MAX_GROUPS}
      reader={reader}
    />
  );
  return page(context, { ...INFO, status: report === null ? 422 : 200 }, body);
}

/** What the page shows as a download: by time, or with `table=groups` by group. */
export async function downloadStats(context: PageContext): Promise<Response> {
  const query = readQuery(context.url.searchParams);
  const table = context.url.searchParams.get("table") === "groups" ? "groups" : "times";
  const { report, problems } = await readReport(context, query, MAX_CSV_GROUPS);
  if (report === null) throw new InputError("These statistics can't be had.", problems);
  const text = table === "groups" ? groupsCsv(report) : timesCsv(report);
  const day = new Date(report.to).toISOString().slice(0, 10);
  return new Response(text, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": `attachment; filename="stats-by-${table === "groups" ? query.group : "time"}-${day}.csv"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

export function askForStatsReset(context: PageContext): Promise<Response> | Response {
  return formPage(
    context,
    { title: "Reset statistics", section: "/stats" },
    <ResetStatsForm place={placeOf(context)} />,
  );
}

export async function resetStats(context: PageContext): Promise<Response> {
  await context.deps.operations.stats.reset();
  return done(context, { kind: "ok", text: "Statistics begin anew." }, "/stats");
}

/** The statistics, or what is wrong with the times of one's own. */
async function readReport(
  { deps, reader }: PageContext,
  query: StatsPageQuery,
  groups: number,
): Promise<{ report: Stats | null; problems: Record<string, string> }> {
  try {
    const asked: StatsQuery = {
      ...timesOf(query, reader.now),
      groupBy: query.group,
      groups,
      groupSeries: MAX_SERIES,
      compare: query.compare,
    };
    const report = await deps.operations.stats.read(asked);
    if (query.group === "outcome") for (const period of [report, report.before]) sayOutcomes(period);
    return { report, problems: {} };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { report: null, problems: error.fields ?? {} };
  }
}

function sayOutcomes(period: Pick<Stats, "groups"> | null): void {
  for (const group of period?.groups ?? []) group.label = outcomeLook(group.id).word;
}

function timesOf(query: StatsPageQuery, now: number): Pick<StatsQuery, "range" | "from" | "to"> {
  const { range } = STATS_SPANS[query.range];
  if (range !== null) return { range };
  const [from, to] = ownTimes(query, now);
  const problems: Record<string, string> = {};
  if (Number.isNaN(from)) problems.from = "give a date and a time";
  if (Number.isNaN(to)) problems.to = "give a date and a time";
  if (from >= to) problems.from = "give a time before the other";
  if (to - from > MAX_OWN_DAYS * DAY_MS)
    problems.from = `give a time at most ${MAX_OWN_DAYS} days before the other`;
  if (Object.keys(problems).length > 0) throw new InputError("Check the times.", problems);
  return { from, to };
}

/** Without times it is the last day. */
function ownTimes({ from, to }: StatsPageQuery, now: number): [from: number, to: number] {
  const end = to === "" ? now : Date.parse(to);
  return [from === "" ? end - DAY_MS : Date.parse(from), end];
}

function ownFields({ reader }: PageContext, query: StatsPageQuery): { from: string; to: string } {
  const [from, to] = ownTimes(query, reader.now);
  return { from: fieldTime(from, reader.timeZone), to: fieldTime(to, reader.timeZone) };
}

/** What an address says that the page doesn't know is passed over, so that an old link still opens. */
function readQuery(parameters: URLSearchParams): StatsPageQuery {
  const range = parameters.get("range") ?? "";
  const group = parameters.get("group") ?? "";
  return {
    range: Object.hasOwn(STATS_SPANS, range) ? (range as StatsSpan) : "day",
    group: Object.hasOwn(GROUP_NAMES, group) ? (group as StatsGroupName) : "key",
    compare: parameters.get("compare") !== "off",
    from: parameters.get("from")?.trim() ?? "",
    to: parameters.get("to")?.trim() ?? "",
  };
}
