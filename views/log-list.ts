import { href } from "./links.ts";

export const LOG_KINDS = ["request", "error", "key_event"] as const;
export type LogKind = (typeof LOG_KINDS)[number];

/** What narrows the list down, apart from the text searched for; named as in the admin API. */
export const REQUEST_FILTERS = ["key_id", "pool_id", "model", "status", "outcome", "from", "to"] as const;
const EVENT_FILTERS = ["key_id", "from", "to"] as const;
export type LogFilter = (typeof REQUEST_FILTERS)[number];

/** The address of the Logs page holds its state; empty means "not asked". */
export interface LogListQuery extends Record<LogFilter, string> {
  kind: LogKind;
  q: string;
  cursor: string;
  /** `off`: the list stands still. */
  live: "off" | "";
}

export const LOGS_PATH = "/logs";

export function filtersOf(kind: LogKind): readonly LogFilter[] {
  return kind === "key_event" ? EVENT_FILTERS : REQUEST_FILTERS;
}

/** The parts of the address that say something. */
export function logParameters({ kind, ...rest }: LogListQuery): Record<string, string> {
  const all = { kind: kind === "request" ? "" : kind, ...rest };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

/** @param path the list itself, or its form. */
export function logListHref(
  query: LogListQuery,
  change: Partial<LogListQuery> = {},
  path: string = LOGS_PATH,
): string {
  return href(path, logParameters({ ...query, ...change }));
}

/** The same list of another kind, with those filters that it knows. */
export function logKindHref(query: LogListQuery, kind: LogKind): string {
  const known: readonly string[] = filtersOf(kind);
  const dropped = REQUEST_FILTERS.filter((name) => !known.includes(name)).map((name) => [name, ""]);
  return logListHref({ ...query, ...Object.fromEntries(dropped) }, { kind, outcome: "", cursor: "" });
}

/** Everything that fits the filters, as a download. */
export function logExportHref({ cursor: _, live: __, ...filters }: LogListQuery, format: string): string {
  return href("/api/admin/logs/export", { ...filters, format });
}

export function isLogFiltered(query: LogListQuery): boolean {
  return query.q !== "" || filtersOf(query.kind).some((name) => query[name] !== "");
}

/** Where the page hears of requests as they end; null where it looks at no end that moves, or searches by words. */
export function logTailHref(query: LogListQuery): string | null {
  const { kind, q, cursor, live } = query;
  if (kind === "key_event" || q !== "" || cursor !== "" || live === "off") return null;
  return logListHref(query, {}, `${LOGS_PATH}/tail`);
}
