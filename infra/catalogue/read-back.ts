import type { MessageLog } from '../../topology/flow/ports.ts'
import type { Outgoing } from '../../topology/words/record.ts'
import type { OpenCatalogue, Verdict } from './open.ts'

export type WriteTo = Readonly<{
  log: Pick<MessageLog, 'append'>
  catalogue: Pick<OpenCatalogue, 'verdictOn'>
  /** Ends the waiting; what was written may take effect all the same. */
  signal: AbortSignal
}>

/** What goes to `definitions`; the record with the token is the one that decides. */
export type Written = Readonly<{ token: string; records: readonly Outgoing[] }>

/** Writes records and reads back what they came to. Throws Fault `log-unavailable` when the log does not take them. */
export const readBack = async ({ token, records }: Written, { log, catalogue, signal }: WriteTo): Promise<Verdict> => {
  const giveUp = new AbortController()
  const verdict = catalogue.verdictOn(token, AbortSignal.any([signal, giveUp.signal]))
  verdict.catch(() => {}) // when the writing fails, that is what is thrown
  try {
    await log.append(records)
  } catch (error) {
    giveUp.abort(error)
    throw error
  }
  return await verdict
}
