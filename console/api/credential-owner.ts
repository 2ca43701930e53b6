import { problem, type Reply, type RequestHead } from '../../topology/http.ts'
import type { Credential } from '../../topology/words/credential.ts'

/** Who asks. Whoever has the administrator's token is `admin`: the only user there is. */
export const userOf = (_request: RequestHead): string => 'admin'

/** Says no to everybody but the owner: nobody else reads a credential or changes it. */
export const refuseStranger = (request: RequestHead, { name, owner }: Credential): Reply | undefined =>
  userOf(request) === owner
    ? undefined
    : problem(
        403,
        'Forbidden',
        `The credential ${JSON.stringify(name)} belongs to ${owner}, who alone may read it, change it or transfer it.`,
      )
