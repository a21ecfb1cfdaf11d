import type { KeyRecent, KeyView, Pool } from "../../src/types.ts";
import { attr } from "../attr.ts";
import { count, exact, percent, type Reader, UNKNOWN, usd } from "../format.ts";
import { plural } from "../verdicts.ts";
import { DailyUse } from "./daily-use.tsx";
import { type InlineFieldName, InlineValue } from "./inline-field.tsx";
import { KeyAge } from "./key-age.tsx";
import { keyColour } from "./key-chip.tsx";
import { PoolChip } from "./pool-chip.tsx";
import { Spark } from "./spark.tsx";
import { Ago } from "./time.tsx";

/** What the cells of a key are made from. */
export interface KeyCells {
  view: KeyView;
  /** Its last hour and day; undefined while nothing is known. */
  recent: KeyRecent | undefined;
  /** By id. */
  pools: ReadonlyMap<string, Pool>;
  upstreams: ReadonlyMap<string, { name: string }>;
  defaultDailyLimit: number | null;
  reader: Reader;
}

export interface KeyColumn {
  name: string;
  label: string;
  /** The field that the list is sorted by. */
  sort?: string;
  title?: string;
  right?: boolean;
  /** Shown where nobody chose. */
  usual?: boolean;
  className?: string;
  /** It can be changed in its place. */
  inline?: InlineFieldName;
  cell(cells: KeyCells): JSX.Element;
}

/** THE table of the columns that can be chosen; key, status and actions always stand. */
export const KEY_COLUMNS: readonly KeyColumn[] = [
  {
    name: "pool",
    label: "Pool",
    usual: true,
    inline: "pool_id",
    cell: ({ view, pools }) => <PoolChip pool={view.poolId === null ? undefined : pools.get(view.poolId)} />,
  },
  {
    name: "upstream",
    label: "Upstream",
    cell: ({ view, upstreams }) => <bdi safe>{upstreams.get(view.upstreamId)?.name ?? UNKNOWN}</bdi>,
  },
  {
    name: "tags",
    label: "Tags",
    inline: "tags",
    cell: ({ view }) => <Tags tags={view.tags} />,
  },
  {
    name: "in_flight",
    label: "Now",
    sort: "in_flight",
    title: "Requests that run on it now",
    right: true,
    usual: true,
    className: "wide-only roomier",
    cell: ({ view }) => <Amount value={view.inFlight} />,
  },
  {
    name: "last_hour",
    label: "Last hour",
    title: "Attempts by the minute",
    usual: true,
    className: "wide-only roomy",
    cell: ({ view, recent }) => <LastHour view={view} recent={recent} />,
  },
  {
    name: "request_count",
    label: "Requests",
    sort: "request_count",
    right: true,
    cell: ({ view }) => <Amount value={view.requestCount} />,
  },
  {
    name: "success",
    label: "Success",
    title: "Of the attempts of 24 hours, or of all where there were none",
    right: true,
    usual: true,
    className: "wide-only roomier",
    cell: (cells) => <Success {...cells} />,
  },
  {
    name: "failure_count",
    label: "Failures",
    sort: "failure_count",
    title: "Laid at the door of the key or its host",
    right: true,
    cell: ({ view }) => <Amount value={view.failureCount} />,
  },
  {
    name: "tokens",
    label: "Tokens",
    right: true,
    cell: ({ view }) => <Amount value={view.inputTokens + view.outputTokens} />,
  },
  {
    name: "cost_usd",
    label: "Cost",
    sort: "cost_usd",
    right: true,
    cell: ({ view }) => <span safe>{usd(view.costUsd)}</span>,
  },
  {
    name: "last_used_at",
    label: "Last used",
    sort: "last_used_at",
    className: "c-used soft",
    cell: ({ view, reader }) => <Ago at={view.lastUsedAt} reader={reader} />,
  },
  {
    name: "daily_used",
    label: "Today",
    sort: "daily_used",
    title: "Requests of today, of the daily limit",
    usual: true,
    inline: "daily_limit",
    cell: ({ view, defaultDailyLimit }) => (
      <DailyUse used={view.dailyUsed} limit={view.dailyLimit ?? defaultDailyLimit} />
    ),
  },
  {
    name: "priority",
    label: "Priority",
    sort: "priority",
    right: true,
    inline: "priority",
    cell: ({ view }) => <Amount value={view.priority} />,
  },
  {
    name: "weight",
    label: "Weight",
    sort: "weight",
    right: true,
    inline: "weight",
    cell: ({ view }) => <Amount value={view.weight} />,
  },
  {
    name: "created_at",
    label: "Added",
    sort: "created_at",
    cell: ({ view, reader }) => <KeyAge createdAt={view.createdAt} reader={reader} />,
  },
];
export const COLUMN_NAMES = KEY_COLUMNS.map(({ name }) => name);
export const USUAL_COLUMNS = KEY_COLUMNS.filter(({ usual }) => usual)
  .map(({ name }) => name)
  .join(".");

/** A cell's content; where it can be changed in its place, with the way to do so. */
export function KeyCell(props: { column: KeyColumn; cells: KeyCells }) {
  const { column, cells } = props;
  const content = column.cell(cells);
  if (column.inline === undefined) return content;
  return (
    <InlineValue view={cells.view} field={column.inline}>
      {content as "safe"}
    </InlineValue>
  );
}

/** A key below this share of successes, over enough attempts to tell, is marked. */
const POOR_SHARE = 0.9;
const ENOUGH_ATTEMPTS = 10;

/** Attempts that say something of the key, and those of them that ended well. */
function judged({ view, recent }: Pick<KeyCells, "view" | "recent">): { good: number; all: number } {
  if (recent !== undefined && recent.attempts > recent.clientErrors)
    return { good: recent.successes, all: recent.attempts - recent.clientErrors };
  return { good: view.successCount, all: view.successCount + view.failureCount };
}

export function successText(cells: Pick<KeyCells, "view" | "recent">): string {
  const { good, all } = judged(cells);
  return all === 0 ? UNKNOWN : percent(good, all);
}

function Success(props: KeyCells) {
  const { good, all } = judged(props);
  const isPoor = all >= ENOUGH_ATTEMPTS && good < POOR_SHARE * all;
  return (
    <span class={isPoor ? "poor" : undefined} title={`${exact(good)} of ${exact(all)} ended well`} safe>
      {successText(props)}
    </span>
  );
}

function Amount(props: { value: number }) {
  return (
    <span class={props.value === 0 ? "soft" : undefined} title={exact(props.value)} safe>
      {count(props.value)}
    </span>
  );
}

function LastHour(props: { view: KeyView; recent: KeyRecent | undefined }) {
  const minutes = props.recent?.minutes ?? [];
  const sum = minutes.reduce((total, value) => total + value, 0);
  if (sum === 0) return <span class="soft">{UNKNOWN}</span>;
  return (
    <Spark
      points={minutes}
      className={`spark ${keyColour(props.view.name)}`}
      title={`${plural(sum, "attempt")} in the last hour`}
    />
  );
}

export function Tags(props: { tags: string[] }) {
  if (props.tags.length === 0) return <span class="soft">{UNKNOWN}</span>;
  return (
    <span class="tags">
      {props.tags.map((tag) => (
        <a class="tag" href={attr(`/keys?tag=${encodeURIComponent(tag)}`)}>
          <bdi safe>{tag}</bdi>
        </a>
      ))}
    </span>
  );
}
