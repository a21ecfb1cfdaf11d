import type { Key, KeyEvent, KeyState, MinuteTotals, Page, Pool, RequestRecord, Upstream } from "../types.ts";

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
    insert(keys: StoredKey[], events: KeyEvent[]): Promise<void>;
    /** A StoredKey among them also replaces the secret: `sealedSecret` and `fingerprint`; of a Key both stay. */
    update(keys: (Key | StoredKey)[], events: KeyEvent[]): Promise<void>;
    /** Deletes states with them; logs and events stay. */
    delete(ids: string[], events: KeyEvent[]): Promise<void>;
    /** Ids by fingerprint, of those that exist; one of several where more upstreams have it. */
    findByFingerprint(fingerprints: string[]): Promise<Map<string, string>>;
    states(): Promise<KeyState[]>;
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
     * Newest first, by a cursor on (started_at, id). A page reads a bounded number of rows, so a rare filter or
     * text may give fewer than `limit`, even none, with a cursor that goes on. InputError for a bad cursor or limit.
     */
    list(query: LogQuery): Promise<Page<RequestRecord>>;
    get(id: string): Promise<RequestRecord | null>;
    /** One row a minute that had requests, oldest first: what the dashboard's memory starts from. */
    minutes(from: number, to: number): Promise<MinuteTotals[]>;
  };
  keyEvents: {
    insert(event: KeyEvent): Promise<void>;
    list(query: LogQuery): Promise<Page<KeyEvent>>;
  };
  /** Where round robin stood at the last batch; may name keys that are gone. */
  rotations(): Promise<Rotation[]>;
  /**
   * One transaction for all that the recorder gathered; after an error none of it is there, and the same batch may
   * be given again. States of keys that were deleted meanwhile are left out.
   */
  writeBatch(batch: RecordBatch): Promise<void>;
  /** Proof that the database is there and can be written (one small write); rejects with the reason. */
  checkWritable(): Promise<void>;
  close(): void;
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
  /** Text that must occur in id, model, error, or a key event's name or detail. */
  q?: string;
}

export interface RecordBatch {
  requests: RequestRecord[];
  keyStates: KeyState[];
  keyEvents: KeyEvent[];
  /** Where round robin stands, by rotation name, so that a restart goes on from there. */
  rotations: Rotation[];
}

export interface Rotation {
  name: string;
  keyId: string;
  used: number;
}
