/**
 * The words of the domain, shared by every layer (see "Words" in ARCHITECTURE.md).
 * Times are epoch milliseconds (wall clock) unless a name says otherwise; the admin API turns them into
 * ISO 8601 and camelCase into snake_case at its edge, storage does the same for its columns.
 */

export const KEY_STATUSES = [
  "available",
  "cooling",
  "ejected",
  "daily_limit_reached",
  "no_credit",
  "invalid",
  "disabled",
] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

export const STRATEGIES = [
  "round_robin",
  "random",
  "least_connections",
  "least_latency",
  "most_headroom",
  "weighted",
  "fill_first",
  "prompt_affinity",
] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What one upstream answer meant. Decided in one place: `proxy/outcome.ts`. */
export const OUTCOMES = [
  "ok",
  "client_error",
  "content_filtered",
  "model_unavailable",
  "rate_limited",
  "quota_exhausted",
  "no_credit",
  "invalid_key",
  "forbidden_key",
  "overloaded",
  "upstream_error",
  "upstream_timeout",
  "in_stream_error",
  "not_an_api_answer",
  "client_closed",
] as const;
export type Outcome = (typeof OUTCOMES)[number];
/** How the client itself can end a request badly: no error of ours. */
export const CLIENT_OUTCOMES: ReadonlySet<string> = new Set<Outcome>([
  "client_error",
  "content_filtered",
  "client_closed",
]);

/** At whose door an outcome is laid. `key_model`: this key, for this model only. */
export type Blame = "key" | "key_model" | "host" | "client" | "none";

export interface Verdict {
  outcome: Outcome;
  /** For `in_stream_error`: what the same error would be outside a stream. */
  cause?: Outcome;
  blame: Blame;
  /** The next candidate may be tried, as long as no byte has gone to the client. */
  retry: boolean;
  /** The wait that the answer states, in ms; null where it states none. */
  cooldownMs: number | null;
  /** A failure of the host; held against the key only where others of that host succeed. */
  strike: boolean;
  /** The status that the client sees if nothing else works. */
  clientStatus: number;
  /** One sentence for people, secrets removed, at most 500 characters. Empty for `ok`. */
  reason: string;
}

export const AUTH_STYLES = ["bearer", "x-api-key", "api-key", "x-goog-api-key"] as const;
/** How an upstream wants its key: `Authorization: Bearer KEY`, or the header of that name. */
export type AuthStyle = (typeof AUTH_STYLES)[number];

/** One provider account endpoint. `baseUrl` has no trailing slash and no credentials. */
export interface Upstream {
  id: string;
  name: string;
  baseUrl: string;
  authStyle: AuthStyle;
  isDefault: boolean;
  createdAt: number;
}

/** What is known of a host as a whole; never changes a key's status. */
export interface UpstreamHealth {
  breaker: "closed" | "open" | "half_open";
  /** Next trial, epoch ms; null while closed. */
  openUntil: number | null;
  failuresInARow: number;
  lastFailure: string | null;
}
/** A named group of keys among which requests are balanced. `strategy` null: the global one. */
export interface Pool {
  id: string;
  name: string;
  description: string;
  /** `#rrggbb` */
  color: string;
  icon: string;
  strategy: Strategy | null;
  createdAt: number;
}

/** One upstream API key as people configured it; its secret is never part of it. */
export interface Key {
  id: string;
  name: string;
  /** First 4 and last 4 characters, `AIza…x7Qk`; fewer where the secret is short. */
  maskedSecret: string;
  poolId: string | null;
  upstreamId: string;
  tags: string[];
  weight: number;
  priority: number;
  enabled: boolean;
  dailyLimit: number | null;
  rpmLimit: number | null;
  tpmLimit: number | null;
  maxConcurrency: number | null;
  createdAt: number;
}

/** A rate limit in force; `model` null: for every model. */
export interface Cooldown {
  model: string | null;
  until: number;
  reason: string;
  outcome: Outcome;
}

/** Why a key is set aside for longer than a cooldown. `until` null: not by time alone. */
export interface Condition {
  status: "invalid" | "no_credit" | "ejected";
  reason: string;
  since: number;
  until: number | null;
}

/** What happened to a key so far; kept in memory by the pool and written behind to storage. */
export interface KeyState {
  keyId: string;
  requestCount: number;
  successCount: number;
  failureCount: number;
  inputTokens: number;
  outputTokens: number;
  costUsd: number;
  /** Failures in a row. */
  strikes: number;
  /** Ejections in a row: each one is longer than the one before. */
  ejections: number;
  /** Rate limits in a row that stated no time: each such cooldown is twice the one before. */
  unstatedLimits: number;
  dailyUsed: number;
  /** The day that `dailyUsed` counts, `YYYY-MM-DD` in `daily_reset_time_zone`. */
  dailyDay: string;
  lastUsedAt: number | null;
  condition: Condition | null;
  cooldowns: Cooldown[];
}

/** A key as pages and API show it: configuration, state and what follows from both now. */
export interface KeyView extends Key, Omit<KeyState, "keyId"> {
  status: KeyStatus;
  /** One sentence: what happened and what comes next. Null while available without remark. */
  statusReason: string | null;
  /** When the key comes back by time alone (cooldown, ejection, daily limit); null otherwise. */
  cooldownUntil: number | null;
  inFlight: number;
  /** What was used within the last minute; null where neither requests nor tokens a minute are limited. */
  minuteRequests: number | null;
  minuteTokens: number | null;
}

/** What can be done to many keys at once. */
export const BULK_ACTIONS = [
  "enable",
  "disable",
  "delete",
  "reset",
  "move",
  "set_limits",
  "add_tags",
  "remove_tags",
] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** A bulk change under way, or one that ended lately. */
export interface BulkRun {
  id: string;
  action: BulkAction;
  total: number;
  /** Keys looked at so far, and of those the ones that it changed. */
  done: number;
  changed: number;
  startedAt: number;
  endedAt: number | null;
  /** Why it ended before its end: a sentence; null where it did not. */
  stopped: string | null;
}

/** What a key did lately, from the statistics: attempts, whoever's request they were part of. */
export interface KeyRecent {
  /** Attempts of each of the last 60 minutes, oldest first. */
  minutes: number[];
  /** Of the last 24 hours. */
  attempts: number;
  successes: number;
  clientErrors: number;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  /** Input tokens that were written to a cache, where the upstream tells; they are part of `inputTokens`. */
  cacheWriteTokens?: number | null;
  /** Counted by us, not told by the upstream. */
  isEstimated?: boolean;
}
export type UsageSource = "upstream" | "estimated" | "none";

export interface AttemptRecord {
  keyId: string;
  upstreamId: string;
  startedAt: number;
  /** Since the attempt before ended, or since the request came. */
  waitMs: number;
  durationMs: number;
  /** Null where no status line arrived. */
  status: number | null;
  outcome: Outcome;
  chosenBecause: string;
  /** Cut to 500 characters, secrets removed. */
  error: string | null;
}

/** The one final row of a client request. */
/** Where a request stands in a distributed trace. (W3C Trace Context) */
export interface TraceContext {
  /** 32 hex digits. */
  traceId: string;
  /** This program's own span, 16 hex digits: the parent of whatever the upstream adds. */
  spanId: string;
  /** The client's span; null where the trace begins here. */
  parentSpanId: string | null;
  isSampled: boolean;
}

export interface RequestRecord {
  id: string;
  startedAt: number;
  /** The path below the base, `/chat/completions`. */
  endpoint: string;
  model: string | null;
  servedModel: string | null;
  stream: boolean;
  poolId: string | null;
  clientAddress: string;
  userAgent: string;
  status: number;
  /** The last attempt's outcome, or the `code` of the proxy's own error where no attempt decided. */
  outcome: string;
  ttftMs: number | null;
  durationMs: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedTokens: number | null;
  reasoningTokens: number | null;
  usageSource: UsageSource;
  costUsd: number | null;
  requestBytes: number;
  responseBytes: number;
  error: string | null;
  attempts: AttemptRecord[];
  /** Only where tracing is on; not stored. */
  trace?: TraceContext;
  /** Only while `log_bodies` is on; read with a single request, not in lists, exports and archives. */
  bodies?: KeptBodies;
}

/** A body is null where there was none, or it was no text. */
export interface KeptBodies {
  request: KeptBody | null;
  response: KeptBody | null;
  requestHeaders: KeptHeader[];
  responseHeaders: KeptHeader[];
}

/** Without credentials. */
export interface KeptHeader {
  name: string;
  value: string;
}

/** Text without secrets, at most 64 KiB. */
export interface KeptBody {
  text: string;
  /** It went on. */
  isCut: boolean;
}

/** What the requests of one minute came to. */
export interface MinuteTotals {
  /** Epoch ms of the minute's beginning. */
  at: number;
  requests: number;
  /** Requests that ended neither `ok` nor by the client's own fault (`client_error content_filtered client_closed`). */
  errors: number;
  /** Requests that ended `ok` after more than one attempt. */
  failovers: number;
  inputTokens: number;
  outputTokens: number;
  /** Of the requests whose cost is known, and how many those are. */
  costUsd: number;
  pricedRequests: number;
}

export interface KeyEvent {
  id: string;
  at: number;
  /** `added edited enabled disabled deleted cooled ejected recovered invalid no_credit reset tested settings_changed logged_in login_failed` */
  event: string;
  keyId: string | null;
  keyName: string | null;
  detail: string;
  /** `admin`, `api`, `pool` */
  actor: string;
}

/** A question that was kept for the playground. */
export interface Prompt {
  id: string;
  name: string;
  /** What is asked. */
  text: string;
  /** The system prompt; empty: none. */
  system: string;
  /** Empty: whichever is chosen. */
  model: string;
  /** Further fields of the request's body, `{"temperature": 0.7}`. */
  parameters: Record<string, unknown>;
  createdAt: number;
  lastUsedAt: number | null;
}

export interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

/** Wrong input: nothing was changed. `fields` names each wrong field and what it may be. (API: 422) */
export class InputError extends Error {
  override readonly name = "InputError";
  constructor(
    message: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(message);
  }
}

/** The named thing does not exist. (API: 404) */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** The change contradicts what is there: a name taken, a pool that still has keys. (API: 409) */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** Somebody else changed the thing since it was seen. (API: 412) */
export class ChangedError extends Error {
  override readonly name = "ChangedError";
  constructor() {
    super("It was changed meanwhile: read it again, and change what you see then.");
  }
}

/** The program cannot start or go on as configured; the message is one line that says what to do. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}

/** The disk did not take what was to be written; the message is one line that says what to do. (API: 503) */
export class StorageError extends StartError {
  override readonly name = "StorageError";
}
