import type { KeyStatus } from "../src/types.ts";
import { href } from "./links.ts";

/** The address of the Keys page holds its state; empty means "not asked". */
export interface KeyListQuery {
  q: string;
  status: KeyStatus | "";
  /** A pool's id, or `none`: in no pool. */
  pool: string;
  /** An upstream's id. */
  upstream: string;
  tag: string;
  sort: string;
  cursor: string;
  /** Names of columns with dots between them; empty: those that this browser chose last, or the usual ones. */
  columns: string;
}

export const KEYS_PATH = "/keys";
export const DEFAULT_SORT = "created_at";
export const NO_POOL = "none";

/** What narrows the list down, apart from the text searched for. */
export const FILTER_NAMES = ["status", "pool", "upstream", "tag"] as const;

/** The parts of the address that say something. */
export function listParameters(query: KeyListQuery): Record<string, string> {
  const { sort, ...rest } = query;
  const all = { ...rest, sort: sort === DEFAULT_SORT ? "" : sort };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** @param path the list itself, or one of its forms. */
export function keyListHref(
  query: KeyListQuery,
  change: Partial<KeyListQuery> = {},
  path: string = KEYS_PATH,
): string {
  return href(path, listParameters({ ...query, ...change }));
}

export function isFiltered(query: KeyListQuery): boolean {
  return query.q !== "" || FILTER_NAMES.some((name) => query[name] !== "");
}
