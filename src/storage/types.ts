import type {
  Key,
  KeyEvent,
  KeyState,
  MinuteTotals,
  Page,
  Pool,
  Prompt,
  RequestRecord,
  Upstream,
} from "../types.ts";
import type { Sketch } from "./sketch.ts";
import type { ListName } from "./transfer-schema.ts";

/**
 * What the rest of the program may ask of storage. Everything returns promises though SQLite answers at once,
 * so that Postgres can take its place. Each method is one transaction: it happens wholly or not at all.
 */
export interface Storage {
  upstreams: {
    list(): Promise<Upstream[]>;
    insert(upstream: Upstream): Promise<void>;
    /** Making one the default takes it from the other. NotFoundError, ConflictError where the name is taken. */
    update(upstream: Upstream): Promise<void>;
    /** ConflictError while it has keys or is the default. */
    delete(id: string): Promise<void>;
  };
  pools: {
    list(): Promise<Pool[]>;
    insert(pool: Pool): Promise<void>;
    update(pool: Pool): Promise<void>;
    /** ConflictError while it has keys. */
    delete(id: string): Promise<void>;
  };
  keys: {
    list(): Promise<StoredKey[]>;
    /** All or nothing; a fingerprint that is there already is an error of the caller. */
    insert(keys: StoredKey[], events: KeyEvent[], durability?: Durability): Promise<void>;
    /** A StoredKey among them also replaces the secret: `sealedSecret` and `fingerprint`; of a Key both stay. */
    update(keys: (Key | StoredKey)[], events: KeyEvent[], durability?: Durability): Promise<void>;
    /** Deletes states with them; logs and events stay. */
    delete(ids: string[], events: KeyEvent[], durability?: Durability): Promise<void>;
    /** Ids by fingerprint, of those that exist; one of several where more upstreams have it. */
    findByFingerprint(fingerprints: string[]): Promise<Map<string, string>>;
    states(): Promise<KeyState[]>;
  };
  /** Of the playground. */
  prompts: {
    /** By name. */
    list(): Promise<Prompt[]>;
    get(id: string): Promise<Prompt | null>;
    /** ConflictError where the name is taken. */
    insert(prompt: Prompt): Promise<void>;
    /** NotFoundError, ConflictError where the name is taken. */
    update(prompt: Prompt): Promise<void>;
    /** NotFoundError. */
    delete(id: string): Promise<void>;
  };
  settings: {
    /** Raw stored values by name; those at their default are absent. */
    all(): Promise<Record<string, unknown>>;
    /** `null` removes one. An upstream given with it is updated in the same transaction (`api_endpoint`). */
    write(patch: Record<string, unknown>, event: KeyEvent | null, upstream?: Upstream): Promise<void>;
  };
  /** Small facts about this installation: `password_hash`, `session_secret`, `secret_key_check`. */
  facts: {
    get(name: string): Promise<string | null>;
    set(name: string, value: string): Promise<void>;
  };
  sessions: {
    insert(session: Session): Promise<void>;
    get(id: string): Promise<Session | null>;
    list(): Promise<Session[]>;
    touch(id: string, lastSeenAt: number): Promise<void>;
    delete(id: string): Promise<void>;
    deleteAll(): Promise<void>;
    deleteExpired(now: number): Promise<void>;
  };
  requestLogs: {
    /**
     * Newest first. A page looks for a bounded time, so a rare filter may give fewer than `limit`, even none, with a
     * cursor that goes on. InputError for a bad cursor or limit. Read by the storage worker, like every long read.
     */
    list(query: LogQuery): Promise<LogPage<RequestRecord>>;
    get(id: string): Promise<RequestRecord | null>;
    /** Epoch ms; rounded to whole hours, beyond a week to whole days. */
    facets(from: number, to: number): Promise<LogFacets>;
  };
  rollups: RollupStorage;
  keyEvents: {
    insert(event: KeyEvent): Promise<void>;
    list(query: LogQuery): Promise<LogPage<KeyEvent>>;
  };
  /** Which key's account has which file, batch, response …; outlives the key, so that it is known to be gone. */
  resourceOwners: {
    find(id: string, notBefore: number): Promise<ResourceOwner | null>;
    write(owners: ResourceOwner[]): Promise<void>;
    /** All that was last seen earlier, and the oldest beyond `most`. */
    forget(notBefore: number, most: number): Promise<void>;
  };
  /** Where round robin stood at the last batch; may name keys that are gone. */
  rotations(): Promise<Rotation[]>;
  /**
   * One transaction for all that the recorder gathered; after an error none of it is there, and the same batch may
   * be given again. States of keys that were deleted meanwhile are left out.
   */
  writeBatch(batch: RecordBatch): Promise<void>;
  /**
   * What comes from elsewhere, all in one transaction. Requests that are there already are left as they are. Writes
   * without a pause: while the program serves, nothing else happens meanwhile.
   */
  takeIn(load: Load, options: TakeInOptions): Promise<TakenIn>;
  maintenance: Maintenance;
  /** What it is kept in, with its version: "SQLite 3.51.0". */
  readonly engine: string;
  /** For an export or a backup, on a thread of its own; to be closed after it. */
  openDataReader(): DataReader;
  /** Proof that the database is there and can be written (one small write); rejects with the reason. */
  checkWritable(): Promise<void>;
  close(): void;
}

/**
 * `now` (default): on the disk when it returns. `later`: survives the death of the process, and a power cut as soon as
 * any later write is durable: for the slices of a long change, of which only the end is acknowledged.
 */
export type Durability = "now" | "later";

/** What `takeIn` takes. Everything in it is new, beside `settings` and requests. */
export interface Load {
  upstreams: Upstream[];
  /** Updated, not new. */
  defaultUpstream: Upstream | null;
  /** As `settings.write` takes them. */
  settings: Record<string, unknown>;
  facts: Record<string, string>;
  pools: Pool[];
  keys: StoredKey[];
  keyStates: KeyState[];
  keyEvents: KeyEvent[];
  /** Asked for row by row within the transaction; where it throws, nothing is taken. */
  requests: Iterable<RequestRecord>;
  /** Those that nothing names any more. */
  removedUpstreams?: string[];
  rotations?: Rotation[];
  /** Rows of long lists in any order, asked for like requests. */
  rows?: Iterable<LoadRow>;
  /** Whether requests among the rows are counted in the statistics, or the statistics among them are taken. */
  statistics?: "counted" | "taken";
}

export type LoadRow =
  | { list: "requests"; item: RequestRecord }
  | { list: "key_events"; item: KeyEvent }
  | { list: "resource_owners"; item: ResourceOwner }
  | { list: "statistics"; item: StatisticRow };

/** One bucket of the statistics; latencies as pairs of bin and count. */
export interface StatisticRow extends RollupCounts {
  bucketS: number;
  dimension: string;
  at: number;
  value: string;
  ttft: number[];
  duration: number[];
}

/** Of requests. */
export interface TakenIn {
  added: number;
  /** Left as they were. */
  present: number;
  /** Of the added ones: those that came back after a cleanup, which the statistics count already (thinned-days.ts). */
  countedBefore: number;
}

export interface TakeInOptions {
  /** The beginning of the day that an instant belongs to, epoch ms. */
  dayOf(ms: number): number;
  now: number;
  /** Does and counts everything, and takes all of it back. */
  dryRun?: boolean;
  /** After each few thousand requests. */
  progress?(requests: number): void;
}

/** Lists that may be long: they are read slice by slice, in an order that an import keeps. */
export type LongList = Extract<ListName, "resource_owners" | "key_events" | "statistics" | "requests">;
export type ExportCursor = (string | number)[];

/** Reads everything there is, while everybody goes on. */
export interface DataReader {
  /** All that is not long, as of one moment. */
  config(): Promise<ExportedConfig>;
  /** How many requests there are, and where the lists end at this moment. */
  ends(): Promise<{ rows: number; ends: Record<LongList, number | null> }>;
  /** @param end from `ends`. */
  rows(list: LongList, after: ExportCursor | null, end: number | null): Promise<ExportedRows>;
  /** A consistent copy as one file of mode 0600, which must not be there yet. It is on the disk when this settles. */
  copyTo(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface ExportedConfig {
  upstreams: Upstream[];
  pools: Pool[];
  keys: StoredKey[];
  states: KeyState[];
  settings: Record<string, unknown>;
  rotations: Rotation[];
}

export interface ExportedRows {
  /** Rows as JSON, with a comma and a line end between them. */
  text: string;
  rows: number;
  /** What the next call is to be given as `after`; null at the end. */
  next: ExportCursor | null;
}

/** By what statistics are told apart; `total` has the one value "". */
export type RollupDimension = "total" | "key" | "model" | "pool" | "upstream" | "outcome";

/** The length of a bucket in s: a minute, an hour, or a day of whatever length. */
export type RollupBucket = 60 | 3_600 | 86_400;

export interface RollupCounts {
  requests: number;
  /** Together the requests: ended `ok`, badly by our side or the upstream's, badly by the client's own doing. */
  successes: number;
  errors: number;
  clientErrors: number;
  attempts: number;
  /** Requests that ended `ok` after more than one attempt. */
  failovers: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  /** Requests whose tokens were estimated. */
  estimatedRequests: number;
  /** Requests whose cost is known, and those that cost something unknown. */
  pricedRequests: number;
  unpricedRequests: number;
  /** Of those whose cost is known. */
  costUsd: number;
}

interface RollupSums {
  counts: RollupCounts;
  /** Latencies in ms. */
  ttft: Sketch;
  duration: Sketch;
}
export interface RollupPoint extends RollupSums {
  /** As in `RollupGroup`. */
  value: string;
  /** Epoch ms at which the bucket begins. */
  at: number;
}
export interface RollupGroup extends RollupSums {
  /** An id, a model's name, an outcome; "" where a request had none. */
  value: string;
}
interface RollupRange {
  bucketS: RollupBucket;
  dimension: RollupDimension;
  /** Epoch ms, from inclusive, to exclusive: of the buckets' beginnings. */
  from: number;
  to: number;
}

export interface RollupPointsQuery {
  bucketS: RollupBucket;
  dimension: RollupDimension;
  values: string[];
  /** The buckets' beginnings, epoch ms. */
  starts: number[];
}
export interface RollupValuePoint extends Pick<RollupCounts, "attempts" | "successes" | "clientErrors"> {
  value: string;
  at: number;
}
export type RollupSeriesQuery = RollupRange & { values: readonly string[] };
/** With `values` those alone; without, the ones with the most requests. */
export type RollupGroupQuery = RollupRange & { limit: number; values?: readonly string[] };

/**
 * Sums over requests by the time of their beginning, written with the requests themselves, so that they always agree.
 * Reads see what was folded in.
 */
export interface RollupStorage {
  /**
   * Takes into the buckets what batches have brought. To be called every few seconds and before reading.
   * @param dayOf the beginning of the day (in whatever zone) that an instant belongs to, epoch ms.
   */
  fold(dayOf: (ms: number) => number): Promise<void>;
  /** The buckets of these values, oldest first; those without requests are absent. */
  series(query: RollupSeriesQuery): Promise<RollupPoint[]>;
  /** Buckets by name: point reads, so it costs the same however many other values there are. Absent: no requests. */
  points(query: RollupPointsQuery): Promise<RollupValuePoint[]>;
  /** The sums of each value over the range, most requests first. */
  groups(query: RollupGroupQuery): Promise<RollupGroup[]>;
  /** One row a minute that had requests, oldest first: what the dashboard's memory starts from. */
  minutes(from: number, to: number): Promise<MinuteTotals[]>;
  /** The beginning of the first day that has requests; null where none has. */
  oldest(): Promise<number | null>;
  /** Sums up a stretch of days that are long over, so that years are read quickly. Answers whether there was one. */
  makeBlock(now: number): Promise<boolean>;
  /** Deletes some of the minutes and hours that are too old to be kept. Answers how many: 0 when it is done. */
  prune(now: number): Promise<number>;
  /** Forgets all. */
  clear(): Promise<void>;
}

/**
 * What keeps the log in bounds, in small steps of the storage worker that batches never wait long for. Whoever calls
 * goes on until nothing is left, and rests between the steps.
 */
export interface Maintenance {
  /** Takes what batches brought into the log's indexes, and moves changes from the log of changes into the file. */
  upkeep(): Promise<{ isDone: boolean }>;
  /** Deletes the oldest requests before that time (epoch ms) or place, at most `rows`. */
  deleteRequests(before: LogBound, rows: number): Promise<Slice>;
  deleteKeyEvents(before: number, rows: number): Promise<Slice>;
  /** Gives at most `pages` free pages of the file back to the disk. */
  giveBackPages(pages: number): Promise<Slice>;
  facts(): Promise<DatabaseFacts>;
  /** Requests in the log before that time; many are counted by whole days. */
  countRequests(before: number): Promise<number>;
  /** Archives the next requests from the place `from` (0 at first) on; null where there are none. */
  archiveChunk(folder: string, from: number, before: number): Promise<ArchivedChunk | null>;
}

/** What the requests of a time may be filtered by, most requests first, at most 200 of each. */
export interface LogFacets {
  models: Facet[];
  /** Ids of keys that were tried. */
  keys: Facet[];
  outcomes: Facet[];
  /** Ids. */
  pools: Facet[];
}

export interface Facet {
  value: string;
  requests: number;
}

export type LogBound = { at: number } | { place: number };

export interface Slice {
  /** Rows or pages. */
  count: number;
  /** How long the lock was held. */
  tookMs: number;
}

export interface DatabaseFacts {
  sizeBytes: number;
  /** Of it what is free for new rows. */
  freeBytes: number;
  oldestRequestAt: number | null;
}

export interface ArchivedChunk {
  file: string;
  rows: number;
  /** Where the next chunk begins. */
  next: number;
}

export interface StoredKey extends Key {
  /** AES-256-GCM under the secret key (`secrets.ts`). */
  sealedSecret: Uint8Array;
  /** Keyed hash of the secret: finds duplicates, tells nothing. Unique for an upstream. */
  fingerprint: string;
}

export interface Session {
  id: string;
  createdAt: number;
  lastSeenAt: number;
  expiresAt: number;
  address: string;
  userAgent: string;
}

export interface LogQuery {
  /** `error`: requests whose outcome is not `ok`. Ignored for key events. */
  kind: "request" | "error" | "key_event";
  /** 1 to 500. */
  limit: number;
  cursor: string | null;
  keyId?: string;
  poolId?: string;
  model?: string;
  status?: number;
  outcome?: string;
  /** Epoch ms, from inclusive, to exclusive. */
  from?: number;
  to?: number;
  /**
   * Requests: words of an error message (the last may be a beginning), or part of the model's or a key's name, or the
   * id or its beginning. Key events: text that occurs in one of their fields.
   */
  q?: string;
}

export interface LogPage<Item> extends Page<Item> {
  /** Where the time to look was up before the page was full: epoch ms down to which all was looked at. Else null. */
  searchedTo: number | null;
}

export interface RecordBatch {
  requests: RequestRecord[];
  keyStates: KeyState[];
  keyEvents: KeyEvent[];
  /** Where round robin stands, by rotation name, so that a restart goes on from there. */
  rotations: Rotation[];
}

export interface ResourceOwner {
  id: string;
  keyId: string;
  /** When the key last made it or told of it, epoch ms. */
  seenAt: number;
}

export interface Rotation {
  name: string;
  keyId: string;
  used: number;
}
