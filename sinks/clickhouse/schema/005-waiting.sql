-- When the next attempt is due of a run that waits for it.

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS due_at Nullable(DateTime64(3, 'UTC'));

CREATE OR REPLACE VIEW runs AS
SELECT
  id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type, error_message,
  exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state, error_line, error_column,
  error_operation, error_details, depth, key, search_text, trace_id, due_at
FROM run_rows FINAL;
