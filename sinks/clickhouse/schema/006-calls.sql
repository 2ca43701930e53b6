-- The HTTP calls of a run, as JSON: [{ number, method, url, status, error, ms, bytes, test_mode }, …]; empty for rows of before there were any.

ALTER TABLE run_rows ADD COLUMN IF NOT EXISTS calls String;

CREATE OR REPLACE VIEW runs AS
SELECT
  id, project, job, job_version, adaptor, message_id, parent_run_id, retry_of, trigger, trigger_kind, status, error_type, error_message,
  exit_code, attempts, starts, queued_at, started_at, finished_at, duration_ms, input, final_state, error_line, error_column,
  error_operation, error_details, depth, key, search_text, trace_id, due_at, calls
FROM run_rows FINAL;
