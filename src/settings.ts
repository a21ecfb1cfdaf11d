import { modelPrices } from "./price-setting.ts";
import { aliasLines, fallbackLines } from "./setting-lines.ts";
import {
  aliasTarget,
  type BaseUrlCheck,
  boolean,
  HiddenText,
  int,
  isHidden,
  map,
  oneOf,
  optional,
  origins,
  Problem,
  type SettingType,
  schedule,
  secret,
  substitutes,
  target,
  timeZone,
  url,
} from "./setting-types.ts";
import { InputError, STRATEGIES } from "./types.ts";

/** How the Settings page groups them, in its order. */
export const SETTING_GROUPS = {
  upstream: "Upstream",
  choice: "Choosing a key",
  models: "Models",
  failures: "When a request fails",
  timeouts: "Timeouts",
  limits: "Limits",
  logs: "Request log",
  backups: "Backups",
  alerts: "Alerts",
  appearance: "Appearance",
} as const;
type SettingGroup = keyof typeof SETTING_GROUPS;

interface Row<T> {
  group: SettingGroup;
  type: SettingType<T>;
  default: NoInfer<T>;
  /** For the Settings page and the API's description. */
  help: string;
  /** For the API's description, where the value has a form of its own: an example. */
  json?: string;
  /** The version of the program that brought it. */
  since: string;
}
const row = <T>(definition: Row<T>): Row<T> => definition;

const MAX_TIMEOUT_MS = 3_600_000;

/** Every setting: page, API, their checks and the type `Settings` are made from this table. */
const table = {
  api_endpoint: row({
    group: "upstream",
    type: url(),
    default: "https://generativelanguage.googleapis.com/v1beta/openai",
    help: "Base URL of the default upstream: requests and the keys of that upstream are sent there.",
    since: "1.0.0",
  }),
  strategy: row({
    group: "choice",
    type: oneOf(STRATEGIES),
    default: "round_robin",
    help: "How one of the available keys is chosen for a request, where its pool has no strategy of its own.",
    since: "1.0.0",
  }),
  rotation_request_count: row({
    group: "choice",
    type: int(1, 1000, "requests"),
    default: 5,
    help: "How many requests round robin sends over one key before it moves on to the next.",
    since: "1.0.0",
  }),
  max_failure_count: row({
    group: "failures",
    type: int(1, 100, "failures"),
    default: 3,
    help: "After how many failures in a row a key is set aside for a while; it comes back by itself.",
    since: "1.0.0",
  }),
  rate_limit_cooldown_s: row({
    group: "failures",
    type: int(1, 86_400, "s"),
    default: 60,
    help: "How long a rate-limited key rests when the upstream states no time.",
    since: "1.0.0",
  }),
  max_key_switches: row({
    group: "failures",
    type: int(0, 10_000, "attempts"),
    default: 100,
    help: "How many other keys one request may try when the failure was the key's own, such as a rate limit.",
    since: "1.0.0",
  }),
  max_retries: row({
    group: "failures",
    type: int(0, 10, "attempts"),
    default: 3,
    help: "How many further attempts follow a failure of the host: a 5xx answer, a lost connection, a timeout.",
    since: "1.0.0",
  }),
  retry_deadline_ms: row({
    group: "failures",
    type: int(0, MAX_TIMEOUT_MS, "ms"),
    default: 30_000,
    help: "No new attempt begins later than this after the request came.",
    since: "1.0.0",
  }),
  failover_delay_ms: row({
    group: "failures",
    type: int(0, 10_000, "ms"),
    default: 0,
    help: "How long a request waits before it goes to another key; other requests don't wait with it.",
    since: "1.0.0",
  }),
  model_aliases: row({
    group: "models",
    type: map(aliasTarget, aliasLines),
    default: {},
    help: "Other names for models: who asks for the one is served the other, at one upstream alone where it is named.",
    json: '{"asked": "served"}, or {"asked": {"model": "served", "upstream": "NAME"}}',
    since: "1.0.0",
  }),
  model_fallbacks: row({
    group: "models",
    type: map(substitutes, fallbackLines),
    default: {},
    help: "Models that serve instead, in this order, while every key for a model is out.",
    json: '{"model": ["other", "another"]}',
    since: "1.0.0",
  }),
  key_probe_interval_s: row({
    group: "failures",
    type: int(0, 86_400, "s"),
    default: 300,
    help: "How long an invalid key, or one without credit, is left alone before it is tried again; then twice as long each time, up to a day. 0: never.",
    since: "1.0.0",
  }),
  queue_timeout_ms: row({
    group: "choice",
    type: int(0, 600_000, "ms"),
    default: 2_000,
    help: "How long a request may wait for a key that comes free; where none does within this time, it is told at once.",
    since: "1.0.0",
  }),
  queue_size: row({
    group: "choice",
    type: int(0, 100_000, "requests"),
    default: 1_000,
    help: "How many requests may wait for a key at once.",
    since: "1.0.0",
  }),
  connect_timeout_ms: row({
    group: "timeouts",
    type: int(1, MAX_TIMEOUT_MS, "ms"),
    default: 10_000,
    help: "Longest wait for a connection to the upstream: name, connection and TLS.",
    since: "1.0.0",
  }),
  first_byte_timeout_ms: row({
    group: "timeouts",
    type: int(1, MAX_TIMEOUT_MS, "ms"),
    default: 600_000,
    help: "Longest wait for the beginning of an answer; models that reason may think for minutes.",
    since: "1.0.0",
  }),
  stream_first_byte_timeout_ms: row({
    group: "timeouts",
    type: int(1, MAX_TIMEOUT_MS, "ms"),
    default: 120_000,
    help: "The same, where the client asked for a stream.",
    since: "1.0.0",
  }),
  idle_stream_timeout_ms: row({
    group: "timeouts",
    type: int(1, MAX_TIMEOUT_MS, "ms"),
    default: 120_000,
    help: "Longest silence within an answer before it counts as broken off.",
    since: "1.0.0",
  }),
  max_request_body_bytes: row({
    group: "limits",
    type: int(1, 1_073_741_824, "bytes"),
    default: 67_108_864,
    help: "Largest JSON body that a client may send.",
    since: "1.0.0",
  }),
  max_upload_bytes: row({
    group: "limits",
    type: int(1, 8 * 1024 ** 3, "bytes"),
    default: 536_870_912,
    help: "Largest file or form that a client may send; it is passed on as it comes, so it takes no memory.",
    since: "1.0.0",
  }),
  cors_allowed_origins: row({
    group: "limits",
    type: origins(),
    default: "",
    help: "Web pages of these origins may use the proxy from a browser; * for any page. Empty: none.",
    json: '"https://app.example.com, https://chat.example.org"',
    since: "1.0.0",
  }),
  client_requests_per_minute: row({
    group: "limits",
    type: int(0, 1_000_000, "requests"),
    default: 0,
    help: "How many requests within a minute one client address may send; 0 for no limit.",
    since: "1.0.0",
  }),
  model_prices: row({
    group: "models",
    type: modelPrices(),
    default: {},
    help: "Your own prices, by model, in USD for a million tokens. For other models the list prices of known providers are used.",
    json: '{"my-model": {"input": 0.5, "cached_input": 0.1, "output": 2}}',
    since: "1.0.0",
  }),
  daily_reset_time_zone: row({
    group: "limits",
    type: timeZone(),
    default: "UTC",
    help: "At midnight in this time zone the daily counts of the keys begin anew.",
    since: "1.0.0",
  }),
  default_daily_limit: row({
    group: "limits",
    type: optional(int(1, 1_000_000_000, "requests")),
    default: null,
    help: "Daily limit of keys that have none of their own; empty for no limit.",
    since: "1.0.0",
  }),
  log_retention_days: row({
    group: "logs",
    type: int(0, 36_500, "days"),
    default: 30,
    help: "How long requests and key events are kept; older ones are deleted at night. 0 keeps them for ever.",
    since: "1.0.0",
  }),
  log_max_size_mb: row({
    group: "logs",
    type: int(0, 100_000_000, "MB"),
    default: 2_048,
    help: "How large the database may become; beyond it the oldest requests are deleted. 0 for no bound.",
    since: "1.0.0",
  }),
  archive_before_delete: row({
    group: "logs",
    type: boolean(),
    default: false,
    help: "Requests are written to a compressed file a day in the data folder's archive before they are deleted.",
    since: "1.0.0",
  }),
  log_bodies: row({
    group: "logs",
    type: boolean(),
    default: false,
    help: "Keeps what clients send and get on the request's page: headers, JSON and streamed text, a body cut at 64 KiB. Keys and cookies are taken out, all else stays: whatever people write can be read by every administrator, and is in the backups, until the request is deleted.",
    since: "1.0.0",
  }),
  backup_schedule: row({
    group: "backups",
    type: optional(schedule()),
    default: null,
    help: "When a copy of the database is written to the data folder's backups: a cron expression in the time zone of daily_reset_time_zone, such as 0 4 * * * for 4:00 each night; empty for never. The secret key is not in it.",
    since: "1.0.0",
  }),
  backup_keep: row({
    group: "backups",
    type: int(1, 1_000, "backups"),
    default: 7,
    help: "How many of those copies are kept; the oldest go first.",
    since: "1.0.0",
  }),
  alert_webhook_url: row({
    group: "alerts",
    type: optional(target()),
    default: null,
    help: "Gets a JSON message when a key fails for good, when few keys are left, when many requests fail or storage does; and one more when that is over.",
    since: "1.0.0",
  }),
  alert_webhook_secret: row({
    group: "alerts",
    type: optional(secret(8, 500)),
    default: null,
    help: "Signs the messages: x-lb-signature is sha256= and the HMAC-SHA256 of x-lb-timestamp, a dot and the body.",
    since: "1.0.0",
  }),
  alert_min_usable_keys: row({
    group: "alerts",
    type: int(0, 100_000, "keys"),
    default: 1,
    help: "With fewer usable keys than this a message is sent; 0 for none.",
    since: "1.0.0",
  }),
  alert_error_rate_percent: row({
    group: "alerts",
    type: int(0, 100, "%"),
    default: 50,
    help: "When more than this share of at least 20 requests failed within 5 minutes, a message is sent; 0 for none.",
    since: "1.0.0",
  }),
  theme: row({
    group: "appearance",
    type: oneOf(["auto", "light", "dark"]),
    default: "auto",
    help: "Colours of these pages; auto follows the device.",
    since: "1.0.0",
  }),
};

export type SettingName = keyof typeof table;
type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;
export type Settings = {
  readonly [Name in SettingName as CamelCase<Name>]: (typeof table)[Name] extends Row<infer T> ? T : never;
};

export interface SettingRow {
  /** As API, form and storage name it. */
  name: SettingName;
  /** As `Settings` names it. */
  property: keyof Settings;
  group: SettingGroup;
  type: SettingType<unknown>;
  default: Settings[keyof Settings];
  help: string;
  json?: string;
  since: string;
}

export const settingRows: readonly SettingRow[] = Object.entries(table).map(([name, definition]) => ({
  ...definition,
  name: name as SettingName,
  property: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof Settings,
}));

export const defaultSettings: Settings = Object.freeze(
  Object.fromEntries(
    settingRows.map((setting) => [setting.property, setting.default]),
  ) as unknown as Settings,
);

/**
 * Reads a change as the API or a form sends it, by snake_case names; null and "" go back to the default.
 * @throws InputError with the problem of each field, unknown names among them; then nothing is to be changed.
 */
export function parseSettingsPatch(patch: unknown, checkBaseUrl?: BaseUrlCheck): Partial<Settings> {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) {
    throw new InputError("Settings are changed by a JSON object of names and values.");
  }
  const { values, problems } = readSettings(patch as Record<string, unknown>, checkBaseUrl);
  if (Object.keys(problems).length > 0) {
    throw new InputError("Some settings have a value that cannot be used; nothing was changed.", problems);
  }
  return values;
}

/** Flat, by snake_case names, as the API shows them. */
export function toJson(settings: Partial<Settings>): Record<string, unknown> {
  const present = settingRows.filter(({ property }) => settings[property] !== undefined);
  return Object.fromEntries(present.map(({ name, property }) => [name, settings[property]]));
}

/** What storage keeps of a change: a value at its default is removed (null), so that a new default takes hold. */
export function toStored(patch: Partial<Settings>): Record<string, unknown> {
  const json = toJson(patch);
  for (const { name, default: atDefault } of settingRows) {
    const value = json[name];
    if (sameValue(value, atDefault)) json[name] = null;
    else if (value instanceof HiddenText) json[name] = value.reveal();
  }
  return json;
}

/** Whether two values of a setting say the same: maps by what is in them; of two secrets nobody can see it. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one instanceof HiddenText || other instanceof HiddenText) return false;
  const areObjects = typeof one === "object" && typeof other === "object";
  return areObjects && JSON.stringify(one) === JSON.stringify(other);
}

export interface LiveSettings {
  /** Never changes in itself: whoever keeps it for a request sees one state to the end. */
  readonly current: Settings;
  /** Stored names whose value can't be used any more, or that this version doesn't know: defaults hold. */
  readonly ignored: readonly string[];
  replace(next: Settings): void;
  /** Called after each change; answers a function that ends it. */
  onChange(listener: (next: Settings, previous: Settings) => void): () => void;
}

/** @param stored raw values by snake_case name, as `Storage.settings.all()` gives them. */
export function createSettings(stored: Record<string, unknown>, checkBaseUrl?: BaseUrlCheck): LiveSettings {
  const { values, problems } = readSettings(stored, checkBaseUrl);
  const listeners = new Set<(next: Settings, previous: Settings) => void>();
  let current: Settings = Object.freeze({ ...defaultSettings, ...values });
  return {
    get current() {
      return current;
    },
    ignored: Object.keys(problems),
    replace(next) {
      const previous = current;
      current = Object.freeze({ ...next });
      for (const listener of listeners) listener(current, previous);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function readSettings(
  input: Record<string, unknown>,
  checkBaseUrl?: BaseUrlCheck,
): { values: Partial<Settings>; problems: Record<string, string> } {
  const byName = new Map<string, SettingRow>(settingRows.map((setting) => [setting.name, setting]));
  const values: Partial<Record<keyof Settings, unknown>> = {};
  const problems: [string, string][] = [];
  for (const [name, given] of Object.entries(input)) {
    const setting = byName.get(name);
    if (setting === undefined) {
      problems.push([name, "there is no such setting"]);
      continue;
    }
    if (setting.type.isSecret === true && isHidden(given)) continue;
    const value = given === null || given === "" ? setting.default : setting.type.read(given, checkBaseUrl);
    if (value instanceof Problem) problems.push([name, value.text]);
    else values[setting.property] = value;
  }
  return { values: values as Partial<Settings>, problems: Object.fromEntries(problems) };
}
