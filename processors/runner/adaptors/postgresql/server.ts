import type { SqlServer } from '../../egress/postgresql/sql-call.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import type { State } from '../../language/operation.ts'
import { missing, textIn } from '../credential.ts'

/** The database of the credential, in the names that OpenFn's has: host, port, database, user, password, ssl, allowSelfSignedCert; ca, cert, key. */
export const serverIn = (state: State): SqlServer => {
  const { port = 5432, ssl, allowSelfSignedCert } = asRecord(state['configuration'])
  const [host, database] = [textIn(state, 'host'), textIn(state, 'database')]
  const user = textIn(state, 'user', 'username')
  if (host === undefined || database === undefined || user === undefined)
    throw missing(
      state,
      'PostgreSQL takes a credential with host, database, user and password, and may be given port, ssl and allowSelfSignedCert.',
    )
  const tls = {
    verified: !isYes('allowSelfSignedCert', allowSelfSignedCert),
    ca: textIn(state, 'ca') ?? null,
    cert: textIn(state, 'cert') ?? null,
    key: textIn(state, 'key') ?? null,
  }
  return {
    ...{ host, database, user, password: textIn(state, 'password') ?? '' },
    port: Number(port),
    tls: isYes('ssl', ssl) ? tls : null,
  }
}

const isYes = (name: string, value: unknown): boolean => {
  if (value === true || value === 'true') return true
  if (value === undefined || value === null || value === false || value === 'false' || value === '') return false
  throw new AdaptorError('BAD_OPTION', `${name} of the credential is true or false, not ${typeof value}`)
}
