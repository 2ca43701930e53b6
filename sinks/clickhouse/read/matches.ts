import type { Store } from '../../../topology/flow/ports.ts'

/** What the filter said of a message when it saw it; once more for each replay. */
export type Recorded = Readonly<{
  /** When the filter first said so; null when it has not seen the message yet. */
  seenAt: string | null
  matches: readonly RecordedMatch[]
}>

/** A trigger that matched. `job` and `run_id` are null when it asked for no run, or when the run names another trigger of its job. */
export type RecordedMatch = Readonly<{ trigger: string; job: string | null; run_id: string | null; matched_at: string }>

export async function readRecorded(
  store: Store,
  { project, id }: Readonly<{ project: string; id: string }>,
): Promise<Recorded> {
  const rows = await store.query<RecordedMatch>(
    `SELECT trigger, nullIf(toString(job), '') AS job, nullIf(run_id, '') AS run_id, matched_at FROM match_rows FINAL
WHERE project = {project:String} AND message_id = {id:String}
ORDER BY matched_at, trigger, job, run_id`,
    { project, id: id.toLowerCase() },
  )
  return { seenAt: rows[0]?.matched_at ?? null, matches: rows.filter(({ trigger }) => trigger !== '') }
}
