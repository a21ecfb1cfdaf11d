import type { Explanation } from "../pool/explain.ts";
import type { Settings } from "../settings.ts";
import type { DatabaseFacts, LogFacets, LogPage, LogQuery, RollupCounts } from "../storage/types.ts";
import type {
  AuthStyle,
  BulkRun,
  Key,
  KeyEvent,
  KeyRecent,
  KeyStatus,
  KeyView,
  Outcome,
  Pool,
  Prompt,
  RequestRecord,
  Strategy,
  Upstream,
  UpstreamHealth,
} from "../types.ts";
import type { Preset } from "../upstream/presets.ts";
import type { PlacedPage } from "./list-page.ts";
import type { Seen } from "./revision.ts";

export type { BulkAction, BulkRun, KeyRecent } from "../types.ts";

/** Who did it, for the key events: a person on the pages, a script with the API token, the pool by itself. */
export type Actor = "admin" | "api" | "pool";

/**
 * What a key may hold is written once, in `key-input.ts`; InputError names fields as the API and the forms do
 * (`pool_id`, `daily_limit`).
 */
export interface KeyInput {
  /** 8 to 500 visible ASCII characters; spaces around it are removed. */
  secret: string;
  /** Without one the key is called `key-01`, the next free number. */
  name?: string;
  poolId?: string | null;
  upstreamId?: string;
  tags?: string[];
  /** 1 to 1000, default 1: its share under the strategy `weighted`. */
  weight?: number;
  /** 0 to 100, default 0: the lower number is used first. */
  priority?: number;
  dailyLimit?: number | null;
  rpmLimit?: number | null;
  tpmLimit?: number | null;
  maxConcurrency?: number | null;
  enabled?: boolean;
}
/** A new secret may replace the old one (`secret`); the key then starts afresh with its counters kept. */
export type KeyPatch = Partial<KeyInput>;

/** The report of a paste or an import. Rows are counted from 1. */
export interface ImportReport {
  added: KeyView[];
  skipped: { row: number; reason: string }[];
}

export interface KeyTestResult {
  outcome: Outcome;
  /** Null where no status line came. */
  status: number | null;
  latencyMs: number;
  /** One sentence for people. */
  message: string;
  /** How many models the answer lists; null where it is no list. */
  models?: number | null;
}

export interface KeyFilter {
  /** Text that occurs in name, masked secret, id or a tag. */
  q?: string;
  status?: KeyStatus;
  /** Null: those in no pool. */
  poolId?: string | null;
  /** Those that are not in this pool: in another one, or in none. */
  outsidePoolId?: string;
  upstreamId?: string;
  tag?: string;
}
/** All statuses are present. */
export type KeyCounts = Record<KeyStatus, number>;

/** What a group of keys did since their counters began. */
export interface KeyUses {
  /** Attempts, as a key's own `requestCount`. */
  requests: number;
  /** Epoch ms; null: none was ever used. */
  lastUsedAt: number | null;
}
export interface KeyQuery extends KeyFilter {
  /** Field, `-` before it for descending: `name`, `-request_count`, `created_at`, `status`, `last_used_at`. Default `created_at`. */
  sort?: string;
  /** 1 to 500, default 100. */
  limit?: number;
  cursor?: string;
}

/** Which keys a bulk change is for: these, or all that fit. */
export type KeySelection = { ids: string[] } | { filter: KeyFilter };

export const KEY_LIMIT_FIELDS = ["dailyLimit", "rpmLimit", "tpmLimit", "maxConcurrency"] as const;
export type KeyLimits = Partial<Pick<KeyInput, (typeof KEY_LIMIT_FIELDS)[number]>>;

/** What can be done to many keys at once. */
export type BulkChange =
  | { action: "enable" }
  | { action: "disable" }
  | { action: "delete" }
  | { action: "reset" }
  | { action: "move"; poolId: string | null }
  | { action: "set_limits"; limits: KeyLimits }
  | { action: "add_tags"; tags: string[] }
  | { action: "remove_tags"; tags: string[] };

export interface ExportedKey {
  key: Key;
  /** Null where secrets are not asked for. */
  secret: string | null;
  /** Names, for people. */
  pool: string | null;
  upstream: string;
}

/** Tags as keys have them, with how many keys have each, most first. */
export type TagCount = { tag: string; keys: number };

export interface KeyOperations {
  list(query: KeyQuery): Promise<PlacedPage<KeyView>>;
  /** At most 200, counted at most every 10 s. */
  tags(): TagCount[];
  /** How many keys have each status; all statuses are present. */
  counts(): KeyCounts;
  /** The same for each pool (null: in none) or upstream that has a key. */
  countsBy(field: "poolId" | "upstreamId"): ReadonlyMap<string | null, KeyCounts>;
  /** What the keys of each pool (null: none) did since their counters began: attempts, and the last one's time. */
  usesByPool(): ReadonlyMap<string | null, KeyUses>;
  /** The pool of a key (null: none); undefined where there is no such key. */
  poolOf(id: string): string | null | undefined;
  get(id: string): Promise<KeyView>;
  /** ConflictError where this secret exists at the upstream already. */
  add(input: KeyInput, actor: Actor): Promise<KeyView>;
  /** CSV with a heading, plain text with one key a line (empty lines and `#` comments are passed over), or a JSON array, or the earlier version's export. */
  addMany(text: string, shared: Omit<KeyInput, "secret" | "name">, actor: Actor): Promise<ImportReport>;
  /** What `addMany` would do with it; nothing is added. */
  checkMany(
    text: string,
    shared: Omit<KeyInput, "secret" | "name">,
  ): Promise<{ addable: number; skipped: ImportReport["skipped"] }>;
  /** ChangedError where the key is not any more as it was `seen`; so for every `seen` below. */
  edit(id: string, patch: KeyPatch, actor: Actor, seen?: Seen): Promise<KeyView>;
  /** Enabling also clears what an operator wants cleared by hand: strikes, ejection, invalid, no_credit, cooldowns. */
  setEnabled(ids: string[], enabled: boolean, actor: Actor): Promise<void>;
  /** Into another pool; null: into none. */
  move(ids: string[], poolId: string | null, actor: Actor): Promise<void>;
  /** `seen` is of the only key. */
  remove(ids: string[], actor: Actor, seen?: Seen): Promise<void>;
  /** Clears cooldowns, strikes and condition. */
  reset(ids: string[], actor: Actor): Promise<void>;
  /**
   * Begins a change of many keys, checked as a whole at once (NotFoundError for an id, InputError for a value), then
   * done in slices of a few ms so that requests go on between them. `ended` settles when it is over, however it ends.
   */
  bulk(
    selection: KeySelection,
    change: BulkChange,
    actor: Actor,
  ): Promise<{ run: BulkRun; ended: Promise<void> }>;
  /** Running ones and those that ended lately, newest first. */
  bulkRuns(): BulkRun[];
  /** Ends a run after the slice under way; what was done stays. */
  stopBulk(id: string): void;
  /** Takes a bulk disable back. NotFoundError where it is too long ago. */
  undoBulk(id: string, actor: Actor): Promise<{ run: BulkRun; ended: Promise<void> }>;
  /** Brings a key back that was deleted alone within the last minutes, with its counters; NotFoundError later. */
  restore(id: string, actor: Actor): Promise<KeyView>;
  /** The secret itself, noted as a key event. */
  reveal(id: string, actor: Actor): Promise<string>;
  /** All keys, some hundred at a time; with their secrets it is noted as a key event. */
  exportAll(withSecrets: boolean, actor: Actor): Promise<Iterable<ExportedKey[]>>;
  /** One cheap real call upstream with this key (GET models); its outcome counts like any other. */
  test(id: string, actor: Actor): Promise<KeyTestResult>;
}

export interface PoolInput {
  name: string;
  description?: string;
  color?: string;
  icon?: string;
  strategy?: Strategy | null;
}
export interface PoolOperations {
  list(): Promise<Pool[]>;
  get(id: string): Promise<Pool>;
  add(input: PoolInput, actor: Actor): Promise<Pool>;
  edit(id: string, patch: Partial<PoolInput>, actor: Actor, seen?: Seen): Promise<Pool>;
  /** ConflictError while it has keys. */
  remove(id: string, actor: Actor, seen?: Seen): Promise<void>;
  /**
   * Which key a request would get now, and for each other key why not: a dry run, nothing is sent and nothing changes.
   * `poolId` null: the keys of all pools. At most 500 keys are told of.
   */
  explain(query: { model: string | null; poolId: string | null }): Promise<Explanation>;
}

export interface UpstreamInput {
  name: string;
  baseUrl: string;
  authStyle?: AuthStyle;
  isDefault?: boolean;
}
export interface UpstreamTest extends KeyTestResult {
  /** The key that was used; null: the upstream has none that is enabled. */
  keyName: string | null;
  /** How many models it lists; null where the answer is no list. */
  models: number | null;
}
export type { Explanation as PoolExplanation } from "../pool/explain.ts";
export type { Preset as UpstreamPreset } from "../upstream/presets.ts";
export interface UpstreamOperations {
  list(): Promise<(Upstream & { health: UpstreamHealth })[]>;
  get(id: string): Promise<Upstream & { health: UpstreamHealth }>;
  presets(): Preset[];
  /** The known provider that a base URL belongs to; null where it is none. */
  presetFor(baseUrl: string): Preset | null;
  add(input: UpstreamInput, actor: Actor): Promise<Upstream>;
  /** A changed base URL clears the conditions of its keys. */
  edit(id: string, patch: Partial<UpstreamInput>, actor: Actor, seen?: Seen): Promise<Upstream>;
  /** ConflictError while it has keys or is the default. */
  remove(id: string, actor: Actor, seen?: Seen): Promise<void>;
  /**
   * One cheap real call for its list of models, with the best key of it, or without one where it has none. With a key
   * the outcome counts like any other.
   */
  test(id: string, actor: Actor): Promise<UpstreamTest>;
  /** The ids of the models that its keys list, as far as is known by now; null while no list is known. */
  models(id: string): readonly string[] | null;
  /** All its keys to another upstream, where they begin anew. Those whose secret is there already stay. */
  moveKeys(id: string, toId: string, actor: Actor): Promise<{ moved: number; left: number }>;
}

export interface PromptInput {
  name: string;
  text: string;
  system?: string;
  model?: string;
  parameters?: Record<string, unknown>;
}
export interface PromptOperations {
  /** By name. */
  list(): Promise<Prompt[]>;
  get(id: string): Promise<Prompt>;
  /** ConflictError where the name is taken. */
  add(input: PromptInput): Promise<Prompt>;
  edit(id: string, patch: Partial<PromptInput>, seen?: Seen): Promise<Prompt>;
  /** Notes that it was asked just now; one that is gone is passed over. */
  used(id: string): Promise<void>;
  remove(id: string, seen?: Seen): Promise<void>;
}

export interface SettingsOperations {
  current(): Settings;
  /** All or nothing; `api_endpoint` also becomes the default upstream's base URL. Answers what changed. */
  patch(patch: unknown, actor: Actor, seen?: Seen): Promise<{ settings: Settings; changed: string[] }>;
  /** Back to the defaults: those named, or all. */
  reset(names: string[] | "all", actor: Actor): Promise<Settings>;
}

export type { LogPage, LogQuery } from "../storage/types.ts";
export interface LogOperations {
  requests(query: LogQuery): Promise<LogPage<RequestRecord>>;
  request(id: string): Promise<RequestRecord>;
  keyEvents(query: LogQuery): Promise<LogPage<KeyEvent>>;
  /** What can be filtered by, with counts. Epoch ms; without `from` the last 30 days. */
  facets(range: { from?: number; to?: number }): Promise<LogFacets>;
  /**
   * Calls `listener` for every request that ends from now on, until the answered function is called. Null where too
   * many listen already.
   */
  listen(listener: (request: RequestRecord) => void): (() => void) | null;
}

export interface CleanupInput {
  olderThanDays: number;
  archive: boolean;
}

export interface CleanupResult {
  deletedRequests: number;
  deletedKeyEvents: number;
  archivedRequests: number;
  /** Names in the data folder's `archive`. */
  archiveFiles: string[];
  /** By how much the file became smaller. */
  freedBytes: number;
  durationMs: number;
}

export interface CleanupState {
  /** The one that runs: what is done of what. Epoch ms. */
  running: { startedAt: number; deletedRequests: number; ofRequests: number } | null;
  /** The last one that was started here, of this process; `problem` where it failed on its way. */
  last: { endedAt: number; result: CleanupResult | null; problem: string | null } | null;
}

export interface CleanupReport extends DatabaseFacts {
  /** In the log in all. */
  requests: number;
  /** What a cleanup of everything older would delete and free, roughly. */
  deletableRequests: number;
  freeableBytes: number;
}

export interface CleanupOperations {
  /** InputError for the days, ConflictError while another cleanup runs. */
  run(input: CleanupInput, actor: Actor): Promise<CleanupResult>;
  /** The same without waiting for its end; `state` tells how it goes and what came of it. */
  start(input: CleanupInput, actor: Actor): void;
  state(): CleanupState;
  /** What the settings say of age and size; ConflictError while another cleanup runs. */
  keepInBounds(): Promise<CleanupResult>;
  /** Whether the log has passed `log_max_size_mb`. */
  isTooLarge(): Promise<boolean>;
  /** Takes new requests into the log's indexes; to be called every second or so. */
  upkeep(): Promise<void>;
  /** For the Settings page. */
  report(olderThanDays: number): Promise<CleanupReport>;
}

export interface StatsQuery {
  /** `1h 6h 24h 7d 30d 90d 1y all`, default 24h; days are calendar days, today among them. */
  range?: string | undefined;
  /** Epoch ms, from inclusive, to exclusive; instead of `range`. */
  from?: number | undefined;
  to?: number | undefined;
  /** By default one that fits the range. */
  bucket?: "minute" | "hour" | "day" | undefined;
  groupBy?: "key" | "model" | "pool" | "upstream" | "outcome" | undefined;
  /** At most so many groups, those with the most requests; 1 to 200, default 200. */
  groups?: number;
  /** So many of the groups get a series of their own, default none. */
  groupSeries?: number;
  /** Also the same buckets before it, with the same groups. */
  compare?: boolean;
}

interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}
/**
 * Successes, errors and client errors together are the requests. In groups by key and upstream a request, its tokens
 * and its times belong to the last one tried; attempts to each that was tried.
 */
export interface StatsSums extends Omit<RollupCounts, "pricedRequests" | "costUsd"> {
  /** Of the requests whose cost is known; null where none is. `unpricedRequests` is how many are missing. */
  costUsd: number | null;
  ttftMs: Percentiles;
  durationMs: Percentiles;
}
export type StatsPoint = { at: number } & StatsSums;
/** The series is empty unless `groupSeries` asked for it. */
export type StatsGroup = { id: string; label: string; series: StatsPoint[] } & StatsSums;
export interface StatsPeriod {
  /** Epoch ms: whole buckets, so they may lie outside of what was asked. */
  from: number;
  to: number;
  /** 60, 3600 or 86400; a day may have 23 or 25 hours. */
  bucketS: number;
  totals: StatsSums;
  /** Every bucket, those without requests too. */
  series: StatsPoint[];
  /** Most requests first. */
  groups: StatsGroup[];
}
export interface Stats extends StatsPeriod {
  /** Null unless `compare` asked for it, and where there is nothing before. */
  before: StatsPeriod | null;
}

export interface StatsOperations {
  /** Of at most 500 keys, some seconds old; keys without attempts are absent. */
  recentByKey(ids: string[]): Promise<ReadonlyMap<string, KeyRecent>>;
  /** InputError for a range or bucket that cannot be had. */
  read(query: StatsQuery): Promise<Stats>;
  /** Forgets all; keys, settings and logs stay. */
  reset(): Promise<void>;
  /** Takes into the statistics what came since the last time; to be called every few seconds. */
  fold(): Promise<void>;
  /** Lets minutes and hours go that are too old to be kept. */
  prune(): Promise<void>;
}

export interface MigrationRun {
  /** The earlier version's data folder, or the folder that it stands in; default: this program's own data folder. */
  from?: string;
  /** Does and counts everything, and takes all of it back. */
  dryRun: boolean;
  actor: Actor;
  /** ConflictError where more requests are to be taken over: nobody is served meanwhile. */
  maxRequests?: number;
  /** Requests that were looked at, and all there are. */
  progress?(done: number, total: number): void;
}

/** What a migration did; secrets are never in it. */
export interface MigrationReport {
  dryRun: boolean;
  /** Paths of the files that were read. */
  read: string[];
  /** Where the keys belong. */
  upstream: { name: string; baseUrl: string; isNew: boolean };
  /** `disabled`: those of the added ones that were switched off there. `present`: keys that were here already. */
  keys: { added: number; disabled: number; present: number; skipped: { what: string; reason: string }[] };
  pools: { added: string[]; present: string[] };
  settings: {
    changed: { earlierName: string; name: string; from: unknown; value: unknown; note: string | null }[];
    left: { earlierName: string; reason: string }[];
  };
  /** `present`: requests that were here already. */
  requests: { added: number; present: number; skipped: { reason: string; count: number }[] };
  /** What is different or has no counterpart, one sentence each. */
  notes: string[];
}

export interface MigrationOperations {
  /** InputError with what to do where a file cannot be read; then nothing was changed. */
  run(run: MigrationRun): Promise<MigrationReport>;
  /**
   * Looks for the earlier version's files beside an empty database; to be called once at the start.
   * InputError where there are some that cannot be read.
   */
  look(): Promise<MigrationOffer | null>;
  /** What was found, as long as there are no keys. */
  offer(): MigrationOffer | null;
}

export interface MigrationOffer {
  folder: string;
  keys: number;
  requests: number;
}

/** What becomes of keys' secrets in an export: left out, in clear, or sealed under a passphrase. */
export type ExportSecrets = "none" | "plain" | { passphrase: string };
/** How far something long is: rows, or bytes. */
export type Progress = (done: number, total: number) => void;

export interface ExportOptions {
  secrets: ExportSecrets;
  /** `keys`: upstreams, pools and keys alone. Default `all`. */
  lists?: "all" | "keys";
  /** Requests written, and all there are. */
  progress?: Progress;
}

export interface ImportOptions {
  /** Of a file whose secrets are sealed. */
  passphrase?: string | undefined;
  actor: Actor;
  /** Does and counts everything, and takes all of it back. */
  dryRun?: boolean;
  /** ConflictError where the file has more rows of logs: nobody is served while they are taken in. */
  maxRows?: number;
  progress?(progress: { step: "checked" | "taken in"; done: number; total: number; unit: string }): void;
}

/** What an import did; secrets are never in it. */
export interface TransferReport {
  /** How many, by list. */
  added: Record<string, number>;
  /** Those that were here already; `requests_in_statistics`: added again after a cleanup, and counted before it. */
  present: Record<string, number>;
  /** Rows that were left aside, with the reason; at most 1,000. */
  skipped: { place: string; reason: string }[];
  /** How many more there were. */
  skippedMore: number;
}

/** A backup in the data folder's `backups`. */
export interface KeptBackup {
  name: string;
  /** Epoch ms. */
  at: number;
  sizeBytes: number;
}

export interface TransferOperations {
  /**
   * The whole installation as one JSON document (docs/export.schema.json), piece by piece with flat memory. An export
   * with secrets is noted as a key event. InputError for a passphrase that cannot be used.
   */
  exportAll(options: ExportOptions & { actor: Actor }): Promise<AsyncGenerator<string>>;
  /**
   * Takes in a file: a full export (all of it or nothing), requests one a line as an archive has them, or keys in any
   * form that `keys.addMany` takes; packed by gzip or zstd too. InputError with the problem of each row.
   */
  importFile(path: string, options: ImportOptions): Promise<TransferReport>;
  /** The same for what comes in; it is written to a file in the data folder first. */
  importStream(chunks: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<TransferReport>;
  /** Writes a copy of the database into `backups` and keeps the newest `backup_keep` of them. ConflictError while one is written. */
  backUp(): Promise<KeptBackup>;
  /** Newest first. */
  backups(): KeptBackup[];
  /** One of them to be sent. NotFoundError; ConflictError for one that somebody put the secret key into. */
  keptBackup(name: string): Promise<{ name: string; sizeBytes: number; bytes: AsyncGenerator<Uint8Array> }>;
  /** A consistent copy of the database to be sent; its file is gone when the bytes were read or given up. */
  backupFile(): Promise<{ name: string; sizeBytes: number; bytes: AsyncGenerator<Uint8Array> }>;
}

/** What pages, API, commands and jobs all call: one noun each. */
export interface Operations {
  keys: KeyOperations;
  pools: PoolOperations;
  upstreams: UpstreamOperations;
  settings: SettingsOperations;
  logs: LogOperations;
  prompts: PromptOperations;
  cleanup: CleanupOperations;
  stats: StatsOperations;
  migration: MigrationOperations;
  transfer: TransferOperations;
}
