import { randomUUID } from 'node:crypto'
import { Fault } from '../../topology/flow/fault.ts'
import type { Secrets } from '../../topology/flow/ports.ts'
import { unlessAborted } from '../../topology/flow/stop.ts'
import { problem, type Reply, type Request } from '../../topology/http.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import type { CredentialOutcome } from '../../topology/project/fold-credentials.ts'
import type { CredentialChange, Deletion } from '../../topology/wire/credentials.ts'
import { type Credential, CredentialError } from '../../topology/words/credential.ts'
import { etagOf } from './etag.ts'

export type CredentialDeps = Readonly<{
  catalogue: Pick<Catalogue, 'credentials' | 'projects'> & Readonly<{ credentialVersion(name: string): number }>
  secrets: Secrets
  /** Writes a change and says what it came to. Throws Fault `log-unavailable` when the log does not take it. */
  writeCredential: (change: CredentialChange, signal: AbortSignal) => Promise<CredentialOutcome>
}>

/** `answer`: what is told when it counts. */
export type Change = Readonly<{
  name: string
  version: number
  becomes: Credential | Deletion
  answer: object
  request: Request
}>

/** Applies a change, or only says what it would be (`?dry_run=true`). */
export const write = async (
  deps: CredentialDeps,
  { name, version, becomes, answer, request }: Change,
): Promise<Reply> => {
  const dryRun = request.query['dry_run'] === true
  const inForce = dryRun ? deps.catalogue.credentialVersion(name) : version
  const reply: Reply = { status: 200, headers: { etag: etagOf(inForce) }, body: answer }
  if (dryRun) return reply
  try {
    const late = AbortSignal.timeout(writeMs)
    const change = { name, version, token: randomUUID(), becomes }
    const outcome = await unlessAborted(deps.writeCredential(change, late), late)
    switch (outcome.kind) {
      case 'accepted':
        return reply
      case 'stale':
        return changedSince(deps.catalogue.credentialVersion(name))
      case 'external-id-taken':
        return conflict(
          `The credential ${JSON.stringify(outcome.by)} has this external_id in a project of this one: give each its own.`,
        )
      default:
        return outcome satisfies never
    }
  } catch (error) {
    if ((error instanceof Fault && error.code === 'log-unavailable') || isTimeout(error)) return unavailable
    throw error
  }
}

/** What opens or seals; when the key is not there, the answer says which one is. */
export const withKey = async (act: () => Promise<Reply> | Reply): Promise<Reply> => {
  try {
    return await act()
  } catch (error) {
    if (error instanceof CredentialError) return conflict(error.message)
    throw error
  }
}

/** Somebody else was first. */
export const changedSince = (version: number): Reply =>
  problem(
    409,
    'Conflict',
    `The credential has changed meanwhile: it is at version ${version} now. Get it again and repeat your change.`,
    { headers: { etag: etagOf(version) } },
  )

const conflict = (detail: string): Reply => problem(409, 'Conflict', detail)
const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError'
const writeMs = 15_000

const unavailable: Reply = problem(
  503,
  'Service Unavailable',
  'The log did not confirm the change in time: look whether it took effect before you repeat it.',
  { headers: { 'retry-after': '10' } },
)
