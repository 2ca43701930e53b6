-- Tables behind the views: ours to change. Each row says of itself which of several with its id wins (`version`), see rows.ts.
-- Ids are UUIDs of version 7 as text: they sort by time, so "newest" and "of this message" are ranges of the primary key.
-- An insert is on the disk when it is acknowledged: its offsets are committed then, and nobody would send the rows again.

CREATE TABLE IF NOT EXISTS message_rows
(
  id String,
  project LowCardinality(String),
  kind LowCardinality(String),
  source LowCardinality(Nullable(String)),
  received_at DateTime64(3, 'UTC'),
  key String,
  content_type String,
  headers Map(String, String),
  body String CODEC(ZSTD(1)),
  body_encoding LowCardinality(String),
  size UInt64,
  parent_id Nullable(String),
  duplicate_of Nullable(String),
  origin String,
  version UInt64,
  INDEX by_time received_at TYPE minmax
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(received_at)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- A row with an empty trigger says that the filter has seen the message and asked for no run.
CREATE TABLE IF NOT EXISTS match_rows
(
  message_id String,
  trigger LowCardinality(String),
  job LowCardinality(String),
  run_id String,
  project LowCardinality(String),
  matched_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(matched_at)
ORDER BY (message_id, trigger, job, run_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS run_rows
(
  id String,
  project LowCardinality(String),
  job LowCardinality(String),
  job_version UInt32,
  adaptor LowCardinality(String),
  message_id String,
  key String,
  parent_run_id Nullable(String),
  retry_of Nullable(String),
  trigger LowCardinality(String),
  trigger_kind LowCardinality(String),
  depth UInt32,
  status LowCardinality(String),
  error_type LowCardinality(Nullable(String)),
  error_message Nullable(String),
  error_line Nullable(UInt32),
  error_column Nullable(UInt32),
  error_operation Nullable(String),
  error_details Nullable(String),
  exit_code Nullable(Int32),
  attempts UInt32,
  starts UInt32,
  queued_at DateTime64(3, 'UTC'),
  started_at Nullable(DateTime64(3, 'UTC')),
  finished_at Nullable(DateTime64(3, 'UTC')),
  duration_ms Nullable(Float64),
  input Nullable(String) CODEC(ZSTD(1)),
  final_state Nullable(String) CODEC(ZSTD(1)),
  `log.time` Array(DateTime64(3, 'UTC')),
  `log.level` Array(String),
  `log.source` Array(String),
  `log.message` Array(String) CODEC(ZSTD(1)),
  version UInt64,
  INDEX by_time queued_at TYPE minmax
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(queued_at)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS dead_letter_rows
(
  id String,
  buried_at DateTime64(3, 'UTC'),
  project LowCardinality(Nullable(String)),
  stage LowCardinality(String),
  reason LowCardinality(String),
  detail String,
  message_id Nullable(String),
  run_id Nullable(String),
  topic LowCardinality(String),
  partition UInt32,
  offset UInt64,
  key Nullable(String),
  headers Map(String, String),
  value Nullable(String) CODEC(ZSTD(1)),
  value_encoding LowCardinality(String),
  size UInt64,
  version UInt64,
  INDEX by_time buried_at TYPE minmax
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(buried_at)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What people query: each thing once.

CREATE OR REPLACE VIEW messages AS
SELECT id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, parent_id, duplicate_of, origin
FROM message_rows FINAL;

CREATE OR REPLACE VIEW matches AS
SELECT message_id, trigger, nullIf(toString(job), '') AS job, nullIf(run_id, '') AS run_id
FROM match_rows FINAL
WHERE trigger != '';

CREATE OR REPLACE VIEW runs AS
SELECT
  id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type, error_message,
  exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state, error_line, error_column,
  error_operation, error_details, depth, key
FROM run_rows FINAL;

CREATE OR REPLACE VIEW logs AS
SELECT id AS run_id, seq, time, level, source, message
FROM run_rows FINAL
ARRAY JOIN
  arrayEnumerate(`log.time`) AS seq,
  `log.time` AS time,
  `log.level` AS level,
  `log.source` AS source,
  `log.message` AS message;

CREATE OR REPLACE VIEW dead_letters AS
SELECT id, buried_at, project, stage, reason, detail, message_id, run_id, topic, partition, offset, key, headers, value, value_encoding, size
FROM dead_letter_rows FINAL;
