import { Fault } from '../flow/fault.ts'
import { jobTopic } from '../topics.ts'
import { isName, isUuid, type MessageId, type RunId } from '../words/ids.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'
import type { RunRequest, Tried, TriggerKind } from '../words/run.ts'

/** `job.<project>.<job>`: the value is the run's input, ids and circumstances are in headers (design.md 3). */
export const jobRecord = (request: RunRequest): Outgoing => ({
  topic: jobTopic(request.project, request.job),
  key: request.key,
  value: request.input.kind === 'body' ? request.input.body : request.input.state,
  headers: {
    'penstock-input': request.input.kind,
    ...(request.input.kind === 'body' && { 'penstock-request': request.input.request }),
    'penstock-run-id': request.run,
    'penstock-message-id': request.message,
    'penstock-project': request.project,
    'penstock-job': request.job,
    'penstock-job-version': String(request.jobVersion),
    'penstock-trigger': request.trigger,
    'penstock-trigger-kind': request.triggerKind,
    ...(request.parent !== null && { 'penstock-parent-run-id': request.parent }),
    ...(request.retryOf !== null && { 'penstock-retry-of': request.retryOf }),
    'penstock-replay': request.replay,
    'penstock-attempt': String(request.attempt),
    'penstock-depth': String(request.depth),
    'penstock-queued-at': request.queuedAt.toISOString(),
    'penstock-definitions': String(request.definitions),
    ...(request.traceparent !== null && { traceparent: request.traceparent }),
    ...(request.tried && {
      'penstock-due': new Date(request.tried.dueAt).toISOString(),
      'penstock-starts': String(request.tried.starts),
      'penstock-waited-ms': String(request.tried.waitedMs),
    }),
  },
})

/** Throws Fault `headers-unreadable`, naming the header, for a record that we did not write. */
export const parseJobRecord = (record: Incoming): RunRequest => {
  const input = need(record, 'penstock-input', (text) => text === 'body' || text === 'state')
  return {
    run: need(record, 'penstock-run-id', isUuid) as RunId,
    message: need(record, 'penstock-message-id', isUuid) as MessageId,
    project: need(record, 'penstock-project', isName),
    job: need(record, 'penstock-job', isName),
    jobVersion: Number(need(record, 'penstock-job-version', isCount)),
    trigger: need(record, 'penstock-trigger', isName),
    triggerKind: need(record, 'penstock-trigger-kind', isTriggerKind) as TriggerKind,
    parent: (headerOf(record, 'penstock-parent-run-id') as RunId | undefined) ?? null,
    retryOf: (headerOf(record, 'penstock-retry-of') as RunId | undefined) ?? null,
    replay: headerOf(record, 'penstock-replay') ?? '',
    attempt: Number(need(record, 'penstock-attempt', isCount)),
    depth: Number(need(record, 'penstock-depth', isCount)),
    key: record.key?.toString('utf8') ?? '',
    queuedAt: new Date(need(record, 'penstock-queued-at', isTime)),
    definitions: BigInt(need(record, 'penstock-definitions', (text) => /^-?\d+$/.test(text))),
    input:
      input === 'body'
        ? { kind: 'body', body: record.value ?? nothing, request: headerOf(record, 'penstock-request') ?? '{}' }
        : { kind: 'state', state: record.value?.toString('utf8') ?? 'null' },
    traceparent: headerOf(record, 'traceparent') ?? null,
    ...(record.headers.get('penstock-due') && { tried: triedOf(record) }),
  }
}

const triedOf = (record: Incoming): Tried => ({
  attempts: Number(need(record, 'penstock-attempt', isCount)) - 1,
  starts: Number(need(record, 'penstock-starts', isCount)),
  waitedMs: Number(need(record, 'penstock-waited-ms', isCount)),
  dueAt: Date.parse(need(record, 'penstock-due', isTime)),
})

/** What makes two run requests the same: the same attempt of the same run. */
export const jobRecordIdOf = (record: Incoming): string | undefined => {
  const run = headerOf(record, 'penstock-run-id')
  return run && `${run}/${headerOf(record, 'penstock-attempt') ?? ''}`
}

const nothing = Buffer.from('null')

/** Throws Fault `headers-unreadable` for a header that is absent, or does not hold what it must. */
export const need = (record: Incoming, name: string, holds: (text: string) => boolean): string => {
  const text = headerOf(record, name)
  if (text === undefined) throw new Fault('headers-unreadable', `the header ${name} is missing`)
  if (!holds(text)) throw new Fault('headers-unreadable', `the header ${name} is not readable: ${text.slice(0, 100)}`)
  return text
}

const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text))
export const isCount = (text: string): boolean => /^\d{1,9}$/.test(text)
const triggerKinds: readonly string[] = ['message', 'cron', 'flow', 'fail', 'edge', 'manual'] satisfies TriggerKind[]
const isTriggerKind = (text: string): boolean => triggerKinds.includes(text)
