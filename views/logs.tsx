import type { KeyEvent, RequestRecord } from "../src/types.ts";
import { attr } from "./attr.ts";
import { EmptyState } from "./components/empty-state.tsx";
import { EventTable } from "./components/event-table.tsx";
import { FilterChip } from "./components/filter-chip.tsx";
import { Icon } from "./components/icon.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Pager } from "./components/pager.tsx";
import { RequestTable } from "./components/request-table.tsx";
import { SearchField } from "./components/search-field.tsx";
import { clock, exact, fullTime, type Reader } from "./format.ts";
import { href } from "./links.ts";
import {
  filtersOf,
  isLogFiltered,
  LOG_KINDS,
  LOGS_PATH,
  type LogFilter,
  type LogKind,
  type LogListQuery,
  logExportHref,
  logKindHref,
  logListHref,
  logParameters,
  logTailHref,
} from "./log-list.ts";
import { outcomeLook } from "./outcomes.ts";
import { plural } from "./verdicts.ts";

const KIND_LABELS: Record<LogKind, string> = {
  request: "Requests",
  error: "Errors",
  key_event: "Key events",
};

const FILTER_LABELS: Record<LogFilter, string> = {
  key_id: "Key",
  pool_id: "Pool",
  model: "Model",
  status: "Status",
  outcome: "Outcome",
  from: "From",
  to: "Before",
};

const EXPORT_FORMATS = ["csv", "jsonl"] as const;

export interface LogsPageProps {
  query: LogListQuery;
  rows: { requests: RequestRecord[] } | { events: KeyEvent[] };
  nextCursor: string | null;
  /** Where a search that takes long stopped before the page was full: epoch ms, everything since was looked at. */
  searchedTo: number | null;
  /** Of keys. */
  names: ReadonlyMap<string, string>;
  /** Names of pools. */
  pools: ReadonlyMap<string, string>;
  requestsToday: number;
  errorsToday: number;
  reader: Reader;
}

export function LogsPage(props: LogsPageProps) {
  const { query, reader } = props;
  const until = searchedBack(props);
  const shown = "events" in props.rows ? props.rows.events.length : props.rows.requests.length;
  return (
    <Live url={logListHref(query)} now={reader.now} every={isStill(query) ? "never" : "1200ms"}>
      <Tail to={logTailHref(query)} />
      <PageHead title="Logs" verdict={verdict(props)}>
        <PauseLink query={query} />
        {EXPORT_FORMATS.map((format) => (
          <a class="btn wide-only" href={attr(logExportHref(query, format))} download="">
            <Icon name="download" />
            <span safe>{format.toUpperCase()}</span>
          </a>
        ))}
      </PageHead>
      <nav class="tabs" aria-label="Kind">
        {LOG_KINDS.map((kind) => (
          <a
            href={attr(logKindHref(query, kind))}
            aria-current={kind === query.kind ? "page" : undefined}
            safe
          >
            {KIND_LABELS[kind]}
          </a>
        ))}
      </nav>
      <div class="bar">
        <SearchField
          action={LOGS_PATH}
          value={query.q}
          placeholder={query.kind === "key_event" ? "Key, detail" : "Id, model, error"}
          kept={logParameters({ ...query, q: "", cursor: "" })}
        />
        <FilterLink query={query} />
        {filtersOf(query.kind)
          .filter((name) => query[name] !== "")
          .map((name) => (
            <FilterChip
              label={FILTER_LABELS[name]}
              value={chipText(props, name)}
              without={logListHref(query, { [name]: "", cursor: "" })}
            />
          ))}
        {isLogFiltered(query) ? (
          <a
            class="soft"
            href={attr(
              href(LOGS_PATH, { kind: query.kind === "request" ? "" : query.kind, live: query.live }),
            )}
          >
            Clear all
          </a>
        ) : null}
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
            text={`${plural(shown, "row")}, newest first${until === null ? "" : `, searched back to ${until}`}`}
            first={query.cursor === "" ? null : logListHref(query, { cursor: "" })}
            next={props.nextCursor === null ? null : logListHref(query, { cursor: props.nextCursor })}
            nextText={props.searchedTo === null ? "Next page" : LOOK_FURTHER}
          />
        </section>
      ) : (
        <Nothing {...props} />
      )}
    </Live>
  );
}

/** While it is connected the page need not ask every 2 s (`app.js`). Another address is another element. */
/** Also behind a cursor nothing changes any more. */
function isStill(query: LogListQuery): boolean {
  return query.live === "off" || query.cursor !== "";
}

function Tail({ to }: { to: string | null }) {
  if (to === null) return "";
  const id = `tail-${Bun.hash(to).toString(36)}`;
  return <div id={id} data-tail hidden {...{ "hx-sse:connect": attr(to) }} />;
}

function verdict({ query, requestsToday, errorsToday, reader }: LogsPageProps): string {
  const today = `${plural(requestsToday, "request")} today, ${errorsToday === 0 ? "none" : exact(errorsToday)} failed.`;
  return query.live === "off" ? `${today} Paused at ${clock(reader.now, reader)}.` : today;
}

/** A link, so that a list that stands still has an address, and can be had without scripts. */
function PauseLink({ query }: { query: LogListQuery }) {
  const isPaused = query.live === "off";
  return (
    <a class={isPaused ? "btn main" : "btn"} href={attr(logListHref(query, { live: isPaused ? "" : "off" }))}>
      <Icon name={isPaused ? "play" : "pause"} />
      {isPaused ? "Resume" : "Pause"}
    </a>
  );
}

function FilterLink({ query }: { query: LogListQuery }) {
  const to = attr(logListHref(query, { cursor: "" }, `${LOGS_PATH}/filter`));
  return (
    <a class="btn" href={to} hx-get={to} hx-target="#dialog" hx-swap="innerHTML">
      <Icon name="filter" />
      Filter
    </a>
  );
}

function chipText({ query, names, pools, reader }: LogsPageProps, name: LogFilter): string {
  const value = query[name];
  const texts: Partial<Record<LogFilter, () => string>> = {
    key_id: () => names.get(value) ?? "one that is gone",
    pool_id: () => pools.get(value) ?? "one that is gone",
    outcome: () => outcomeLook(value).word,
    from: () => fullTime(Date.parse(value), reader),
    to: () => fullTime(Date.parse(value), reader),
  };
  return texts[name]?.() ?? value;
}

const EMPTY_TEXTS: Record<LogKind, { title: string; text: string }> = {
  request: {
    title: "No request yet",
    text: "Each request of a client becomes a row here, with every attempt on a key.",
  },
  error: {
    title: "No failed request",
    text: "Requests that did not end well would stand here. Where another key answered in the end, the story is under Requests.",
  },
  key_event: {
    title: "Nothing happened yet",
    text: "Keys added, cooled, disabled, settings changed, logins: who did what, and when.",
  },
};

const LOOK_FURTHER = "Look further back";

/** How far back a search came that stopped before its page was full. */
function searchedBack({ searchedTo, reader }: LogsPageProps): string | null {
  return searchedTo === null ? null : fullTime(searchedTo, reader);
}

/** A search that takes long ends with a page that may be empty, and goes on behind it. */
function Nothing(props: LogsPageProps) {
  const { query, nextCursor } = props;
  const until = searchedBack(props);
  if (nextCursor !== null && until !== null) {
    return (
      <EmptyState
        icon="search"
        title="No row fits so far"
        text={`Searched back to ${until}. Older rows may fit.`}
      >
        <a class="btn" href={attr(logListHref(query, { cursor: nextCursor }))}>
          {LOOK_FURTHER}
        </a>
      </EmptyState>
    );
  }
  if (query.cursor !== "") {
    return (
      <EmptyState icon="search" title="No older row fits" text="The log was searched to its beginning.">
        <a class="btn" href={attr(logListHref(query, { cursor: "" }))}>
          First page
        </a>
      </EmptyState>
    );
  }
  if (!isLogFiltered(query)) return <EmptyState icon="logs" {...EMPTY_TEXTS[query.kind]} />;
  return (
    <EmptyState
      icon="search"
      title="No row fits"
      text="No row of the log fits this search and these filters."
    >
      <a class="btn" href={href(LOGS_PATH, { kind: query.kind })}>
        Show all
      </a>
    </EmptyState>
  );
}
