import { isIP } from 'node:net'
import { CallFailure } from '../call-failure.ts'
import type { SqlCall, SqlServer } from './sql-call.ts'

/** Whether a call is one for a database; it may still be none that can be made. */
export const isSql = (asked: unknown): boolean => typeof asked === 'object' && asked !== null && 'kind' in asked

/**
 * What came out of a realm, as a call or as the failure that it is: nothing is taken on trust that users' code may have made. The host is then
 * as a URL has it, so that one host has one spelling: in lower case, in ASCII, addresses in their one form.
 */
export const parseSqlCall = (asked: unknown): SqlCall | CallFailure => {
  if (!isCall(asked)) return invalid('A question to a database must have server, text and values')
  const { server } = asked
  if (!Number.isInteger(server.port) || server.port < 1 || server.port > 65_535)
    return invalid('The port of a database is a number from 1 to 65535')
  const odd = (['database', 'user'] as const).find((name) => control.test(server[name]))
  if (odd) return invalid(`The ${odd} of a database has characters that no name has`)
  if (asked.text.includes('\0') || server.password.includes('\0'))
    return invalid('A statement, and a password, can hold no character 0: PostgreSQL would take it for their end')
  if (server.user === '' || server.database === '')
    return invalid('A database needs the names of its user and of itself')
  const host = hostnameOf(server.host)
  if (host === undefined) return invalid('The host of a database is a name or an address, without anything else')
  return { ...asked, server: { ...server, host } }
}

/** The place of a database as it is shown, and as the rules are asked about it: no user, no password. */
export const urlOf = ({ host, port, database }: SqlServer): string =>
  `postgresql://${isIP(host) === 6 ? `[${host}]` : host}:${port}/${encodeURIComponent(database.toWellFormed())}`

const invalid = (message: string): CallFailure => new CallFailure('INVALID_CALL', message)

const isCall = (asked: unknown): asked is SqlCall => {
  const { kind, server, text, values } = recordOf(asked)
  const { host, port, database, user, password, tls } = recordOf(server)
  return (
    kind === 'sql' &&
    [host, database, user, password, text].every((part) => typeof part === 'string') &&
    typeof port === 'number' &&
    (tls === null || isTls(tls)) &&
    Array.isArray(values) &&
    values.length <= mostValues &&
    values.every(isTextOrNull)
  )
}

const isTls = (tls: unknown): boolean => {
  const { verified, ca, cert, key } = recordOf(tls)
  return typeof verified === 'boolean' && [ca, cert, key].every(isTextOrNull)
}

const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

/** The protocol counts them in 16 bits. */
const mostValues = 65_535

/** They would let a name be a command for a server of some other kind. */
const control = /\p{Cc}/u

/** No socket of this machine's (`/run/…`), no list of hosts, no login, no port of its own. */
const hostnameOf = (written: string): string | undefined => {
  const bare = isIP(written) === 6 ? `[${written}]` : written
  if (!/^(\[[\da-f:.]+\]|[^\s\\/?#@:[\]%,]+)$/i.test(bare)) return undefined
  const name = URL.parse(`http://${bare}/`)?.hostname.replace(/\.$/, '') ?? ''
  return name === '' ? undefined : name.replace(/^\[|\]$/g, '')
}
