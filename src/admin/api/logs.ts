import { t } from "elysia";
import type { Clock } from "../../clock.ts";
import { CLEANUP_DAYS } from "../../operations/cleanup.ts";
import { DEFAULT_PAGE_ROWS } from "../../operations/list-page.ts";
import type { CleanupOperations, LogOperations } from "../../operations/types.ts";
import { keyEventJson, pageJson, requestJson, wholeRequestJson } from "../present.ts";
import {
  cleanupAnswer,
  cleanupReportAnswer,
  facetsAnswer,
  keyEventAnswer,
  pageOf,
  requestAnswer,
  wholeRequestAnswer,
} from "./answers.ts";
import { EXPORT_FORMATS, exportLog } from "./log-export.ts";
import { createMatch, filterFields, liveFields, readFilters, readTimes, timeFields } from "./log-filters.ts";
import { liveLog } from "./log-live.ts";
import { type Route, route } from "./route.ts";
import { body, listFields, oneOf, whole, wholeText } from "./schemas.ts";

/** Logs have one order: newest first. */
const { sort: _, ...logListFields } = listFields;
const DEFAULT_CLEANUP_DAYS = 30;

export interface LogRouteDeps {
  operations: { logs: LogOperations; cleanup: CleanupOperations };
  clock: Clock;
}

export function logRoutes({ operations, clock }: LogRouteDeps): Route[] {
  const { logs, cleanup } = operations;
  return [
    route({
      method: "GET",
      path: "/logs",
      summary: "Requests, failed requests or key events, newest first",
      detail:
        "`q` looks for words in error messages. A page that looked for long and found little has a cursor to go on from.",
      query: t.Object({ ...logListFields, ...filterFields }),
      answer: t.Union([pageOf(requestAnswer), pageOf(keyEventAnswer)]),
      async handle({ query: given }) {
        const { limit = DEFAULT_PAGE_ROWS, cursor = null } = given;
        const query = { ...readFilters(given), limit, cursor };
        if (query.kind === "key_event") return pageJson(await logs.keyEvents(query), keyEventJson);
        return pageJson(await logs.requests(query), requestJson);
      },
    }),
    route({
      method: "GET",
      path: "/logs/facets",
      summary: "Models, keys, outcomes and pools of a time, each with its requests",
      detail:
        "What the filters of `GET /logs` may be given, counted from the sums rather than from each request.",
      query: t.Object(timeFields),
      answer: facetsAnswer,
      handle: ({ query }) => logs.facets(readTimes(query)),
    }),
    route({
      method: "GET",
      path: "/logs/live",
      summary: "Requests as they end, as server-sent events",
      detail:
        "Each event's `data` is a row as in `GET /logs`. A comment comes every 15 s, so that nothing between cuts it off.",
      query: t.Object(liveFields),
      answer: ["text/event-stream"],
      errors: [503],
      isSlow: true,
      handle: async ({ query }) => liveLog(logs, createMatch(readFilters(query))),
    }),
    route({
      method: "GET",
      path: "/logs/export",
      summary: "The whole log that fits the filters, as a download",
      detail: "One JSON object a line, or CSV with a heading; sent as it is read, however long it is.",
      query: t.Object({
        ...filterFields,
        format: t.Optional(oneOf(EXPORT_FORMATS)),
      }),
      answer: ["application/x-ndjson", "text/csv"],
      isSlow: true,
      async handle({ query: given }) {
        const query = readFilters(given);
        // What is wrong with the query is said before the download begins.
        await (query.kind === "key_event" ? logs.keyEvents : logs.requests)({
          ...query,
          limit: 1,
          cursor: null,
        });
        const day = new Date(clock.now()).toISOString().slice(0, 10);
        return exportLog(logs, query, given.format ?? "jsonl", day);
      },
    }),
    route({
      method: "GET",
      path: "/logs/cleanup",
      summary: "How big the database is, and what a cleanup would free",
      query: t.Object({ older_than_days: t.Optional(wholeText(CLEANUP_DAYS)) }),
      answer: cleanupReportAnswer,
      async handle({ query }) {
        const report = await cleanup.report(query.older_than_days ?? DEFAULT_CLEANUP_DAYS);
        return {
          size_bytes: report.sizeBytes,
          free_bytes: report.freeBytes,
          oldest_request_at:
            report.oldestRequestAt === null ? null : new Date(report.oldestRequestAt).toISOString(),
          deletable_requests: report.deletableRequests,
          freeable_bytes: report.freeableBytes,
        };
      },
    }),
    route({
      method: "POST",
      path: "/logs/cleanup",
      summary: "Deletes requests and key events older than some days, archived before where asked",
      detail:
        "In slices, so that requests go on; the answer comes at the end. Statistics stay. An archive is a file a day in " +
        "DATA_DIR/archive, which an import takes in again.",
      body: body({
        older_than_days: whole(CLEANUP_DAYS),
        archive: t.Optional(t.Boolean({ description: "true or false" })),
      }),
      answer: cleanupAnswer,
      isSlow: true,
      async handle({ body: given, actor }) {
        const { older_than_days, archive = false } = given;
        const result = await cleanup.run({ olderThanDays: older_than_days, archive }, actor);
        return {
          deleted_requests: result.deletedRequests,
          deleted_key_events: result.deletedKeyEvents,
          archived_requests: result.archivedRequests,
          archive_files: result.archiveFiles,
          freed_bytes: result.freedBytes,
          duration_ms: result.durationMs,
        };
      },
    }),
    route({
      method: "GET",
      path: "/logs/:id",
      summary: "One request with every attempt, and its headers and bodies where they were kept",
      detail:
        "The id is what every answer of the proxy has as `x-request-id`. Headers and bodies are kept while `log_bodies` is on.",
      answer: wholeRequestAnswer,
      handle: async ({ id }) => wholeRequestJson(await logs.request(id)),
    }),
  ];
}
