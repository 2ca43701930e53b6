import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import type { Credential } from '../../topology/words/credential.ts'

const administrator = 'admin'

/** Who asks. Whoever has the administrator's token is `admin`: the only user there is. */
export const userOf = (_request: RequestHead): string => administrator

/** Says no to everybody but the owner: nobody else reads a credential or changes what it holds. */
export const refuseStranger = (request: RequestHead, credential: Credential): Reply | undefined =>
  userOf(request) === credential.owner ? undefined : notYours(credential)

/** Lets the administrator through as well: a credential whose owner cannot be asked can be given to another, or taken out of force. */
export const refuseUnlessAdministrator = (request: RequestHead, credential: Credential): Reply | undefined =>
  userOf(request) === administrator ? undefined : refuseStranger(request, credential)

const notYours = ({ name, owner }: Credential): Reply =>
  problem(
    403,
    'Forbidden',
    `The credential ${JSON.stringify(name)} belongs to ${owner}, who alone may read it and change what it holds; an administrator may transfer it and delete it, too.`,
  )
