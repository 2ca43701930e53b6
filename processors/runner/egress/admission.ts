import type { EgressPolicy } from '../../../topology/project/project.ts'
import type { RunId } from '../../../topology/words/ids.ts'
import { CallFailure } from './call-failure.ts'
import type { Names } from './names.ts'
import { type HostPort, ownPorts } from './own-ports.ts'
import { hostOf, refusedByAddress, refusedByName } from './policy.ts'

export type AdmissionOptions = Readonly<{ names: Names; own: readonly HostPort[]; loopbackAllowed: boolean }>

/** All addresses of the URL's host, when a call of this run may go to each of them; else a CallFailure. The name is asked for here, and nowhere later. */
export type Admit = (url: URL, who: Readonly<{ policy: EgressPolicy; run: RunId }>) => Promise<readonly string[]>

export const admission = ({ names, own, loopbackAllowed }: AdmissionOptions): Admit => {
  const isOwn = ownPorts({ own, names })
  return async (url, { policy, run }) => {
    const unlisted = refusedByName(url, policy)
    if (unlisted) throw refused(unlisted)
    const addresses = await names.addressesOf(hostOf(url), run)
    const closed = refusedByAddress({ url, addresses }, { policy, loopbackAllowed })
    if (closed) throw refused(closed)
    if (await isOwn({ url, addresses })) throw refused(`${url.host} is a port of Penstock's own, which nobody may call`)
    return addresses
  }
}

const refused = (why: string): CallFailure => new CallFailure('EGRESS_REFUSED', why)
