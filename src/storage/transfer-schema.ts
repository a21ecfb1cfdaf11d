import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import { AUTH_STYLES, OUTCOMES, STRATEGIES } from "../types.ts";

/** What this program writes; a later version that cannot be read by this one counts on. */
export const FORMAT_NAME = "load-balancer";
export const FORMAT_VERSION = 1;

const LONGEST_TEXT = 100_000;
const LONGEST_NAME = 1_000;

const words = <const Word extends string>(list: readonly Word[]) =>
  Type.Union(
    list.map((word) => Type.Literal(word)),
    { description: `one of ${list.join(", ")}` },
  );
const orNull = <const Schema extends Parameters<typeof Type.Union>[0][number]>(schema: Schema) =>
  Type.Union([schema, Type.Null()], {
    description: `${schema.description ?? "a value"}, or null`,
    ...(schema.isTime === true && { isTime: true }),
  });
const row = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false });

const id = Type.String({ minLength: 1, maxLength: 200, description: "an id of 1 to 200 characters" });
const name = Type.String({
  maxLength: LONGEST_NAME,
  description: `text of at most ${LONGEST_NAME} characters`,
});
const text = Type.String({
  maxLength: LONGEST_TEXT,
  description: `text of at most ${LONGEST_TEXT} characters`,
});
const flag = Type.Boolean({ description: "true or false" });
const whole = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: "a whole number from 0 on",
});
const amount = Type.Number({ minimum: 0, description: "a number from 0 on" });
/** `isTime` is for the codecs: in memory a time is epoch ms. */
const time = Type.String({
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$",
  description: "a time such as 2026-01-31T12:00:00.000Z",
  isTime: true,
});
const outcome = words(OUTCOMES);

const upstream = row({
  id,
  name,
  base_url: Type.String({ maxLength: 2_048, description: "an http(s) address" }),
  auth_style: words(AUTH_STYLES),
  is_default: flag,
  created_at: time,
});

const pool = row({
  id,
  name,
  description: text,
  color: name,
  icon: name,
  strategy: orNull(words(STRATEGIES)),
  created_at: time,
});

const keyState = row({
  request_count: whole,
  success_count: whole,
  failure_count: whole,
  input_tokens: whole,
  output_tokens: whole,
  cost_usd: amount,
  strikes: whole,
  ejections: whole,
  unstated_limits: whole,
  daily_used: whole,
  daily_day: name,
  last_used_at: orNull(time),
  condition: orNull(
    row({
      status: words(["invalid", "no_credit", "ejected"]),
      reason: text,
      since: time,
      until: orNull(time),
    }),
  ),
  cooldowns: Type.Array(row({ model: orNull(name), until: time, reason: text, outcome })),
});

const key = row({
  id,
  name,
  masked_secret: name,
  /** In clear or sealed, as the head of the file says; absent where it was exported without. */
  secret: Type.Optional(Type.String({ maxLength: 4_000, description: "the key itself" })),
  pool_id: orNull(id),
  upstream_id: id,
  tags: Type.Array(name, { maxItems: 1_000, description: "a list of texts" }),
  weight: Type.Number({ description: "a number" }),
  priority: Type.Integer({ description: "a whole number" }),
  enabled: flag,
  daily_limit: orNull(whole),
  rpm_limit: orNull(whole),
  tpm_limit: orNull(whole),
  max_concurrency: orNull(whole),
  created_at: time,
  state: orNull(keyState),
});

const rotation = row({ name, key_id: id, used: whole });
const resourceOwner = row({ id: name, key_id: id, seen_at: time });

const keyEvent = row({
  id,
  at: time,
  event: name,
  key_id: orNull(id),
  key_name: orNull(name),
  detail: text,
  actor: name,
});

const statistic = row({
  bucket_s: Type.Union([Type.Literal(60), Type.Literal(3_600), Type.Literal(86_400)], {
    description: "60, 3600 or 86400",
  }),
  dimension: words(["total", "key", "model", "pool", "upstream", "outcome"]),
  at: time,
  value: name,
  requests: whole,
  successes: whole,
  errors: whole,
  client_errors: whole,
  attempts: whole,
  failovers: whole,
  input_tokens: whole,
  output_tokens: whole,
  cached_tokens: whole,
  reasoning_tokens: whole,
  estimated_requests: whole,
  priced_requests: whole,
  unpriced_requests: whole,
  cost_usd: amount,
  /** Latencies: bin, count, bin, count … of a DDSketch with a relative accuracy of 1 %. */
  ttft: Type.Array(Type.Integer(), { maxItems: 10_000, description: "pairs of bin and count" }),
  duration: Type.Array(Type.Integer(), { maxItems: 10_000, description: "pairs of bin and count" }),
});

const attempt = row({
  key_id: name,
  upstream_id: name,
  started_at: time,
  wait_ms: whole,
  duration_ms: whole,
  status: orNull(whole),
  outcome,
  chosen_because: text,
  error: orNull(text),
});

const request = row({
  id,
  started_at: time,
  endpoint: text,
  model: orNull(text),
  served_model: orNull(text),
  stream: flag,
  pool_id: orNull(name),
  client_address: name,
  user_agent: text,
  status: whole,
  outcome: name,
  ttft_ms: orNull(whole),
  duration_ms: whole,
  input_tokens: orNull(whole),
  output_tokens: orNull(whole),
  cached_tokens: orNull(whole),
  reasoning_tokens: orNull(whole),
  usage_source: words(["upstream", "estimated", "none"]),
  cost_usd: orNull(amount),
  request_bytes: whole,
  response_bytes: whole,
  error: orNull(text),
  attempts: Type.Array(attempt, { maxItems: 20_000, description: "a list of attempts" }),
});

/** The lists of a full export in their order: what others point at comes first, what may be long comes last. */
export const LIST_SCHEMAS = {
  upstreams: upstream,
  pools: pool,
  keys: key,
  rotations: rotation,
  resource_owners: resourceOwner,
  key_events: keyEvent,
  statistics: statistic,
  requests: request,
} satisfies Record<string, TObject>;
export type ListName = keyof typeof LIST_SCHEMAS;

const sealedSecrets = row({
  kdf: Type.Literal("scrypt"),
  n: Type.Integer({ minimum: 2, maximum: 2 ** 20 }),
  r: Type.Integer({ minimum: 1, maximum: 32 }),
  p: Type.Integer({ minimum: 1, maximum: 16 }),
  salt: Type.String({ maxLength: 200, description: "base64url" }),
  cipher: Type.Literal("aes-256-gcm", {
    description:
      "each secret is base64 of: the byte 1 (also the additional data), 12 bytes of nonce, the ciphertext, 16 bytes of tag; the key is scrypt(passphrase in UTF-8 and NFC, salt) of 32 bytes",
  }),
  /** The word "load-balancer", sealed like a secret: tells a wrong passphrase. */
  check: Type.String({ maxLength: 200, description: "base64" }),
});

export const HEAD_SCHEMA = row({
  format: Type.Literal(FORMAT_NAME, { description: `"${FORMAT_NAME}"` }),
  version: Type.Literal(FORMAT_VERSION, { description: String(FORMAT_VERSION) }),
  program: name,
  exported_at: time,
  secrets: Type.Union([Type.Literal("none"), Type.Literal("plain"), sealedSecrets], {
    description: "none, plain, or how they are sealed",
  }),
  settings: Type.Record(Type.String(), Type.Unknown(), { description: "an object of names and values" }),
});
export type ExportHead = Static<typeof HEAD_SCHEMA>;

/** The whole document, for `docs/export.schema.json`. */
export function exportSchema(): Record<string, unknown> {
  const lists = Object.fromEntries(
    Object.entries(LIST_SCHEMAS).map(([list, items]) => [list, Type.Optional(Type.Array(items))]),
  );
  const document = Type.Object({ ...HEAD_SCHEMA.properties, ...lists }, { additionalProperties: false });
  const plain = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Load Balancer: full export",
    ...withoutMarks(plain),
  };
}

function withoutMarks<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutMarks) as Value;
  const entries = Object.entries(value).filter(([name]) => name !== "isTime");
  return Object.fromEntries(entries.map(([name, inner]) => [name, withoutMarks(inner)])) as Value;
}
