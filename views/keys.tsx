import { KEY_STATUSES, type KeyStatus, type KeyView, type Pool } from "../src/types.ts";
import { attr } from "./attr.ts";
import { ActionForm } from "./components/button.tsx";
import { EmptyState } from "./components/empty-state.tsx";
import { KeyTable } from "./components/key-table.tsx";
import { Live } from "./components/live.tsx";
import { PageHead } from "./components/page-head.tsx";
import { Pager } from "./components/pager.tsx";
import { SearchField } from "./components/search-field.tsx";
import type { KeyTest } from "./components/test-note.tsx";
import { exact, type Reader } from "./format.ts";
import { href } from "./links.ts";
import { STATUS_LOOKS, StatusIcon } from "./statuses.tsx";
import { type KeyCounts, keysVerdict, plural, totalKeys } from "./verdicts.ts";

/** The address holds the state; empty means "not asked". */
export interface KeyListQuery {
  q: string;
  status: KeyStatus | "";
  sort: string;
  cursor: string;
}

export interface KeysPageProps {
  query: KeyListQuery;
  keys: KeyView[];
  nextCursor: string | null;
  counts: KeyCounts;
  pools: ReadonlyMap<string, Pool>;
  tests: ReadonlyMap<string, KeyTest>;
  reader: Reader;
}

const PATH = "/keys";
export const DEFAULT_SORT = "created_at";

export function keyListHref(query: KeyListQuery, change: Partial<KeyListQuery>): string {
  const { q, status, sort, cursor } = { ...query, ...change };
  return href(PATH, { q, status, sort: sort === DEFAULT_SORT ? "" : sort, cursor });
}

export function KeysPage(props: KeysPageProps) {
  const { query } = props;
  const asked = query.q !== "" || query.status !== "";
  const total = totalKeys(props.counts);
  return (
    <Live url={keyListHref(query, {})} now={props.reader.now}>
      <PageHead title="Keys" verdict={keysVerdict(props.counts)}>
        <ActionForm to="/keys/paste" method="get" icon="paste" label="Paste many" />
        <ActionForm to="/keys/add" method="get" icon="plus" label="Add key" look="main" />
      </PageHead>
      {total > 0 && (
        <div class="bar">
          <SearchField
            action={PATH}
            value={query.q}
            placeholder="Name, end of key, tag"
            kept={{ status: query.status, sort: query.sort === DEFAULT_SORT ? "" : query.sort }}
          />
          <StatusFilter query={query} counts={props.counts} />
        </div>
      )}
      {props.keys.length > 0 ? (
        <section class="card" aria-label="List of keys">
          <div class="scroll">
            <KeyTable
              keys={props.keys}
              pools={props.pools}
              tests={props.tests}
              sort={query.sort}
              sortHref={(sort) => keyListHref(query, { sort, cursor: "" })}
              reader={props.reader}
            />
          </div>
          <Pager
            text={`${plural(props.keys.length, "key")} shown of ${exact(total)}`}
            first={query.cursor === "" ? null : keyListHref(query, { cursor: "" })}
            next={props.nextCursor === null ? null : keyListHref(query, { cursor: props.nextCursor })}
          />
        </section>
      ) : asked ? (
        <EmptyState
          icon="search"
          title="No key fits"
          text="No key has this status and holds this text in name, end or tags."
        >
          <a class="btn" href={PATH}>
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
