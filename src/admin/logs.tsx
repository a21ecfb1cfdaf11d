import { LogPage } from "../../views/log.tsx";
import {
  LOG_KINDS,
  type LogKind,
  type LogListQuery,
  LogsPage,
  type LogsPageProps,
  logListHref,
} from "../../views/logs.tsx";
import type { LogOperations } from "../operations/types.ts";
import { keyNames } from "./key-names.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const PAGE_SIZE = 100;

export async function showLogs(context: PageContext): Promise<Response> {
  const { operations, live } = context.deps;
  const query = readQuery(context.url.searchParams);
  const found = await findRows(context, query);
  const figures = live.figures();
  const ids = keysIn(found.rows);
  const body = (
    <LogsPage
      query={query}
      rows={found.rows}
      nextCursor={found.nextCursor}
      names={
        await keyNames(
          operations.keys,
          [query.key_id, ...ids].filter((id) => id !== ""),
        )
      }
      requestsToday={figures.requestsToday}
      errorsToday={figures.errorsToday}
      reader={context.reader}
    />
  );
  return page(context, { title: "Logs", section: "/logs", address: logListHref(query, {}) }, body);
}

export async function showRequest(context: PageContext): Promise<Response> {
  const { operations } = context.deps;
  const request = await operations.logs.request(context.id);
  const upstreams = await operations.upstreams.list();
  const pools = await operations.pools.list();
  const body = (
    <LogPage
      request={request}
      names={
        await keyNames(
          operations.keys,
          request.attempts.map((attempt) => attempt.keyId),
        )
      }
      upstreams={new Map(upstreams.map((upstream) => [upstream.id, upstream.name]))}
      pools={new Map(pools.map((pool) => [pool.id, pool]))}
      reader={context.reader}
    />
  );
  return page(context, { title: "Request", section: "/logs" }, body);
}

type Rows = LogsPageProps["rows"];

async function findRows(
  { deps }: PageContext,
  query: LogListQuery,
): Promise<{ rows: Rows; nextCursor: string | null }> {
  const { logs } = deps.operations;
  const asked: Parameters<LogOperations["requests"]>[0] = {
    kind: query.kind,
    limit: PAGE_SIZE,
    cursor: query.cursor || null,
    q: query.q || undefined,
    keyId: query.key_id || undefined,
    model: query.model || undefined,
    outcome: query.outcome || undefined,
  };
  if (query.kind === "key_event") {
    const { data, nextCursor } = await logs.keyEvents(asked);
    return { rows: { events: data }, nextCursor };
  }
  const { data, nextCursor } = await logs.requests(asked);
  return { rows: { requests: data }, nextCursor };
}

/** The keys that the rows name. */
function keysIn(rows: Rows): string[] {
  if ("events" in rows) return rows.events.flatMap((event) => event.keyId ?? []);
  return rows.requests.flatMap((request) => request.attempts.at(-1)?.keyId ?? []);
}

function readQuery(parameters: URLSearchParams): LogListQuery {
  const text = (name: string) => parameters.get(name)?.trim() ?? "";
  const kind = text("kind");
  return {
    kind: (LOG_KINDS as readonly string[]).includes(kind) ? (kind as LogKind) : "request",
    q: text("q"),
    key_id: text("key_id"),
    model: text("model"),
    outcome: text("outcome"),
    cursor: text("cursor"),
  };
}
