/**
 * The schema as a list of steps that is only ever appended to: a step that was released is never changed.
 * `version` counts from 1 without gaps and is kept in `PRAGMA user_version`.
 */
export interface Migration {
  version: number;
  sql: string;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
CREATE TABLE upstreams (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  base_url TEXT NOT NULL,
  auth_style TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX upstreams_one_default ON upstreams (is_default) WHERE is_default = 1;

CREATE TABLE pools (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  color TEXT NOT NULL,
  icon TEXT NOT NULL,
  strategy TEXT,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  masked_secret TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  fingerprint TEXT NOT NULL,
  pool_id TEXT REFERENCES pools (id),
  upstream_id TEXT NOT NULL REFERENCES upstreams (id),
  tags TEXT NOT NULL,
  weight REAL NOT NULL,
  priority INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  daily_limit INTEGER,
  rpm_limit INTEGER,
  tpm_limit INTEGER,
  max_concurrency INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (fingerprint, upstream_id)
) STRICT;
CREATE INDEX keys_by_pool ON keys (pool_id);
CREATE INDEX keys_by_upstream ON keys (upstream_id);

CREATE TABLE key_states (
  key_id TEXT PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
  request_count INTEGER NOT NULL,
  success_count INTEGER NOT NULL,
  failure_count INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  strikes INTEGER NOT NULL,
  ejections INTEGER NOT NULL,
  unstated_limits INTEGER NOT NULL,
  daily_used INTEGER NOT NULL,
  daily_day TEXT NOT NULL,
  last_used_at INTEGER,
  condition TEXT NOT NULL,
  cooldowns TEXT NOT NULL
) STRICT;

CREATE TABLE rotations (
  name TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  used INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE facts (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;

-- Logs outlive what they tell of: no foreign keys to keys, pools and upstreams.
-- row_id begins with the time (log-position.ts): it is the order of pages, the bound of a time range, and every index
-- ends with it without naming it. It stays the same for good, VACUUM or not: the full-text index points at it.
CREATE TABLE requests (
  row_id INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  endpoint TEXT NOT NULL,
  model TEXT,
  served_model TEXT,
  stream INTEGER NOT NULL,
  pool_id TEXT,
  client_address TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  ttft_ms INTEGER,
  duration_ms INTEGER NOT NULL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  reasoning_tokens INTEGER,
  usage_source TEXT NOT NULL,
  cost_usd REAL,
  request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  error TEXT,
  attempt_count INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_by_model ON requests (model);
-- Most requests end ok: these two cost those nothing.
CREATE INDEX requests_by_outcome ON requests (outcome) WHERE outcome <> 'ok';
CREATE INDEX requests_failed ON requests (row_id) WHERE outcome <> 'ok';

CREATE TABLE attempts (
  request_row INTEGER NOT NULL,
  position INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  wait_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  status INTEGER,
  outcome TEXT NOT NULL,
  chosen_because TEXT NOT NULL,
  error TEXT,
  PRIMARY KEY (request_row, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_key ON attempts (key_id);

-- The words of error messages, by requests.row_id. Contentless: it finds rows, the texts stand in the tables.
CREATE VIRTUAL TABLE request_texts USING fts5 (
  message, content = '', contentless_delete = 1, detail = none, tokenize = 'unicode61'
);
-- Rows whose words are still to be taken into request_texts, behind the batches.
CREATE TABLE request_texts_queue (row_id INTEGER PRIMARY KEY) STRICT;

-- Sums of requests by bucket; a day may begin at any hour. ttft and duration are sketches (sketch.ts).
CREATE TABLE rollups (
  bucket_s INTEGER NOT NULL,
  dimension TEXT NOT NULL,
  at INTEGER NOT NULL,
  value TEXT NOT NULL,
  requests INTEGER NOT NULL,
  successes INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  client_errors INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failovers INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cached_tokens INTEGER NOT NULL,
  reasoning_tokens INTEGER NOT NULL,
  estimated_requests INTEGER NOT NULL,
  priced_requests INTEGER NOT NULL,
  unpriced_requests INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  ttft BLOB NOT NULL,
  duration BLOB NOT NULL,
  PRIMARY KEY (bucket_s, dimension, at, value)
) STRICT, WITHOUT ROWID;

-- What batches brought and no bucket has yet: one row a batch, as JSON.
CREATE TABLE rollup_pending (
  id INTEGER PRIMARY KEY,
  deltas TEXT NOT NULL
) STRICT;

CREATE TABLE key_events (
  row_id INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  key_id TEXT,
  key_name TEXT,
  detail TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT;
CREATE INDEX key_events_by_key ON key_events (key_id);
`,
  },
  {
    version: 2,
    sql: `
CREATE TABLE resource_owners (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_owners_by_time ON resource_owners (seen_at);
`,
  },
  {
    version: 3,
    sql: `
CREATE TABLE prompts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  text TEXT NOT NULL,
  system TEXT NOT NULL,
  model TEXT NOT NULL,
  parameters TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
`,
  },
  {
    version: 4,
    sql: `
-- What was sent and answered, only while log_bodies is on. row_id is that of the request.
CREATE TABLE request_bodies (
  row_id INTEGER PRIMARY KEY,
  request TEXT,
  request_is_cut INTEGER NOT NULL,
  response TEXT,
  response_is_cut INTEGER NOT NULL
) STRICT;
`,
  },
  {
    version: 5,
    sql: `
-- What is rare is found at once; what most requests have costs them nothing.
CREATE INDEX requests_by_status ON requests (status) WHERE status <> 200;
CREATE INDEX requests_by_pool ON requests (pool_id) WHERE pool_id IS NOT NULL;
-- The words of request_texts themselves: a look into that index, which keeps nothing of its own.
CREATE VIRTUAL TABLE request_texts_words USING fts5vocab (request_texts, instance);
`,
  },
  {
    version: 6,
    sql: `
-- JSON arrays of name and value; kept with the bodies.
ALTER TABLE request_bodies ADD COLUMN request_headers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE request_bodies ADD COLUMN response_headers TEXT NOT NULL DEFAULT '[]';
`,
  },
  {
    version: 7,
    sql: `
-- The places of requests (row_id) by key, model and pool (request-values.ts): an index that is written behind the
-- batches. What they bring waits, one row a batch: JSON of [dimension, value, [place, ...]].
CREATE TABLE requests_by_value (
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (dimension, value, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE requests_by_value_waiting (
  id INTEGER PRIMARY KEY,
  entries TEXT NOT NULL
) STRICT;
INSERT OR IGNORE INTO requests_by_value SELECT 'key', key_id, request_row FROM attempts ORDER BY key_id, request_row;
INSERT INTO requests_by_value SELECT 'model', model, row_id FROM requests WHERE model IS NOT NULL ORDER BY model, row_id;
INSERT INTO requests_by_value SELECT 'pool', pool_id, row_id FROM requests WHERE pool_id IS NOT NULL ORDER BY pool_id, row_id;
DROP INDEX attempts_by_key;
DROP INDEX requests_by_model;
DROP INDEX requests_by_pool;
`,
  },
];
