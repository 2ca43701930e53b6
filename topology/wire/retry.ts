import { Fault } from '../flow/fault.ts'
import { retryTopicFor } from '../topics.ts'
import { headerOf, type Incoming, type Outgoing } from '../words/record.ts'
import type { RunRequest, Tried } from '../words/run.ts'
import { isCount, jobRecord, jobRecordIdOf, need, parseJobRecord } from './job.ts'

/** A request for an attempt that is not due yet, and how often it was laid into such a topic before. */
export type Waiting = Readonly<{ request: RunRequest & Readonly<{ tried: Tried }>; hops: number }>

/** `retry.<delay>`: as a job record, in the longest step of the ladder that is no longer than what is left. */
export const retryRecord = (
  request: Waiting['request'],
  { hops, now = Date.now() }: Readonly<{ hops: number; now?: number }>,
): Outgoing => {
  const record = jobRecord(request)
  const headers = { ...record.headers, 'penstock-hops': String(hops) }
  return { ...record, topic: retryTopicFor(request.tried.dueAt - now), headers }
}

/** Throws Fault `headers-unreadable`, naming the header, for a record that we did not write. */
export const parseRetryRecord = (record: Incoming): Waiting => {
  const request = parseJobRecord(record)
  const { tried } = request
  if (!tried) throw new Fault('headers-unreadable', 'the header penstock-due is missing')
  return { request: { ...request, tried }, hops: Number(need(record, 'penstock-hops', isCount)) }
}

/** A request may lie in one topic several times, one after another, on its way down. */
export const retryRecordIdOf = (record: Incoming): string | undefined => {
  const id = jobRecordIdOf(record)
  return id && `${id}/${headerOf(record, 'penstock-hops') ?? ''}`
}

/** When the attempt is due (milliseconds since 1970); 0 where the record does not say so. */
export const dueOf = (record: Incoming): number => Date.parse(headerOf(record, 'penstock-due') ?? '') || 0
