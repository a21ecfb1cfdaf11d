import type { KeyEvent, KeyView, Pool, RequestRecord } from "../src/types.ts";
import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { CooldownTable } from "./components/cooldown-table.tsx";
import { EventTable } from "./components/event-table.tsx";
import { type Failure, FailureTable } from "./components/failures.tsx";
import { Icon } from "./components/icon.tsx";
import { keyColour } from "./components/key-chip.tsx";
import { KeyFacts } from "./components/key-facts.tsx";
import { KeyFigures } from "./components/key-figures.tsx";
import { KeyLimits } from "./components/key-limits.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { RequestTable } from "./components/request-table.tsx";
import { type KeyTest, LastTest } from "./components/test-note.tsx";
import { Countdown } from "./components/time.tsx";
import type { Reader } from "./format.ts";
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
  /** On this key, the newest first, among so many of its newest requests. */
  failures: Failure[];
  lookedAt: number;
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
        mark={keyColour(view.name)}
        crumb={{ href: "/keys", label: "Keys", rest: props.pool?.name }}
        verdict={keyVerdict(view)}
      >
        <KeyActions view={view} />
      </PageHead>
      <WhyOut view={view} reader={reader} />
      <KeyFigures {...props} />
      <div class="columns">
        <div class="stack">
          <CooldownTable view={view} reader={reader} />
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
          <LastFailures {...props} />
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
          <KeyLimits view={view} defaultDailyLimit={props.defaultDailyLimit} />
          <LastTest test={props.test} reader={reader} />
        </div>
      </div>
    </Live>
  );
}

/** Attempts on this key that failed, also where another key answered then. */
function LastFailures({ failures, lookedAt, names, reader }: KeyPageProps) {
  return (
    <section class="card">
      <header class="ruled">
        <h2>Last failures</h2>
        <span class="sub" safe>
          {`of its last ${plural(lookedAt, "request")}`}
        </span>
      </header>
      {failures.length === 0 ? (
        <p class="inside soft top">None.</p>
      ) : (
        <div class="scroll">
          <FailureTable failures={failures} names={names} ofOneKey reader={reader} />
        </div>
      )}
    </section>
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
      <a class="btn" href={attr(href("/playground", { key: id }))}>
        <Icon name="terminal" />
        Ask it
      </a>
      <ActionForm to={keyPath(id, "reveal")} method="get" icon="eye" label="Show secret" />
      <ActionForm to={keyPath(id, "edit")} method="get" icon="edit" label="Edit" />
      <ActionForm to={keyPath(id, "delete")} method="post" icon="delete" label="Delete" look="bad" />
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
