import type { BulkRun } from "../src/types.ts";
import { KEY_STATUSES } from "../src/types.ts";
import { attr } from "./attr.ts";
import { BulkBar } from "./components/bulk-bar.tsx";
import { BulkProgress } from "./components/bulk-progress.tsx";
import { ActionForm } from "./components/button.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { FilterChip } from "./components/filter-chip.tsx";
import { Icon, type IconName } from "./components/icon.tsx";
import { KeyTable, type KeyTableProps } from "./components/key-table.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Pager } from "./components/pager.tsx";
import { SearchField } from "./components/search-field.tsx";
import { exact } from "./format.ts";
import {
  isFiltered,
  KEYS_PATH,
  type KeyListQuery,
  keyListHref,
  listParameters,
  NO_POOL,
} from "./key-list.ts";
import { STATUS_LOOKS, StatusIcon } from "./statuses.tsx";
import { type KeyCounts, keysVerdict, totalKeys } from "./verdicts.ts";

export interface KeysPageProps extends Omit<KeyTableProps, "sort" | "sortHref"> {
  query: KeyListQuery;
  /** Where the page stands among those that match. */
  place: { total: number; before: number; previousCursor: string | null; nextCursor: string | null };
  counts: KeyCounts;
  runs: BulkRun[];
}

export function KeysPage(props: KeysPageProps) {
  const { query, keys, place } = props;
  const total = totalKeys(props.counts);
  // What is added while one looks at a pool or an upstream is meant for there.
  const there = { pool: query.pool, upstream: query.upstream };
  return (
    <Live url={keyListHref(query)} now={props.reader.now}>
      <PageHead title="Keys" verdict={keysVerdict(props.counts)}>
        {total > 0 && <ActionForm to="/keys/export" method="get" icon="download" label="Export" wideOnly />}
        <ActionForm
          to="/keys/paste"
          method="get"
          icon="paste"
          label="Paste many"
          title="Text, JSON, CSV or .env; a file may also be dropped on this page"
          attributes={{ "data-import": true }}
          fields={there}
        />
        <ActionForm to="/keys/add" method="get" icon="plus" label="Add key" look="main" fields={there} />
      </PageHead>
      <BulkProgress runs={props.runs} />
      {total > 0 && (
        <div class="bar">
          <SearchField
            action={KEYS_PATH}
            value={query.q}
            placeholder="Name, end of key, tag"
            kept={listParameters({ ...query, q: "", cursor: "" })}
          />
          <StatusFilter query={query} counts={props.counts} />
          <Chips {...props} />
          <span class="push line">
            <ListFormLink to="filter" icon="filter" label="Filter" query={query} />
            <ListFormLink to="columns" icon="columns" label="Columns" query={query} />
          </span>
        </div>
      )}
      {keys.length > 0 ? (
        <>
          <section class="card" aria-label="List of keys">
            <div class="scroll">
              <KeyTable
                {...props}
                sort={query.sort}
                sortHref={(sort) => keyListHref(query, { sort, cursor: "" })}
              />
            </div>
            <Pager
              text={`${exact(place.before + 1)}–${exact(place.before + keys.length)} of ${exact(place.total)}`}
              first={query.cursor === "" ? null : keyListHref(query, { cursor: "" })}
              previous={place.previousCursor && keyListHref(query, { cursor: place.previousCursor })}
              next={place.nextCursor && keyListHref(query, { cursor: place.nextCursor })}
            />
          </section>
          <BulkBar query={query} shown={keys.length} total={place.total} />
        </>
      ) : isFiltered(query) ? (
        <EmptyState
          icon="search"
          title="No key fits"
          text="No key fits all that is asked: status, pool, upstream, tag and the text in name, end or tags."
        >
          <a class="btn" href={KEYS_PATH}>
            Show all keys
          </a>
        </EmptyState>
      ) : (
        <EmptyState
          icon="key"
          title="No keys yet"
          text="A key is one API key of a provider. Requests are spread over all that are usable."
        >
          <ActionForm to="/keys/paste" method="get" icon="paste" label="Paste keys" look="main" />
        </EmptyState>
      )}
    </Live>
  );
}

/** All, and each status that some key has. */
function StatusFilter(props: { query: KeyListQuery; counts: KeyCounts }) {
  const { query, counts } = props;
  const shown = KEY_STATUSES.filter((status) => counts[status] > 0 || query.status === status);
  return (
    <nav class="segments" aria-label="Status">
      <a
        href={attr(keyListHref(query, { status: "", cursor: "" }))}
        aria-current={query.status === "" ? "true" : undefined}
      >
        All{" "}
        <span class="number" safe>
          {exact(totalKeys(counts))}
        </span>
      </a>
      {shown.map((status) => (
        <a
          href={attr(keyListHref(query, { status, cursor: "" }))}
          aria-current={query.status === status ? "true" : undefined}
          class={STATUS_LOOKS[status].className}
        >
          <StatusIcon status={status} />
          <span safe>{STATUS_LOOKS[status].word}</span>{" "}
          <span class="number" safe>
            {exact(counts[status])}
          </span>
        </a>
      ))}
    </nav>
  );
}

function Chips({ query, pools, upstreams }: KeysPageProps) {
  const named: { name: "pool" | "upstream" | "tag"; label: string; value: string }[] = [
    {
      name: "pool",
      label: "Pool",
      value: query.pool === NO_POOL ? "none" : (pools.get(query.pool)?.name ?? "one that is gone"),
    },
    { name: "upstream", label: "Upstream", value: upstreams.get(query.upstream)?.name ?? "one that is gone" },
    { name: "tag", label: "Tag", value: query.tag },
  ];
  return (
    <>
      {named
        .filter(({ name }) => query[name] !== "")
        .map(({ name, label, value }) => (
          <FilterChip label={label} value={value} without={keyListHref(query, { [name]: "", cursor: "" })} />
        ))}
    </>
  );
}

/** Opens a form that knows the state of the list. */
function ListFormLink(props: { to: string; icon: IconName; label: string; query: KeyListQuery }) {
  const to = attr(keyListHref(props.query, { cursor: "" }, `${KEYS_PATH}/${props.to}`));
  return (
    <a
      class="btn icon-only"
      href={to}
      title={props.label}
      hx-get={to}
      hx-target="#dialog"
      hx-swap="innerHTML"
    >
      <Icon name={props.icon} />
      <span class="hidden-text" safe>
        {props.label}
      </span>
    </a>
  );
}
