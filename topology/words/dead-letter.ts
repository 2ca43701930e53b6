import type { FaultCode } from '../flow/fault.ts'
import type { Incoming } from './record.ts'

/** Something that could not be used: what it was, why, which stage said so, and where it lay. */
export type DeadLetter = Readonly<{
  reason: FaultCode
  detail: string
  stage: string
  project: string | null
  message: string | null
  run: string | null
  record: Incoming
}>
