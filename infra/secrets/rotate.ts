import { randomUUID } from 'node:crypto'
import type { Secrets } from '../../topology/flow/ports.ts'
import { resealed } from '../../topology/project/sealed-credential.ts'
import { CredentialError } from '../../topology/words/credential.ts'
import type { OpenCatalogue } from '../catalogue/open.ts'
import type { WriteTo } from '../catalogue/read-back.ts'
import { writeCredential } from '../catalogue/write-credential.ts'

/** `failed`: why some could not be moved, one sentence each. */
export type Rotation = Readonly<{ moved: number; kept: number; failed: readonly string[] }>

/** Wraps the data key of each credential anew, under the key that seals now. One that somebody changes meanwhile is looked at again. */
export const rotateKeys = async ({
  secrets,
  ...to
}: WriteTo & Readonly<{ catalogue: Pick<OpenCatalogue, 'credentials'>; secrets: Secrets }>): Promise<Rotation> => {
  const credentials = (): ReturnType<OpenCatalogue['credentials']> => to.catalogue.credentials()
  const move = async (name: string): Promise<'moved' | 'kept'> => {
    const credential = credentials().get(name)
    if (credential === undefined || credential.sealed.key === secrets.keyId) return 'kept'
    const becomes = resealed(secrets, credential)
    const outcome = await writeCredential({ name, version: becomes.version, token: randomUUID(), becomes }, to)
    return outcome.kind === 'accepted' ? 'moved' : move(name)
  }
  const count = { moved: 0, kept: 0 }
  const failed: string[] = []
  for (const name of credentials().keys()) {
    try {
      count[await move(name)]++
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error
      failed.push(error.message)
    }
  }
  return { ...count, failed }
}
