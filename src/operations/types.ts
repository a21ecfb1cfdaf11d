import type { Settings } from "../settings.ts";
import type { LogQuery } from "../storage/types.ts";
import type {
  AuthStyle,
  KeyEvent,
  KeyStatus,
  KeyView,
  Outcome,
  Page,
  Pool,
  RequestRecord,
  Strategy,
  Upstream,
  UpstreamHealth,
} from "../types.ts";
import type { Preset } from "../upstream/presets.ts";

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
}

export interface KeyQuery {
  q?: string;
  status?: KeyStatus;
  poolId?: string;
  upstreamId?: string;
  tag?: string;
  /** Field, `-` before it for descending: `name`, `-request_count`, `created_at`, `status`, `last_used_at`. Default `created_at`. */
  sort?: string;
  /** 1 to 500, default 100. */
  limit?: number;
  cursor?: string;
}

export interface KeyOperations {
  list(query: KeyQuery): Promise<Page<KeyView>>;
  /** How many keys have each status; all statuses are present. */
  counts(): Record<KeyStatus, number>;
  get(id: string): Promise<KeyView>;
  /** ConflictError where this secret exists at the upstream already. */
  add(input: KeyInput, actor: Actor): Promise<KeyView>;
  /** Plain text with one key a line (empty lines and `#` comments are passed over), or a JSON array, or the earlier version's export. */
  addMany(text: string, shared: Omit<KeyInput, "secret" | "name">, actor: Actor): Promise<ImportReport>;
  edit(id: string, patch: KeyPatch, actor: Actor): Promise<KeyView>;
  /** Enabling also clears what an operator wants cleared by hand: strikes, ejection, invalid, no_credit, cooldowns. */
  setEnabled(ids: string[], enabled: boolean, actor: Actor): Promise<void>;
  /** Into another pool; null: into none. */
  move(ids: string[], poolId: string | null, actor: Actor): Promise<void>;
  remove(ids: string[], actor: Actor): Promise<void>;
  /** Clears cooldowns, strikes and condition. */
  reset(ids: string[], actor: Actor): Promise<void>;
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
  edit(id: string, patch: Partial<PoolInput>, actor: Actor): Promise<Pool>;
  /** ConflictError while it has keys. */
  remove(id: string, actor: Actor): Promise<void>;
}

export interface UpstreamInput {
  name: string;
  baseUrl: string;
  authStyle?: AuthStyle;
  isDefault?: boolean;
}
export type { Preset as UpstreamPreset } from "../upstream/presets.ts";
export interface UpstreamOperations {
  list(): Promise<(Upstream & { health: UpstreamHealth })[]>;
  get(id: string): Promise<Upstream & { health: UpstreamHealth }>;
  presets(): Preset[];
  add(input: UpstreamInput, actor: Actor): Promise<Upstream>;
  /** A changed base URL clears the conditions of its keys. */
  edit(id: string, patch: Partial<UpstreamInput>, actor: Actor): Promise<Upstream>;
  /** ConflictError while it has keys or is the default. */
  remove(id: string, actor: Actor): Promise<void>;
}

export interface SettingsOperations {
  current(): Settings;
  /** All or nothing; `api_endpoint` also becomes the default upstream's base URL. Answers what changed. */
  patch(patch: unknown, actor: Actor): Promise<{ settings: Settings; changed: string[] }>;
  /** Back to the defaults: those named, or all. */
  reset(names: string[] | "all", actor: Actor): Promise<Settings>;
}

export interface LogOperations {
  requests(query: LogQuery): Promise<Page<RequestRecord>>;
  request(id: string): Promise<RequestRecord>;
  keyEvents(query: LogQuery): Promise<Page<KeyEvent>>;
}

/** What pages, API, commands and jobs all call: one noun each. */
export interface Operations {
  keys: KeyOperations;
  pools: PoolOperations;
  upstreams: UpstreamOperations;
  settings: SettingsOperations;
  logs: LogOperations;
}
