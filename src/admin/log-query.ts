import {
  filtersOf,
  LOG_KINDS,
  type LogKind,
  type LogListQuery,
  REQUEST_FILTERS,
} from "../../views/log-list.ts";
import type { LogQuery } from "../operations/types.ts";
import { InputError } from "../types.ts";
import { readTimes } from "./api/log-filters.ts";
import { toInstant } from "./own-times.ts";

/** A kind that the page doesn't know is passed over, as are filters that the kind doesn't know. */
export function readLogQuery(parameters: URLSearchParams): LogListQuery {
  const text = (name: string) => parameters.get(name)?.trim() ?? "";
  const asked = text("kind");
  const kind = (LOG_KINDS as readonly string[]).includes(asked) ? (asked as LogKind) : "request";
  const known: readonly string[] = filtersOf(kind);
  const filters = REQUEST_FILTERS.map((name) => [name, known.includes(name) ? text(name) : ""]);
  return {
    ...(Object.fromEntries(filters) as Pick<LogListQuery, (typeof REQUEST_FILTERS)[number]>),
    kind,
    q: text("q"),
    cursor: text("cursor"),
    live: text("live") === "off" ? "off" : "",
  };
}

/** The same with times that mean the same to every reader. */
export function shareable(query: LogListQuery, timeZone: string): LogListQuery {
  return { ...query, from: toInstant(query.from, timeZone), to: toInstant(query.to, timeZone) };
}

/** @throws InputError for a status or times that can't be. */
export function logFilterOf(query: LogListQuery): Omit<LogQuery, "limit"> {
  const given = <T extends string>(text: T) => (text === "" ? undefined : text);
  const { from, to } = readTimes({ from: given(query.from), to: given(query.to) });
  if (from !== undefined && to !== undefined && from >= to)
    throw new InputError("Check the times.", { from: "give a time before the other" });
  return {
    kind: query.kind,
    cursor: query.cursor || null,
    q: given(query.q),
    keyId: given(query.key_id),
    poolId: given(query.pool_id),
    model: given(query.model),
    outcome: given(query.outcome),
    status: readStatus(query.status),
    from,
    to,
  };
}

function readStatus(text: string): number | undefined {
  if (text === "") return undefined;
  if (/^[1-5]\d\d$/.test(text)) return Number(text);
  throw new InputError("Check the status.", { status: "give an HTTP status from 100 to 599, such as 429" });
}
