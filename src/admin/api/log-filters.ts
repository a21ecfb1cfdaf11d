import { type Static, t } from "elysia";
import type { LogQuery } from "../../operations/types.ts";
import { InputError, type RequestRecord } from "../../types.ts";
import { oneOf, wholeText } from "./schemas.ts";

export const LOG_KINDS = ["request", "error", "key_event"] as const;

/** Of RFC 3339: a day alone (its beginning in UTC), or a moment with its zone. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/i;

const kindField = (kinds: readonly (typeof LOG_KINDS)[number][]) => t.Optional(oneOf(kinds));

/** By what requests are told apart, the stored and the passing ones. */
const matchFields = {
  key_id: t.Optional(t.String({ description: "the id of a key that was tried" })),
  pool_id: t.Optional(t.String({ description: "the id of a pool" })),
  model: t.Optional(t.String({ description: "a model's name" })),
  status: t.Optional(wholeText({ min: 100, max: 599 }, "an HTTP status")),
  outcome: t.Optional(t.String({ description: "how it ended, such as ok or rate_limited" })),
};

export const timeFields = {
  from: t.Optional(t.String({ description: "a time as ISO 8601, inclusive" })),
  to: t.Optional(t.String({ description: "a time as ISO 8601, exclusive" })),
};

export const filterFields = {
  kind: kindField(LOG_KINDS),
  q: t.Optional(t.String({ description: "text to look for" })),
  ...matchFields,
  ...timeFields,
};

export const liveFields = { kind: kindField(["request", "error"]), ...matchFields };

const filterSchema = t.Object(filterFields);

export function readFilters(given: Static<typeof filterSchema>): Omit<LogQuery, "limit" | "cursor"> {
  const { kind = "request", q, key_id, pool_id, model, status, outcome } = given;
  return { kind, q, keyId: key_id, poolId: pool_id, model, status, outcome, ...readTimes(given) };
}

/** Epoch ms. */
export function readTimes(given: { from?: string; to?: string }): { from?: number; to?: number } {
  return { from: readTime("from", given.from), to: readTime("to", given.to) };
}

/** Whether a request that just ended is one that the filters ask for. */
export function createMatch(query: Omit<LogQuery, "limit" | "cursor">): (request: RequestRecord) => boolean {
  const { kind, keyId, poolId, model, status, outcome } = query;
  const is = <T>(wanted: T | undefined, value: T) => wanted === undefined || wanted === value;
  return (request) =>
    (kind !== "error" || request.outcome !== "ok") &&
    is<string | null>(poolId, request.poolId) &&
    is<string | null>(model, request.model) &&
    is(status, request.status) &&
    is(outcome, request.outcome) &&
    (keyId === undefined || request.attempts.some((attempt) => attempt.keyId === keyId));
}

/** @throws InputError that names the field. */
function readTime(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InputError(`Check ${name}.`, { [name]: "give a time as ISO 8601, such as 2026-01-31T12:00:00Z" });
}
