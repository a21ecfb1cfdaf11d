import { type TSchema, t } from "elysia";
import { AUTH_STYLES, KEY_STATUSES, OUTCOMES, STRATEGIES } from "../../types.ts";

/**
 * What the API answers. The handlers' types are made from these shapes, so that an answer and what is said of it
 * cannot drift apart. A shape with an `$id` has a name of its own in the API's description.
 */

const text = (description: string) => t.String({ description });
const count = (description: string) => t.Integer({ minimum: 0, description });
const number = (description: string) => t.Number({ description });
const yesNo = (description: string) => t.Boolean({ description });
const time = (description: string) => t.String({ format: "date-time", description });
const orNull = <Schema extends TSchema>(schema: Schema) =>
  t.Union([schema, t.Null()], { description: schema.description });
const oneOf = <const Name extends string>(names: readonly Name[], description: string) =>
  t.Union(
    names.map((name) => t.Literal(name)),
    { description },
  );
const list = <Schema extends TSchema>(schema: Schema, description: string) =>
  t.Array(schema, { description });

const limit = (of: string) => orNull(count(`${of}; null: no limit`));

export const keyAnswer = t.Object(
  {
    id: text("its id"),
    name: text("what people call it"),
    masked_secret: text("beginning and end of the secret, which is never shown whole"),
    pool_id: orNull(text("the pool that it is in, null: none")),
    upstream_id: text("the upstream that it belongs to"),
    tags: list(t.String(), "labels to find it by"),
    weight: count("its share under the strategy weighted"),
    priority: count("the lower number is used first"),
    enabled: yesNo("false: a person switched it off"),
    status: oneOf(KEY_STATUSES, "what it can do now"),
    status_reason: text("one sentence: what happened and what comes next"),
    cooldown_until: orNull(time("when it comes back by time alone")),
    cooldowns: list(
      t.Object({
        model: orNull(text("the model that the limit holds for, null: all")),
        until: time("when it ends"),
        reason: text("what the upstream said"),
      }),
      "limits in force",
    ),
    in_flight: count("requests that it serves now"),
    daily_limit: limit("requests a day"),
    daily_used: count("requests of today"),
    rpm_limit: limit("requests a minute"),
    tpm_limit: limit("tokens a minute"),
    max_concurrency: limit("requests at once"),
    request_count: count("attempts on it"),
    success_count: count("attempts that ended well"),
    failure_count: count("attempts that failed by its own or its host's fault"),
    input_tokens: count("tokens read"),
    output_tokens: count("tokens written"),
    cost_usd: number("what they cost, as far as prices are known"),
    strikes: count("failures in a row"),
    last_used_at: orNull(time("when it was last used")),
    created_at: time("when it was added"),
  },
  { $id: "Key" },
);

export const exportAnswer = list(
  t.Object({
    name: text("what people call it"),
    secret: t.Optional(text("where secrets are asked for")),
    masked_secret: t.Optional(text("beginning and end of the secret, where they are not")),
    pool_id: orNull(text("the pool that it is in, null: none")),
    pool: orNull(text("that pool's name")),
    upstream_id: text("the upstream that it belongs to"),
    upstream: text("that upstream's name"),
    tags: list(t.String(), "labels to find it by"),
    weight: count("its share under the strategy weighted"),
    priority: count("the lower number is used first"),
    enabled: yesNo("false: a person switched it off"),
    daily_limit: limit("requests a day"),
    rpm_limit: limit("requests a minute"),
    tpm_limit: limit("tokens a minute"),
    max_concurrency: limit("requests at once"),
  }),
  "all keys",
);

export const poolAnswer = t.Object(
  {
    id: text("its id"),
    name: text("its name, in x-lb-pool and /pools/NAME/v1"),
    description: text("what it is for"),
    color: text("a colour as #rrggbb"),
    icon: text("the name of an icon, or empty"),
    strategy: orNull(oneOf(STRATEGIES, "how a key of it is chosen; null: the global strategy")),
    created_at: time("when it was added"),
  },
  { $id: "Pool" },
);

export const promptAnswer = t.Object(
  {
    id: text("its id"),
    name: text("what people call it"),
    text: text("what is asked"),
    system: text("the system prompt, or empty"),
    model: text("the model that is asked, or empty"),
    parameters: t.Object(
      {},
      { additionalProperties: true, description: "further fields of the request's body" },
    ),
    created_at: time("when it was saved"),
    last_used_at: orNull(time("when it was last asked in the playground")),
  },
  { $id: "Prompt" },
);

const authStyle = oneOf(AUTH_STYLES, "how the upstream wants its key");

export const upstreamAnswer = t.Object(
  {
    id: text("its id"),
    name: text("what people call it"),
    base_url: text("where requests are sent"),
    auth_style: authStyle,
    is_default: yesNo("keys without an upstream go to this one"),
    created_at: time("when it was added"),
    health: t.Object(
      {
        breaker: oneOf(["closed", "open", "half_open"], "open: the host has a pause, half_open: it is tried"),
        open_until: orNull(time("the next trial")),
        failures_in_a_row: count("failures of the host since the last success"),
        last_failure: orNull(text("what the last one was")),
      },
      { description: "the host's trouble, which never changes a key's status" },
    ),
  },
  { $id: "Upstream" },
);

export const presetAnswer = t.Object(
  {
    name: text("the provider"),
    base_url: text("its base URL"),
    auth_style: authStyle,
    keys_url: orNull(text("where keys are made")),
  },
  { $id: "Preset" },
);

export const explanationAnswer = t.Object(
  {
    strategy: oneOf(STRATEGIES, "the strategy in force"),
    chosen_key_id: orNull(text("the key that a request would get now")),
    chosen_because: orNull(text("why this one")),
    refusal: orNull(
      t.Object(
        {
          code: text("the error that a client would get"),
          message: text("what it would be told"),
          retry_after_ms: orNull(count("the true wait")),
        },
        { description: "null where a key can be had" },
      ),
    ),
    keys: list(
      t.Object({
        id: text("the key's id"),
        name: text("the key's name"),
        chosen: yesNo("the one that would be chosen"),
        usable: yesNo("could serve this request now"),
        reason: text("one sentence: why, or why not"),
        until: orNull(time("when it comes back by time alone")),
      }),
      "the chosen one first, then those that could serve, then the others; at most 500",
    ),
    total_keys: count("how many keys were looked at"),
  },
  { $id: "Explanation" },
);

const requestFields = {
  id: text("the id that the client got as x-request-id"),
  started_at: time("when it came"),
  endpoint: text("the path below the base URL"),
  model: orNull(text("the model that was asked for")),
  served_model: orNull(text("the model that answered")),
  stream: yesNo("the client asked for a stream"),
  pool_id: orNull(text("the pool that it was limited to")),
  client_address: text("who asked"),
  user_agent: text("with what"),
  status: count("the HTTP status that the client got"),
  outcome: text("what it meant: one of the outcomes of attempts, or the code of the proxy's own error"),
  ttft_ms: orNull(number("until the first content byte")),
  duration_ms: number("until the end"),
  input_tokens: orNull(count("tokens read")),
  output_tokens: orNull(count("tokens written")),
  cached_tokens: orNull(count("of the tokens read, those from a cache")),
  reasoning_tokens: orNull(count("of the tokens written, those of reasoning")),
  usage_source: oneOf(["upstream", "estimated", "none"], "who counted the tokens"),
  cost_usd: orNull(number("null: not known")),
  request_bytes: count("size of the request's body"),
  response_bytes: count("size of the answer's body"),
  error: orNull(text("one sentence")),
  attempts: list(
    t.Object(
      {
        key_id: text("the key that was tried"),
        upstream_id: text("where it was tried"),
        started_at: time("when it began"),
        wait_ms: number("since the attempt before ended, or since the request came"),
        duration_ms: number("how long it took"),
        status: orNull(count("null: no status line came")),
        outcome: oneOf(OUTCOMES, "what the answer meant"),
        chosen_because: text("why this key"),
        error: orNull(text("one sentence, without secrets")),
      },
      { $id: "Attempt" },
    ),
    "every upstream call, in order",
  ),
};

export const requestAnswer = t.Object(requestFields, { $id: "Request" });

const keptHeaders = (description: string) =>
  orNull(t.Array(t.Object({ name: text("in lower case"), value: text("its value") }), { description }));

export const wholeRequestAnswer = t.Object(
  {
    ...requestFields,
    request_body: orNull(text("what the client sent, without keys; null: not kept (the setting log_bodies)")),
    request_body_is_cut: yesNo("only its first 64 KiB are kept"),
    response_body: orNull(text("what was answered, unpacked, without keys; null: not kept")),
    response_body_is_cut: yesNo("only its first 64 KiB are kept"),
    request_headers: keptHeaders("what the client sent, without credentials; null: not kept"),
    response_headers: keptHeaders("what the client got, without credentials; null: not kept"),
  },
  { $id: "WholeRequest" },
);

export const keyEventAnswer = t.Object(
  {
    id: text("its id"),
    at: time("when it happened"),
    event: text("what happened: added, cooled, disabled, settings_changed, logged_in …"),
    key_id: orNull(text("the key")),
    key_name: orNull(text("the key's name then")),
    detail: text("one sentence"),
    actor: text("admin, api or pool"),
  },
  { $id: "KeyEvent" },
);

const percentiles = (what: string) =>
  t.Object(
    {
      p50: orNull(number("half were quicker")),
      p95: orNull(number("95 of 100 were quicker")),
      p99: orNull(number("99 of 100 were quicker")),
    },
    { description: what },
  );

const sums = {
  requests: count("all that ended"),
  successes: count("ended well"),
  errors: count("ended badly by an upstream's or this program's side"),
  client_errors: count("ended badly by the client's own doing"),
  attempts: count("upstream calls"),
  failovers: count("ended well after more than one attempt"),
  input_tokens: count("tokens read"),
  output_tokens: count("tokens written"),
  cached_tokens: count("of the tokens read, those from a cache"),
  reasoning_tokens: count("of the tokens written, those of reasoning"),
  estimated_requests: count("requests whose tokens were estimated"),
  unpriced_requests: count("requests whose cost is not known"),
  cost_usd: orNull(number("of the requests whose cost is known; null: of none")),
  ttft_ms: percentiles("until the first content byte"),
  duration_ms: percentiles("until the end"),
};

export const statsAnswer = t.Object(
  {
    from: time("inclusive; whole buckets, so it may lie before what was asked"),
    to: time("exclusive"),
    bucket_s: t.Integer({ minimum: 60, description: "60, 3600 or 86400; a day may have 23 or 25 hours" }),
    totals: t.Object(sums, { $id: "Sums", description: "of the whole range" }),
    series: list(
      t.Object({ at: time("the bucket's beginning"), ...sums }),
      "every bucket, those without requests too",
    ),
    groups: list(
      t.Object({ id: text("what it is grouped by"), label: text("its name"), ...sums }),
      "most requests first, at most 200; empty without group_by",
    ),
  },
  { $id: "Stats" },
);

const facets = (what: string) =>
  list(t.Object({ value: t.String(), requests: count("how many it has") }), what);

export const facetsAnswer = t.Object({
  models: facets("models that were asked for"),
  keys: facets("ids of keys that were tried"),
  outcomes: facets("how requests ended"),
  pools: facets("ids of pools"),
});

export const cleanupReportAnswer = t.Object({
  size_bytes: count("of the database"),
  free_bytes: count("inside it, without content"),
  oldest_request_at: orNull(time("of the log")),
  deletable_requests: count("that a cleanup would delete"),
  freeable_bytes: count("that it would free, roughly"),
});

export const cleanupAnswer = t.Object({
  deleted_requests: count("rows of the request log"),
  deleted_key_events: count("rows of the keys' history"),
  archived_requests: count("rows that are in an archive now"),
  archive_files: list(t.String(), "names in the data folder's archive"),
  freed_bytes: count("by which the database became smaller"),
  duration_ms: number("how long it took"),
});

export const monitoringAnswer = t.Object(
  {
    at: time("now"),
    version: text("of the program"),
    uptime_s: count("since the start"),
    keys: t.Object({
      total: count("all keys"),
      usable: count("those that are available"),
      by_status: t.Object(Object.fromEntries(KEY_STATUSES.map((status) => [status, count("keys")]))),
    }),
    requests: t.Object({
      in_flight: count("running now"),
      last_minute: count("ended in the last 60 s"),
      today: count("since midnight in daily_reset_time_zone"),
      errors_today: count("of them ended badly, by no fault of the client"),
      failovers_today: count("of them ended well after more than one attempt"),
    }),
    tokens: t.Object({ input_today: count("read"), output_today: count("written") }),
    cost_usd_today: orNull(number("of the requests whose cost is known; null: of none")),
    ttft_ms: t.Object({
      p50: orNull(number("half were quicker")),
      p95: orNull(number("95 of 100 were quicker")),
    }),
    minutes: list(
      t.Object({
        at: time("its beginning"),
        requests: count("all"),
        errors: count("ended badly"),
        failovers: count("ended well after more than one attempt"),
        input_tokens: count("read"),
        output_tokens: count("written"),
      }),
      "the last 60, oldest first",
    ),
    last_failures: list(
      t.Object({
        at: time("when"),
        request_id: text("of the request log"),
        key_id: text("the key that was tried"),
        model: orNull(text("the model that was asked for")),
        status: orNull(count("null: no status line came")),
        outcome: text("what the answer meant"),
        reason: text("one sentence"),
        served_by_key_id: orNull(text("the key that answered then; null: none")),
      }),
      "failed attempts, newest first, at most 20",
    ),
    recorder: t.Object({
      queued: count("records that wait to be written"),
      dropped: count("records that were lost because too many waited"),
      last_error: orNull(text("of writing")),
    }),
  },
  { $id: "Monitoring" },
);

export const importAnswer = t.Object({
  added: count("keys that are new"),
  added_ids: list(t.String(), "their ids"),
  skipped: list(
    t.Object({ row: count("counted from 1"), reason: text("why it was left out") }),
    "rows of which nothing was taken",
  ),
});

export const testAnswer = t.Object({
  outcome: oneOf(OUTCOMES, "what the answer meant; it counts like any other"),
  status: orNull(count("null: no status line came")),
  latency_ms: count("how long it took"),
  message: text("one sentence"),
});

export const secretAnswer = t.Object({ secret: text("the key as the upstream takes it") });

export const upstreamTestAnswer = t.Object({
  ...testAnswer.properties,
  key_name: orNull(text("the key that was used; null: the upstream has none that is enabled")),
  models: orNull(count("how many models it lists; null: its answer is no list")),
});

export const modelsAnswer = t.Object({
  models: orNull(list(t.String(), "ids of models; null while no list is known")),
});

export const movedAnswer = t.Object({
  moved: count("how many keys belong to the other upstream now"),
  left: count("how many stayed, because the other one has their secret already"),
});

export const backupAnswer = t.Object({
  name: text("its file in DATA_DIR/backups"),
  at: time("when it was made"),
  size_bytes: count("its size"),
});

export const countAnswer = t.Object({ count: count("how many keys were named") });

/** A page of a list. */
export function pageOf<Item extends TSchema>(item: Item) {
  return t.Object({
    data: t.Array(item),
    next_cursor: orNull(text("give it as cursor for the next page; null: this was the last")),
  });
}

export const testAlertAnswer = t.Object({
  problem: orNull(text("why the webhook did not take it, null: it did")),
});
