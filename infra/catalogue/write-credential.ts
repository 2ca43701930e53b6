import type { CredentialOutcome } from '../../topology/project/fold-credentials.ts'
import { type CredentialChange, credentialRecord } from '../../topology/wire/credentials.ts'
import { readBack, type WriteTo } from './read-back.ts'

/** Writes a change of a credential, and reads it back, which says whether it counts. Throws Fault `log-unavailable` when the log does not take it. */
export const writeCredential = async (change: CredentialChange, to: WriteTo): Promise<CredentialOutcome> => {
  const read = await readBack({ token: change.token, records: [credentialRecord(change)] }, to)
  if (read.kind === 'credential') return read.outcome
  throw new Error(`The credential ${change.name} cannot be read back as it was written`)
}
