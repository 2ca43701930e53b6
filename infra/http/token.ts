import { createHash, timingSafeEqual } from 'node:crypto'
import { problem, type Reply } from '../../topology/http.ts'

/** Says no to an `Authorization` header that is not `Bearer <token>`. Takes the same time for every wrong token. */
export const tokenCheck = (token: string): ((authorization: string | undefined) => Reply | undefined) => {
  const expected = digestOf(token)
  return (authorization) => {
    const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
    if (given === undefined)
      return unauthorized(`This needs the header Authorization: Bearer <token>. ${whereItIs}`, '')
    return timingSafeEqual(digestOf(given), expected)
      ? undefined
      : unauthorized(`The token is not one that is known here. ${whereItIs}`, ', error="invalid_token"')
  }
}

const whereItIs = 'It is ADMIN_TOKEN of the settings, or else stands in the file admin-token in DATA_DIR.'

// Equal lengths, whatever was sent: timingSafeEqual wants that.
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

const unauthorized = (detail: string, more: string): Reply =>
  problem(401, 'Unauthorized', detail, { headers: { 'www-authenticate': `Bearer realm="penstock"${more}` } })
