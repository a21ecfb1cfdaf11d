import { COLUMN_NAMES } from "../../views/components/key-columns.tsx";
import { DEFAULT_SORT, type KeyListQuery, NO_POOL } from "../../views/key-list.ts";
import { KEY_SORTS } from "../operations/key-list.ts";
import type { KeyFilter } from "../operations/types.ts";
import { KEY_STATUSES, type KeyStatus } from "../types.ts";

const MAX_CHARS = 200;

/** What an address or a form says that no list knows is passed over, so that an old link still opens. */
export function readKeyQuery(parameters: URLSearchParams): KeyListQuery {
  const text = (name: string) => (parameters.get(name) ?? "").trim().slice(0, MAX_CHARS);
  const sort = text("sort");
  return {
    q: text("q"),
    status: (KEY_STATUSES as readonly string[]).includes(text("status")) ? (text("status") as KeyStatus) : "",
    pool: text("pool"),
    upstream: text("upstream"),
    tag: text("tag"),
    sort: Object.hasOwn(KEY_SORTS, sort.replace(/^-/, "")) ? sort : DEFAULT_SORT,
    cursor: (parameters.get("cursor") ?? "").slice(0, 1_000),
    columns: knownColumns(text("columns").split(".")),
  };
}

/** The columns of the form, or of the address, in the table's order; empty where none of them is known. */
export function knownColumns(names: readonly string[]): string {
  return COLUMN_NAMES.filter((name) => names.includes(name)).join(".");
}

export function filterOf(query: KeyListQuery): KeyFilter {
  return {
    ...(query.q !== "" && { q: query.q }),
    ...(query.status !== "" && { status: query.status }),
    ...(query.pool !== "" && { poolId: query.pool === NO_POOL ? null : query.pool }),
    ...(query.upstream !== "" && { upstreamId: query.upstream }),
    ...(query.tag !== "" && { tag: query.tag }),
  };
}
