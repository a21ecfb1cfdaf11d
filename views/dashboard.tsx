import { KEY_STATUSES, type KeyStatus, type KeyView, type Pool } from "../src/types.ts";
import { ActionForm } from "./components/button.tsx";
import { type Failure, FailureTable } from "./components/failures.tsx";
import { HeatRow } from "./components/heat-row.tsx";
import { HourPlot, type Minute } from "./components/hour-plot.tsx";
import { Live } from "./components/live.tsx";
import { type KeyLoad, LoadBars } from "./components/load-bars.tsx";
import { OutOfTurn } from "./components/out-of-turn.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Stat } from "./components/stat.tsx";
import { count, duration, exact, moment, percent, type Reader } from "./format.ts";
import { href } from "./links.ts";
import { dollars } from "./stats-figures.ts";
import { STATUS_LOOKS, StatusIcon } from "./statuses.tsx";
import { type KeyCounts, plural, totalKeys } from "./verdicts.ts";
import { Welcome, type WelcomeProps } from "./welcome.tsx";

export interface DashboardFigures {
  requestsLastMinute: number;
  requestsToday: number;
  errorsToday: number;
  failoversToday: number;
  inputTokensToday: number;
  outputTokensToday: number;
  costUsdToday: number | null;
  pricedRequestsToday: number;
  ttftP50Ms: number | null;
  ttftP95Ms: number | null;
  inFlight: number;
  minutes: (Minute & { inputTokens: number; outputTokens: number; costUsd: number })[];
  lastFailures: Failure[];
}

export interface DashboardProps {
  counts: KeyCounts;
  /** At most as many as the page shows cells for. */
  keys: KeyView[];
  /** At least some of the keys that are out, by status. */
  outOfTurn: KeyView[];
  pools: ReadonlyMap<string, Pool>;
  names: ReadonlyMap<string, string>;
  figures: DashboardFigures;
  loads: KeyLoad[];
  attemptsToday: number;
  /** The first steps, until the first request was served. */
  welcome: WelcomeProps | null;
  reader: Reader;
}

export function DashboardPage(props: DashboardProps) {
  const { reader } = props;
  const figures = { ...props.figures, minutes: rollingMinutes(props.figures) };
  if (props.welcome !== null) {
    return (
      <Live url="/" now={reader.now}>
        <Welcome {...props.welcome} />
      </Live>
    );
  }
  return (
    <Live url="/" now={reader.now}>
      <PageHead title="Dashboard" verdict={hourVerdict(figures.minutes)}>
        <ActionForm to="/keys/add" method="get" icon="plus" label="Add key" look="main" />
      </PageHead>
      <section class="card verdict" aria-label="Keys">
        <div>
          <p class="big">
            <span safe>{`${exact(props.counts.available)} of ${exact(totalKeys(props.counts))}`}</span>{" "}
            <small>keys usable</small>
          </p>
          <StatusSummary counts={props.counts} keys={props.outOfTurn} reader={reader} />
        </div>
        <HeatRow
          keys={props.keys}
          pools={props.pools}
          more={totalKeys(props.counts) - props.keys.length}
          reader={reader}
        />
      </section>
      <Figures figures={figures} reader={reader} />
      <div class="columns even">
        <section class="card stretched">
          <header>
            <h2>Requests a minute</h2>
            <span class="sub">last hour</span>
            <a class="push" href="/stats?range=hour">
              Statistics
            </a>
          </header>
          <HourPlot minutes={figures.minutes} reader={reader} />
        </section>
        <section class="card">
          <header>
            <h2>Balance over keys</h2>
            <span class="sub">attempts today</span>
          </header>
          <div class="inside">
            {props.loads.length === 0 ? (
              <p class="soft">No attempt yet today.</p>
            ) : (
              <LoadBars loads={props.loads} total={props.attemptsToday} />
            )}
          </div>
        </section>
      </div>
      <div class="columns">
        <section class="card">
          <header class="ruled">
            <h2>Last failures on keys</h2>
            <a class="push" href="/logs?kind=error">
              Failed requests
            </a>
          </header>
          {figures.lastFailures.length === 0 ? (
            <p class="inside soft top">None since the start of this program.</p>
          ) : (
            <div class="scroll">
              <FailureTable failures={figures.lastFailures} names={props.names} reader={reader} />
            </div>
          )}
        </section>
        <OutOfTurn keys={props.outOfTurn} counts={props.counts} reader={reader} />
      </div>
    </Live>
  );
}

/** The minute that is running stands for the last 60 s; else every line would fall at its end. */
function rollingMinutes({ minutes, requestsLastMinute }: DashboardFigures): DashboardFigures["minutes"] {
  return minutes.map((minute, at) =>
    at < minutes.length - 1 ? minute : { ...minute, requests: Math.max(minute.requests, requestsLastMinute) },
  );
}

function Figures(props: { figures: DashboardFigures; reader: Reader }) {
  const { figures, reader } = props;
  const { minutes } = figures;
  const peak = minutes.reduce((best, minute) => (minute.requests > best.requests ? minute : best), {
    at: 0,
    requests: 0,
  });
  const tokens = figures.inputTokensToday + figures.outputTokensToday;
  return (
    <dl class="card stats">
      <Stat
        label="Requests a minute"
        value={exact(figures.requestsLastMinute)}
        detail={
          peak.requests === 0
            ? "none in the last hour"
            : `peak ${exact(peak.requests)} at ${moment(peak.at, reader)}`
        }
        spark={minutes.map((minute) => minute.requests)}
      />
      <Stat
        label="Requests today"
        value={count(figures.requestsToday)}
        title={exact(figures.requestsToday)}
        detail={`${exact(figures.inFlight)} running now`}
      />
      <Stat
        label="Error rate today"
        value={percent(figures.errorsToday, figures.requestsToday)}
        detail={`${count(figures.errorsToday)} failed, ${count(figures.failoversToday)} moved`}
        spark={minutes.map((minute) => minute.errors)}
        sparkClass="c-invalid"
      />
      <Stat
        label="First byte p50"
        value={duration(figures.ttftP50Ms)}
        detail={`p95 ${duration(figures.ttftP95Ms)}`}
      />
      <Stat
        label="Tokens today"
        value={count(tokens)}
        title={exact(tokens)}
        detail={`${count(figures.inputTokensToday)} in, ${count(figures.outputTokensToday)} out`}
        spark={minutes.map((minute) => minute.inputTokens + minute.outputTokens)}
      />
      <Stat
        label="Cost today"
        value={dollars(figures.costUsdToday)}
        detail={costDetail(figures)}
        spark={minutes.map((minute) => minute.costUsd)}
      />
    </dl>
  );
}

function costDetail({ costUsdToday, pricedRequestsToday, requestsToday }: DashboardFigures): string {
  if (costUsdToday === null) return "no price is known";
  if (pricedRequestsToday === 0) return "nothing was priced yet";
  const unpriced = requestsToday - pricedRequestsToday;
  return unpriced > 0
    ? `${count(unpriced)} without a price`
    : `${dollars(costUsdToday / pricedRequestsToday)} a request`;
}

/** The statuses that some keys have, apart from the usable ones; each leads to those keys. */
function StatusSummary(props: { counts: KeyCounts; keys: KeyView[]; reader: Reader }) {
  const statuses = KEY_STATUSES.filter((status) => status !== "available" && props.counts[status] > 0);
  if (statuses.length === 0) return <p class="soft">All take their turn.</p>;
  return (
    <ul class="summary">
      {statuses.map((status) => (
        <li>
          <a class={`badge ${STATUS_LOOKS[status].className}`} href={href("/keys", { status })}>
            <StatusIcon status={status} />
            <span safe>{counted(status, props.counts[status]) + untilAllAreBack(status, props)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** " until 14:05": when the last of them comes back, where all of them are known. */
function untilAllAreBack(
  status: KeyStatus,
  { counts, keys, reader }: { counts: KeyCounts; keys: KeyView[]; reader: Reader },
): string {
  if (STATUS_LOOKS[status].asks !== "patience") return "";
  const ends = keys.filter((key) => key.status === status).map((key) => key.cooldownUntil ?? 0);
  if (ends.length < counts[status] || ends.includes(0)) return "";
  return ` until ${moment(Math.max(...ends), reader)}`;
}

function counted(status: KeyStatus, amount: number): string {
  const [many, one] = STATUS_LOOKS[status].counted;
  return `${exact(amount)} ${amount === 1 ? (one ?? many) : many}`;
}

/** "38 requests of the last hour were moved to another key, 2 failed." */
function hourVerdict(minutes: Minute[]): string {
  const sum = (value: (minute: Minute) => number) =>
    minutes.reduce((total, minute) => total + value(minute), 0);
  const requests = sum((minute) => minute.requests);
  const failed = sum((minute) => minute.errors);
  const moved = sum((minute) => minute.failovers);
  if (requests === 0) return "No request in the last hour.";
  const failures =
    failed === 0
      ? "No request of the last hour failed"
      : `${plural(failed, "request")} of the last hour failed`;
  return `${failures}; ${exact(moved)} ${moved === 1 ? "was" : "were"} moved to another key.`;
}
