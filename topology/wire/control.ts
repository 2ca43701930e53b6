import { controlTopic } from '../topics.ts'
import type { RunId } from '../words/ids.ts'
import { isJsonObject, jsonIn } from '../words/json.ts'
import type { Incoming, Outgoing } from '../words/record.ts'

/** Somebody wants a run to end. `at` is RFC 3339. */
export type Cancel = Readonly<{ run: RunId; project: string; by: string; at: string }>

/** What a record of `control` says of cancelling: the wish, or null when it is done with. */
export type CancelNote = Readonly<{ run: string; cancel: Cancel | null }>

/** `cancel/<run>`, kept until the run has ended (design.md 3). */
export const cancelRecord = (cancel: Cancel): Outgoing => ({
  topic: controlTopic,
  key: `${prefix}${cancel.run}`,
  value: JSON.stringify(cancel),
  headers: { 'penstock-project': cancel.project },
})

export const cancelDone = (run: string): Outgoing => ({
  topic: controlTopic,
  key: prefix + run,
  value: null,
  headers: {},
})

/** Undefined for a record that says nothing of cancelling, or nothing that can be read. */
export const parseCancel = ({ key, value }: Incoming): CancelNote | undefined => {
  const name = key?.toString('utf8') ?? ''
  if (!name.startsWith(prefix)) return undefined
  const run = name.slice(prefix.length)
  if (value === null) return { run, cancel: null }
  const cancel = jsonIn(value.toString('utf8'))
  if (!isJsonObject(cancel) || cancel['run'] !== run) return undefined
  const holds = ['project', 'by', 'at'].every((field) => typeof cancel[field] === 'string')
  return holds ? { run, cancel: cancel as unknown as Cancel } : undefined
}

const prefix = 'cancel/'
