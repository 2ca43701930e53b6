-- The trace (W3C Trace Context) that a message and its runs belong to: the sender's, or the message's own, which has the message's id as trace
-- id. Rows that were there before have that: what they were sent with is not known any more.

ALTER TABLE message_rows ADD COLUMN IF NOT EXISTS trace_id String DEFAULT replaceAll(id, '-', '');

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS trace_id String DEFAULT replaceAll(message_id, '-', '');

CREATE OR REPLACE VIEW messages AS
SELECT
  id, project, kind, source, received_at, key, content_type, headers, body, body_encoding, size, parent_id, duplicate_of, origin, search_text,
  trace_id
FROM message_rows FINAL;

CREATE OR REPLACE VIEW runs AS
SELECT
  id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type, error_message,
  exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state, error_line, error_column,
  error_operation, error_details, depth, key, search_text, trace_id
FROM run_rows FINAL;
