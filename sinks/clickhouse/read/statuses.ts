import type { EndStatus } from '../../../topology/words/run.ts'

/** Of a message and all that it started; null while the filter has not seen it. */
export type MessageStatus = 'running' | 'unmatched' | EndStatus

/**
 * Status by message: `running` while a run is open, else the worst of its leaves (`semantics.md` 5). A run that a fail job or a flow
 * followed is no leaf, so a failure that was handled does not count; nor does a run that was retried. `of` limits which messages.
 */
export const statusesOf = (of: Readonly<{ runs: string; matches: string }>): string => `
SELECT
  message_id,
  multiIf(
    hasAny(tupleElement(all_runs, 2), ['queued', 'running', 'waiting']), 'running',
    empty(all_runs), 'unmatched',
    arrayFirst(
      word -> has(tupleElement(arrayFilter(run -> NOT has(followed, run.1), all_runs), 2), word),
      ['crashed', 'killed', 'unknown', 'failed', 'cancelled', 'success']
    )
  ) AS status
FROM
(
  SELECT message_id, groupArrayIf((run, state), run != '') AS all_runs, groupArrayArray(before) AS followed
  FROM
  (
    SELECT message_id, id AS run, toString(status) AS state, [ifNull(parent_run_id, ''), ifNull(retry_of, '')] AS before
    FROM run_rows FINAL
    WHERE ${of.runs}
    UNION ALL
    SELECT message_id, '', '', []
    FROM match_rows FINAL
    WHERE trigger = '' AND ${of.matches}
  )
  GROUP BY message_id
)`
