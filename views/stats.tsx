import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { controlAttributes, Field } from "./components/field.tsx";
import { FormActions, FormShell, formLive, type Place } from "./components/form-shell.tsx";
import { GroupTable } from "./components/group-table.tsx";
import { Icon } from "./components/icon.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Plot } from "./components/plot.tsx";
import { Stat } from "./components/stat.tsx";
import { count, duration, exact, percent, type Reader, UNKNOWN } from "./format.ts";
import { groupColours } from "./stats-colours.ts";
import { change, comparison, dollars, type StatsFigures, type StatsReport } from "./stats-figures.ts";
import { statsPlots } from "./stats-plots.ts";
import {
  GROUP_NAMES,
  STATS_SPANS,
  type StatsGroupName,
  type StatsPageQuery,
  type StatsSpan,
  statsHref,
} from "./stats-query.ts";
import { plural, sentence } from "./verdicts.ts";

export interface StatsPageProps {
  query: StatsPageQuery;
  /** Null where the times of one's own can't be had. */
  report: StatsReport | null;
  /** Of the times of one's own, as a form's fields hold them. */
  own: { from: string; to: string };
  /** By field. */
  problems: Record<string, string>;
  poolColours: ReadonlyMap<string, string>;
  /** The zone of whole days. */
  dayZone: string;
  /** The table shows only so many groups. */
  maxGroups: number;
  reader: Reader;
}

export function StatsPage(props: StatsPageProps) {
  const { query, report, reader } = props;
  return (
    <Live url={statsHref(query)} now={reader.now} every="60s">
      <PageHead title="Stats" verdict={report === null ? "Choose a time." : verdict(report, query)}>
        <ActionForm to="/stats/reset" method="get" icon="reset" label="Reset" wideOnly />
        <a class="btn" href={attr(statsHref(query, {}, "/stats/csv"))} download="">
          <Icon name="download" />
          CSV
        </a>
      </PageHead>
      <Choices query={query} />
      {query.range === "own" ? <OwnRange {...props} /> : null}
      {report === null ? null : <Report {...props} report={report} />}
    </Live>
  );
}

/** Range, group, comparison: links, so that each state has an address. */
function Choices(props: { query: StatsPageQuery }) {
  const { query } = props;
  const { before } = STATS_SPANS[query.range];
  return (
    <div class="bar">
      <nav class="segments" aria-label="Range">
        {Object.entries(STATS_SPANS).map(([range, { label }]) => (
          <a
            href={attr(statsHref(query, { range: range as StatsSpan }))}
            aria-current={range === query.range ? "true" : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      <nav class="segments" aria-label="Group by">
        {Object.entries(GROUP_NAMES).map(([group, label]) => (
          <a
            href={attr(statsHref(query, { group: group as StatsGroupName }))}
            aria-current={group === query.group ? "true" : undefined}
          >
            {label}
          </a>
        ))}
      </nav>
      {before !== "" && (
        <nav class="segments push" aria-label="Comparison">
          <a
            href={attr(statsHref(query, { compare: !query.compare }))}
            aria-current={query.compare ? "true" : undefined}
          >
            {query.compare ? <Icon name="check" size={14} /> : null}
            <span safe>{`Compare with ${before}`}</span>
          </a>
        </nav>
      )}
    </div>
  );
}

function OwnRange(props: StatsPageProps) {
  const { query, own, problems } = props;
  const fields = (["from", "to"] as const).map((name) => ({
    id: `range-${name}`,
    name,
    label: name === "from" ? "From" : "To",
    error: problems[name] && sentence(problems[name]),
  }));
  return (
    <form class="card inside top own-range" method="get" action="/stats">
      <input type="hidden" name="range" value="own" />
      <input type="hidden" name="group" value={attr(query.group)} />
      {query.compare ? null : <input type="hidden" name="compare" value="off" />}
      {fields.map((field) => (
        <Field {...field}>
          <input
            {...controlAttributes(field)}
            type="datetime-local"
            value={attr(own[field.name as "from" | "to"])}
            required
          />
        </Field>
      ))}
      <button type="submit" class="main">
        Show
      </button>
    </form>
  );
}

function Report(props: StatsPageProps & { report: StatsReport }) {
  const { query, reader } = props;
  const report = props.report;
  if (report.totals.requests === 0) {
    return (
      <EmptyState
        icon="stats"
        title="No request in this time"
        text="Each request of a client is counted here within ten seconds of its end."
      >
        {query.range === "all" ? null : (
          <a class="btn" href={attr(statsHref(query, { range: "all" }))}>
            Show all
          </a>
        )}
      </EmptyState>
    );
  }
  const colours = groupColours(query.group, report.groups, props.poolColours);
  const plots = statsPlots({ report, query, colours, dayZone: props.dayZone, readerZone: reader.timeZone });
  const before = report.before && new Map(report.before.groups.map((group) => [group.id, group]));
  return (
    <>
      <Figures report={report} />
      <div class="pair">
        {plots.map(({ title, unit, ...plot }) => (
          <section class="card stretched" aria-label={attr(title)}>
            <header>
              <h2 safe>{title}</h2>
              <span class="sub" safe>
                {unit}
              </span>
            </header>
            <Plot {...plot} />
          </section>
        ))}
      </div>
      <section class="card" aria-label="Groups">
        <header class="ruled">
          <h2 safe>{`By ${GROUP_NAMES[query.group].toLowerCase()}`}</h2>
          <span class="sub" safe>
            {report.groups.length < props.maxGroups
              ? "most requests first"
              : `the ${props.maxGroups} with the most requests`}
          </span>
          <a class="push" href={attr(`${withTable(statsHref(query, {}, "/stats/csv"))}`)} download="">
            Download CSV
          </a>
        </header>
        <div class="scroll">
          <GroupTable
            by={query.group}
            groups={report.groups}
            before={before}
            colours={colours}
            total={report.totals.requests}
          />
        </div>
      </section>
    </>
  );
}

function withTable(address: string): string {
  return `${address}${address.includes("?") ? "&" : "?"}table=groups`;
}

function Figures(props: { report: StatsReport }) {
  const { totals } = props.report;
  const before = props.report.before?.totals ?? null;
  const tokens = (figures: StatsFigures) => figures.inputTokens + figures.outputTokens;
  const against = (
    pick: (figures: StatsFigures) => number | null,
    write: (value: number) => string,
    otherwise: string,
  ) => {
    if (before === null) return otherwise;
    const value = pick(before);
    return value === null ? `${UNKNOWN} before` : `${change(pick(totals), value)} from ${write(value)}`;
  };
  const unpriced = totals.unpricedRequests;
  return (
    <dl class="card stats">
      <Stat
        label="Requests"
        value={count(totals.requests)}
        title={exact(totals.requests)}
        detail={against((figures) => figures.requests, count, `${count(totals.successes)} answered well`)}
      />
      <Stat
        label="Success"
        value={percent(totals.successes, totals.requests)}
        detail={
          before === null
            ? `${exact(totals.errors)} failed, ${exact(totals.clientErrors)} by the client`
            : points(totals, before)
        }
      />
      <Stat
        label="Moved to another key"
        value={count(totals.failovers)}
        title={exact(totals.failovers)}
        detail={against((figures) => figures.failovers, count, "after a failed attempt")}
      />
      <Stat
        label="First byte p95"
        value={duration(totals.ttftMs.p95)}
        detail={against((figures) => figures.ttftMs.p95, duration, `p50 ${duration(totals.ttftMs.p50)}`)}
      />
      <Stat
        label="Tokens"
        value={count(tokens(totals))}
        title={exact(tokens(totals))}
        detail={against(tokens, count, `${count(totals.inputTokens)} in, ${count(totals.outputTokens)} out`)}
      />
      <Stat
        label="Cost"
        value={dollars(totals.costUsd)}
        title={unpriced === 0 ? "" : `${plural(unpriced, "request")} without a known price`}
        detail={
          unpriced > 0
            ? `without ${plural(unpriced, "request")}`
            : against((figures) => figures.costUsd, dollars, "all prices known")
        }
      />
    </dl>
  );
}

/** By how many points the share of successes went up or down. */
function points(now: StatsFigures, before: StatsFigures): string {
  if (before.requests === 0 || now.requests === 0) return "none before";
  const difference = 100 * (now.successes / now.requests - before.successes / before.requests);
  const size = Math.abs(difference).toFixed(2);
  const sign = size === "0.00" ? "±" : difference < 0 ? "−" : "+";
  return `${sign}${size} points from ${percent(before.successes, before.requests)}`;
}

/** "9,418 requests in the last 24 hours, 6.2 % more than the day before." */
function verdict({ totals, before }: StatsReport, query: StatsPageQuery): string {
  const span = STATS_SPANS[query.range];
  const compared = before && comparison(totals.requests, before.totals.requests);
  return `${plural(totals.requests, "request")} ${span.now}${compared ? `, ${compared} ${span.before}` : ""}.`;
}

/** Forgetting can't be undone, so it asks. */
export function ResetStatsForm(props: { place: Place }) {
  return (
    <FormShell
      place={props.place}
      title="Reset statistics?"
      lead="All sums by time, key, model, pool, upstream and outcome are forgotten and begin anew. Keys, their counters, settings and logs stay."
      back="/stats"
    >
      <form method="post" action="/stats/reset" {...formLive("/stats/reset")}>
        <FormActions submit="Reset statistics" destructive back="/stats" autofocus />
      </form>
    </FormShell>
  );
}
