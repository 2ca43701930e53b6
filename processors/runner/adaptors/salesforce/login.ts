import type { RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { asRecord } from '../../language/http/options.ts'
import { xmlToJson } from '../../language/http/xml.ts'
import { URL } from '../../language/web/url.ts'
import { ask, type Refused, type Told } from '../ask.ts'

/** Where the organisation of a user is, and what lets in there. */
export type Session = Readonly<{ instance: string; token: string }>

/** Logs in by the SOAP API, as programs with a name and a password do. `secret` is the password with the security token behind it. */
export const login = async (
  host: RunHost,
  {
    loginUrl,
    username,
    secret,
    version,
  }: Readonly<{ loginUrl: string; username: string; secret: string; version: string }>,
): Promise<Session> => {
  const { body } = await ask(host, {
    method: 'POST',
    base: loginUrl,
    path: `services/Soap/u/${Math.min(Number(version), lastWithLogin).toFixed(1)}`,
    headers: { SOAPAction: '""', Accept: 'text/xml' },
    contentType: 'text/xml; charset=UTF-8',
    body: envelope(username, secret),
    parseAs: 'text',
    tell: toldByFault,
  })
  const { sessionId, serverUrl } = partsOf(body, 'loginResponse', 'result')
  const instance = URL.parse(String(serverUrl))?.origin
  if (typeof sessionId === 'string' && instance) return { token: sessionId, instance }
  throw new AdaptorError('LOGIN_FAILED', `${loginUrl} does not answer a login as Salesforce does. Check loginUrl`)
}

/** The SOAP API has no login from 65.0 on; its sessions are good for every version of the REST API. */
const lastWithLogin = 64

const envelope = (username: string, secret: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:urn="urn:partner.soap.sforce.com"><soapenv:Body><urn:login><urn:username>${escaped(username)}</urn:username><urn:password>${escaped(secret)}</urn:password></urn:login></soapenv:Body></soapenv:Envelope>`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const toldByFault = ({ statusCode, message, body }: Refused): Told => {
  const { faultcode, faultstring } = partsOf(body, 'Fault')
  if (typeof faultstring !== 'string') return { code: `HTTP_${statusCode}`, message }
  const code = String(faultcode).replace(/^.*:/, '')
  return { code, message: `Salesforce let nobody in: ${faultstring}` }
}

const partsOf = (body: unknown, ...names: readonly string[]): Readonly<Record<string, unknown>> => {
  try {
    const document: unknown = xmlToJson(String(body))
    return asRecord(['Envelope', 'Body', ...names].reduce((at, name) => asRecord(at)[name], document))
  } catch {
    return {}
  }
}
