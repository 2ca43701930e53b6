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

/**
 * Ids of the messages that have the bound `{status:String}`, and belong to the project, among those that `range` (a condition on
 * `message_rows`) is true for; maybe of others. Only runs that lie where the runs of such messages can lie are read (a run's id begins with
 * the time of its message, as the message's own id does), and of most statuses only those of messages that have a run to show for it.
 */
export const statusIs = (status: string, range: string): string => {
  const edge = (order: 'ASC' | 'DESC'): string =>
    `(SELECT substring(id, 1, 13) FROM message_rows WHERE ${range} ORDER BY id ${order} LIMIT 1)`
  const near = (id: string): string =>
    `project = {project:String} AND ${id} >= ${edge('ASC')} AND ${id} <= concat(${edge('DESC')}, '~')`
  const having = (id: string): string => {
    switch (status) {
      case 'success':
        return near(id)
      case 'unmatched':
        return `${near(id)} AND message_id IN (SELECT message_id FROM match_rows WHERE trigger = '' AND ${near('message_id')})`
      case 'running':
        return `${near(id)} AND message_id IN (
      SELECT message_id FROM run_rows FINAL WHERE ${near('id')} AND status IN ('queued', 'running', 'waiting'))`
      default:
        return `${near(id)} AND message_id IN (SELECT message_id FROM run_rows WHERE ${near('id')} AND status = {status:String})`
    }
  }
  const matches = status === 'unmatched' ? having('message_id') : 'false'
  return `SELECT message_id FROM (${statusesOf({ runs: having('id'), matches })})
  WHERE status = {status:String}`
}
