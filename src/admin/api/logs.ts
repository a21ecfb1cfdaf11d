import { t } from "elysia";
import { DEFAULT_PAGE_ROWS } from "../../operations/list-page.ts";
import type { LogOperations } from "../../operations/types.ts";
import { InputError } from "../../types.ts";
import { keyEventJson, pageJson, requestJson } from "../present.ts";
import { type Route, route } from "./route.ts";
import { listFields } from "./schemas.ts";

const KINDS = ["request", "error", "key_event"] as const;
/** Logs have one order: newest first. */
const { sort: _, ...logListFields } = listFields;

/** Of RFC 3339: a day alone (its beginning in UTC), or a moment with its zone. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/i;

export function logRoutes(logs: LogOperations): Route[] {
  return [
    route({
      method: "GET",
      path: "/logs",
      summary: "Requests, failed requests or key events, newest first",
      query: t.Object({
        ...logListFields,
        kind: t.Optional(
          t.Union(
            KINDS.map((kind) => t.Literal(kind)),
            { description: `one of ${KINDS.join(", ")}` },
          ),
        ),
        key_id: t.Optional(t.String()),
        pool_id: t.Optional(t.String()),
        model: t.Optional(t.String()),
        status: t.Optional(t.Numeric({ description: "an HTTP status" })),
        outcome: t.Optional(t.String()),
        from: t.Optional(t.String({ description: "a time as ISO 8601, inclusive" })),
        to: t.Optional(t.String({ description: "a time as ISO 8601, exclusive" })),
      }),
      async handle({ query: given }) {
        const {
          kind = "request",
          limit = DEFAULT_PAGE_ROWS,
          cursor = null,
          key_id,
          pool_id,
          from,
          to,
          ...rest
        } = given;
        const query: Parameters<LogOperations["requests"]>[0] = {
          ...rest,
          kind,
          limit,
          cursor,
          keyId: key_id,
          poolId: pool_id,
          from: readTime("from", from),
          to: readTime("to", to),
        };
        if (kind === "key_event") return pageJson(await logs.keyEvents(query), keyEventJson);
        return pageJson(await logs.requests(query), requestJson);
      },
    }),
    route({
      method: "GET",
      path: "/logs/:id",
      summary: "One request with every attempt",
      handle: async ({ id }) => requestJson(await logs.request(id)),
    }),
  ];
}

function readTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InputError(`Check ${name}.`, { [name]: "give a time as ISO 8601, such as 2026-01-31T12:00:00Z" });
}
