import type { KeyEvent, KeyView, Pool, RequestRecord } from "../src/types.ts";
import { ActionForm } from "./components/button.tsx";
import { DailyUse } from "./components/daily-use.tsx";
import { EventTable } from "./components/event-table.tsx";
import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { keyColour } from "./components/key-chip.tsx";
import { KeyStatusBadge } from "./components/key-status.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { PoolChip } from "./components/pool-chip.tsx";
import { RequestTable } from "./components/request-table.tsx";
import { Stat } from "./components/stat.tsx";
import { type KeyTest, TestNote } from "./components/test-note.tsx";
import { Ago, Clock, Countdown } from "./components/time.tsx";
import { count, date, exact, fullTime, percent, type Reader, UNKNOWN } from "./format.ts";
import { href, keyPath } from "./links.ts";
import { STATUS_LOOKS, StatusIcon } from "./statuses.tsx";
import { keyVerdict, outHeadline, plural } from "./verdicts.ts";

export interface KeyPageProps {
  view: KeyView;
  pool: Pool | undefined;
  upstreamName: string;
  test: KeyTest | undefined;
  events: KeyEvent[];
  requests: RequestRecord[];
  names: ReadonlyMap<string, string>;
  /** Strikes in a row at which a key is ejected. */
  maxFailureCount: number;
  defaultDailyLimit: number | null;
  reader: Reader;
}

export function KeyPage(props: KeyPageProps) {
  const { view, reader } = props;
  return (
    <Live url={keyPath(view.id)} now={reader.now}>
      <PageHead
        title={view.name}
        mark={keyColour(view.id)}
        crumb={{ href: "/keys", label: "Keys", rest: props.pool?.name }}
        verdict={keyVerdict(view)}
      >
        <KeyActions view={view} />
      </PageHead>
      <WhyOut view={view} reader={reader} />
      <KeyFigures {...props} />
      <div class="columns">
        <div class="stack">
          <Cooldowns view={view} reader={reader} />
          <section class="card">
            <header class="ruled">
              <h2>Last requests</h2>
              <a class="push" href={href("/logs", { key_id: view.id })}>
                All requests on this key
              </a>
            </header>
            {props.requests.length === 0 ? (
              <p class="inside soft top">None yet.</p>
            ) : (
              <div class="scroll">
                <RequestTable requests={props.requests} names={props.names} ofOneKey reader={reader} />
              </div>
            )}
          </section>
          <section class="card">
            <header class="ruled">
              <h2>History</h2>
              <a class="push" href={href("/logs", { kind: "key_event", key_id: view.id })}>
                All events
              </a>
            </header>
            {props.events.length === 0 ? (
              <p class="inside soft top">Nothing happened yet.</p>
            ) : (
              <div class="scroll">
                <EventTable events={props.events} withKey={false} names={props.names} reader={reader} />
              </div>
            )}
          </section>
        </div>
        <div class="stack">
          <KeyFacts {...props} />
          <LastTest test={props.test} reader={reader} />
        </div>
      </div>
    </Live>
  );
}

function KeyActions(props: { view: KeyView }) {
  const { id, enabled } = props.view;
  return (
    <>
      <ActionForm to={keyPath(id, "test")} method="post" icon="test" label="Test" />
      <ActionForm
        to={keyPath(id, "reset")}
        method="post"
        icon="reset"
        label="Reset"
        title="Clears cooldowns, strikes and ejection"
      />
      {enabled ? (
        <ActionForm to={keyPath(id, "disable")} method="post" icon="power" label="Disable" />
      ) : (
        <ActionForm to={keyPath(id, "enable")} method="post" icon="power" label="Enable" look="main" />
      )}
      <ActionForm to={keyPath(id, "edit")} method="get" icon="edit" label="Edit" />
      <ActionForm to={keyPath(id, "delete")} method="get" icon="delete" label="Delete" look="bad" />
    </>
  );
}

/** Why the key is out, until when, in one sentence. */
function WhyOut(props: { view: KeyView; reader: Reader }) {
  const { view, reader } = props;
  if (view.status === "available") return "";
  const look = STATUS_LOOKS[view.status];
  return (
    <p class={`banner ${look.className}`}>
      <StatusIcon status={view.status} size={16} />
      <span class="wrap-text">
        <strong safe>{outHeadline(view, reader)}</strong> <bdi safe>{view.statusReason ?? ""}</bdi>
      </span>
      {look.asks === "patience" && view.cooldownUntil !== null && (
        <strong class="push">
          <Countdown until={view.cooldownUntil} reader={reader} />
        </strong>
      )}
    </p>
  );
}

function KeyFigures(props: KeyPageProps) {
  const { view } = props;
  const judged = view.successCount + view.failureCount;
  const tokens = view.inputTokens + view.outputTokens;
  return (
    <dl class="card stats">
      <Stat
        label="Requests"
        value={count(view.requestCount)}
        title={exact(view.requestCount)}
        detail={`${exact(view.dailyUsed)} today`}
      />
      <Stat
        label="Success"
        value={percent(view.successCount, judged)}
        detail={`${exact(view.successCount)} ended well`}
      />
      <Stat
        label="Failures"
        value={count(view.failureCount)}
        title={exact(view.failureCount)}
        detail="blamed on the key or its host"
      />
      <Stat
        label="Tokens"
        value={count(tokens)}
        title={exact(tokens)}
        detail={`${count(view.inputTokens)} in, ${count(view.outputTokens)} out`}
      />
      <Stat
        label="In flight"
        value={exact(view.inFlight)}
        unit={view.maxConcurrency === null ? undefined : `of ${exact(view.maxConcurrency)}`}
        detail="requests running now"
      />
      <Stat
        label="Strikes"
        value={exact(view.strikes)}
        unit={`of ${exact(props.maxFailureCount)}`}
        detail={
          view.ejections === 0 ? "failures in a row" : `ejected ${plural(view.ejections, "time")} in a row`
        }
      />
    </dl>
  );
}

function Cooldowns(props: { view: KeyView; reader: Reader }) {
  const { cooldowns } = props.view;
  return (
    <section class="card">
      <header class="ruled">
        <h2>Cooldowns by model</h2>
      </header>
      {cooldowns.length === 0 ? (
        <p class="inside soft top">None: no model is rate-limited on this key.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">Back in</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {cooldowns.map((cooldown) => (
                <tr>
                  <td>
                    {cooldown.model === null ? (
                      "every model"
                    ) : (
                      <bdi class="mono cut" safe>
                        {cooldown.model}
                      </bdi>
                    )}
                  </td>
                  <td>
                    <span class="badge loud is-cooling">
                      <StatusIcon status="cooling" />
                      <Countdown until={cooldown.until} reader={props.reader} />
                    </span>
                  </td>
                  <td>
                    <bdi class="wrap-text soft" safe>
                      {cooldown.reason}
                    </bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** A key of this age is worth replacing. */
const OLD_DAYS = 90;
const DAY_MS = 86_400_000;

function KeyFacts(props: KeyPageProps) {
  const { view, reader } = props;
  const ageDays = Math.floor((reader.now - view.createdAt) / DAY_MS);
  const limit = view.dailyLimit ?? props.defaultDailyLimit;
  return (
    <section class="card">
      <header>
        <h2>Key</h2>
      </header>
      <div class="inside">
        <Facts>
          <FactOf label="Status">
            <KeyStatusBadge view={view} reader={reader} />
          </FactOf>
          <Fact label="Secret" value={view.maskedSecret} mono />
          <FactOf label="Pool">
            <PoolChip pool={props.pool} />
          </FactOf>
          <Fact label="Upstream" value={props.upstreamName} />
          <FactOf label="Tags">
            {view.tags.length === 0 ? (
              <span class="soft">{UNKNOWN}</span>
            ) : (
              <span class="tags">
                {view.tags.map((tag) => (
                  <bdi class="tag" safe>
                    {tag}
                  </bdi>
                ))}
              </span>
            )}
          </FactOf>
          <FactOf label="Today">
            <DailyUse used={view.dailyUsed} limit={limit} wide />
          </FactOf>
          <FactOf label="Added">
            <span title={fullTime(view.createdAt, reader)} safe>
              {date(view.createdAt, reader)}
            </span>
            {ageDays >= OLD_DAYS && <span class="badge loud is-ejected push">{ageDays} days old</span>}
          </FactOf>
          <FactOf label="Last used">
            <Ago at={view.lastUsedAt} reader={reader} />
          </FactOf>
        </Facts>
      </div>
    </section>
  );
}

function LastTest(props: { test: KeyTest | undefined; reader: Reader }) {
  return (
    <section class="card">
      <header>
        <h2>Last test</h2>
        {props.test !== undefined ? (
          <span class="sub">
            <Clock at={props.test.at} reader={props.reader} />
          </span>
        ) : null}
      </header>
      <div class="inside">
        {props.test === undefined ? (
          <p class="soft">Not tested since this program started.</p>
        ) : (
          <>
            <TestNote test={props.test} reader={props.reader} />
            <p class="sub wrap-text">
              <bdi safe>{props.test.message}</bdi>
            </p>
          </>
        )}
      </div>
    </section>
  );
}
