import { Problem } from "../../setting-types.ts";
import type { Outcome, RequestRecord } from "../../types.ts";
import { readCount, readFlag, readText, readTime } from "./values.ts";

/** What it wrote where no key was concerned. */
const NO_KEY = ["N/A", "UNKNOWN", ""];
const CHOSEN_BECAUSE = "taken over from the earlier version";
/** The only call that it logged. */
const ENDPOINT = "/chat/completions";
const MAX_ERROR_CHARS = 500;
const MAX_TEXT_CHARS = 200;
const MAX_ID_CHARS = 100;
/** As long as secrets are, without the marks around them: only such words can be one. */
const WORDS = /[^\s"'`,;()<>[\]{}]{7,500}[^\s"'`,;()<>[\]{}.:!?]/g;

const KEY_OUTCOMES: Record<number, Outcome> = {
  401: "invalid_key",
  403: "forbidden_key",
  429: "rate_limited",
};
/** By `errorType`; the status decides where it says more. */
const OUTCOMES: Record<string, (status: number) => Outcome> = {
  ApiKeyError: (status) => KEY_OUTCOMES[status] ?? "upstream_error",
  InvalidRequestError: () => "client_error",
  UpstreamTimeoutError: () => "upstream_timeout",
};

export interface LogContext {
  /** Our key for an id of its; the same id where the key is gone. */
  keyId(earlierId: string): string;
  /** Where its keys belong. */
  upstreamId: string;
  /** A secret as it may be shown; null for any other word. */
  masked(word: string): string | null;
}

/** A row of `request_logs`. It knew no tokens, no cost, no stream. */
export function readEarlierLog(row: Record<string, unknown>, context: LogContext): RequestRecord | Problem {
  const id = readText(row._id);
  const startedAt = readTime(row.timestamp);
  const status = readCount(row.statusCode);
  if (id instanceof Problem || id === null || id === "" || id.length > MAX_ID_CHARS) {
    return new Problem("it has no usable _id");
  }
  if (startedAt instanceof Problem || startedAt === null) return new Problem("its timestamp is none");
  if (status instanceof Problem) return new Problem("its statusCode is none");
  const outcome =
    readFlag(row.isError, status >= 400) === true ? outcomeOf(textOf(row.errorType), status) : "ok";
  const durationMs = readCount(row.responseTime);
  const message = textOf(row.errorMessage)?.replace(WORDS, (word) => context.masked(word) ?? word);
  const error =
    outcome === "ok" ? null : (message ?? textOf(row.errorType) ?? outcome).slice(0, MAX_ERROR_CHARS);
  const keyId = textOf(row.apiKeyId) ?? "";
  const model = textOf(row.modelUsed)?.slice(0, MAX_TEXT_CHARS) ?? null;
  const attempt = {
    upstreamId: context.upstreamId,
    startedAt,
    waitMs: 0,
    durationMs: durationMs instanceof Problem ? 0 : durationMs,
    status,
    outcome,
    chosenBecause: CHOSEN_BECAUSE,
    error,
  };
  return {
    id,
    startedAt,
    endpoint: ENDPOINT,
    model,
    servedModel: outcome === "ok" ? model : null,
    stream: false,
    poolId: null,
    // The whole x-forwarded-for: the client comes first.
    clientAddress: (textOf(row.ipAddress)?.split(",")[0] ?? "").trim().slice(0, MAX_TEXT_CHARS),
    userAgent: "",
    status,
    outcome,
    ttftMs: null,
    durationMs: attempt.durationMs,
    inputTokens: null,
    outputTokens: null,
    cachedTokens: null,
    reasoningTokens: null,
    usageSource: "none",
    costUsd: null,
    requestBytes: 0,
    responseBytes: 0,
    error,
    attempts: NO_KEY.includes(keyId) ? [] : [{ ...attempt, keyId: context.keyId(keyId) }],
  };
}

function outcomeOf(type: string | null, status: number): Outcome {
  const known = type !== null && Object.hasOwn(OUTCOMES, type) ? OUTCOMES[type] : undefined;
  if (known !== undefined) return known(status);
  if (status === 404) return "model_unavailable";
  return status >= 400 && status < 500 ? "client_error" : "upstream_error";
}

function textOf(given: unknown): string | null {
  const text = readText(given);
  return text instanceof Problem || text === "" ? null : text;
}
