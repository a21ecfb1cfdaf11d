import type { KeyEvent, RequestRecord } from "../src/types.ts";
import { attr } from "./attr.ts";
import { EmptyState } from "./components/empty-state.tsx";
import { EventTable } from "./components/event-table.tsx";
import { Icon } from "./components/icon.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Pager } from "./components/pager.tsx";
import { RequestTable } from "./components/request-table.tsx";
import { SearchField } from "./components/search-field.tsx";
import type { Reader } from "./format.ts";
import { href } from "./links.ts";
import { outcomeLook } from "./outcomes.ts";
import { plural } from "./verdicts.ts";

export const LOG_KINDS = ["request", "error", "key_event"] as const;
export type LogKind = (typeof LOG_KINDS)[number];

const KIND_LABELS: Record<LogKind, string> = {
  request: "Requests",
  error: "Errors",
  key_event: "Key events",
};

/** The address holds the state; empty means "not asked". */
export interface LogListQuery {
  kind: LogKind;
  q: string;
  key_id: string;
  model: string;
  outcome: string;
  cursor: string;
}

export interface LogsPageProps {
  query: LogListQuery;
  rows: { requests: RequestRecord[] } | { events: KeyEvent[] };
  nextCursor: string | null;
  names: ReadonlyMap<string, string>;
  requestsToday: number;
  errorsToday: number;
  reader: Reader;
}

const PATH = "/logs";

export function logListHref(query: LogListQuery, change: Partial<LogListQuery>): string {
  const { kind, ...rest } = { ...query, ...change };
  return href(PATH, { kind: kind === "request" ? "" : kind, ...rest });
}

const EXPORT_FORMATS = ["csv", "jsonl"] as const;

/** Everything that fits the filters, as a download. */
function exportHref({ cursor: _, ...filters }: LogListQuery, format: string): string {
  return href("/api/admin/logs/export", { ...filters, format });
}

export function LogsPage(props: LogsPageProps) {
  const { query, reader } = props;
  const shown = "events" in props.rows ? props.rows.events.length : props.rows.requests.length;
  const asked = [query.q, query.key_id, query.model, query.outcome].some((value) => value !== "");
  return (
    <Live url={logListHref(query, {})} now={reader.now}>
      <PageHead
        title="Logs"
        verdict={`${plural(props.requestsToday, "request")} today, ${props.errorsToday === 0 ? "none" : props.errorsToday} failed.`}
      >
        {EXPORT_FORMATS.map((format) => (
          <a class="btn" href={attr(exportHref(query, format))} download="">
            <Icon name="download" />
            <span safe>{format.toUpperCase()}</span>
          </a>
        ))}
      </PageHead>
      <nav class="tabs" aria-label="Kind">
        {LOG_KINDS.map((kind) => (
          <a
            href={attr(logListHref(query, { kind, outcome: "", cursor: "" }))}
            aria-current={kind === query.kind ? "page" : undefined}
            safe
          >
            {KIND_LABELS[kind]}
          </a>
        ))}
      </nav>
      <div class="bar">
        <SearchField
          action={PATH}
          value={query.q}
          placeholder={query.kind === "key_event" ? "Key, detail" : "Id, model, error"}
          kept={{
            kind: query.kind === "request" ? "" : query.kind,
            key_id: query.key_id,
            model: query.model,
            outcome: query.outcome,
          }}
        />
        <Chip
          label="Key"
          value={query.key_id && (props.names.get(query.key_id) ?? query.key_id)}
          without={logListHref(query, { key_id: "", cursor: "" })}
        />
        <Chip label="Model" value={query.model} without={logListHref(query, { model: "", cursor: "" })} />
        <Chip
          label="Outcome"
          value={query.outcome && outcomeLook(query.outcome).word}
          without={logListHref(query, { outcome: "", cursor: "" })}
        />
      </div>
      {shown > 0 ? (
        <section class="card" aria-label={KIND_LABELS[query.kind]}>
          <div class="scroll">
            {"events" in props.rows ? (
              <EventTable events={props.rows.events} withKey names={props.names} reader={reader} />
            ) : (
              <RequestTable requests={props.rows.requests} names={props.names} reader={reader} />
            )}
          </div>
          <Pager
            text={`${plural(shown, "row")}, newest first`}
            first={query.cursor === "" ? null : logListHref(query, { cursor: "" })}
            next={props.nextCursor === null ? null : logListHref(query, { cursor: props.nextCursor })}
          />
        </section>
      ) : (
        <Nothing kind={query.kind} asked={asked} />
      )}
    </Live>
  );
}

/** One filter in force, and the way to be rid of it. */
function Chip(props: { label: string; value: string; without: string }) {
  if (props.value === "") return "";
  return (
    <span class="chip">
      <bdi class="cut" safe>{`${props.label}: ${props.value}`}</bdi>
      <a href={attr(props.without)} aria-label={`Remove filter ${props.label}`}>
        <Icon name="close" size={12} />
      </a>
    </span>
  );
}

const EMPTY_TEXTS: Record<LogKind, { title: string; text: string }> = {
  request: {
    title: "No request yet",
    text: "Each request of a client becomes a row here, with every attempt on a key.",
  },
  error: { title: "No failed request", text: "Requests that did not end well would stand here." },
  key_event: {
    title: "Nothing happened yet",
    text: "Keys added, cooled, disabled, settings changed, logins: who did what, and when.",
  },
};

function Nothing(props: { kind: LogKind; asked: boolean }) {
  if (!props.asked) return <EmptyState icon="logs" {...EMPTY_TEXTS[props.kind]} />;
  return (
    <EmptyState
      icon="search"
      title="No row fits"
      text="No row of the log fits this search and these filters."
    >
      <a class="btn" href={href(PATH, { kind: props.kind })}>
        Show all
      </a>
    </EmptyState>
  );
}
