import { codesOf } from './errors.ts'

/** Why the brokers do not let us in, in words that name the setting to mend. */
export type AccessProblem = Readonly<{
  text: string
  /** False when a broker that is just starting or stopping may look the same from here. */
  sure: boolean
}>

/** How we try to come in. */
export type Access = Readonly<{ tls: boolean; ownCa: boolean; certificate: boolean; sasl: string | undefined }>

/** What a connection that failed says about our settings; undefined when it says nothing about them: nobody is there, say. */
export const accessProblem = (error: unknown, access: Access): AccessProblem | undefined => {
  const codes = codesOf(error)
  const known = problems.find(({ when }) => codes.some((code) => when.test(code)))
  const text = known?.text(access)
  return text === undefined ? undefined : { text, sure: known?.sure === true }
}

type Known = Readonly<{ when: RegExp; sure: boolean; text: (access: Access) => string | undefined }>

/** The first that fits counts. Codes are OpenSSL's, Node's and Kafka's; what has none is known by its text. */
const problems: readonly Known[] = [
  {
    when: /^SASL_AUTHENTICATION_FAILED$/,
    sure: true,
    text: ({ sasl }) =>
      `refuses the login by ${sasl}: mend KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or KAFKA_SASL_MECHANISM`,
  },
  {
    when: /^UNSUPPORTED_SASL_MECHANISM$/,
    sure: true,
    text: ({ sasl }) => `does not take a login by ${sasl}: set another KAFKA_SASL_MECHANISM`,
  },
  {
    when: /^ILLEGAL_SASL_STATE$/,
    sure: true,
    text: () => 'takes no login there: leave KAFKA_SASL_MECHANISM out, or name the port with login in KAFKA_BROKERS',
  },
  {
    when: /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    sure: true,
    text: () =>
      'shows a certificate that is not valid today: renew it on the broker, or leave that one out of KAFKA_BROKERS',
  },
  {
    when: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    sure: true,
    text: () =>
      'shows a certificate for other host names: in KAFKA_BROKERS, and in advertised.listeners of the brokers, use those that it is for',
  },
  {
    when: /^(UNABLE_TO_(VERIFY|GET)_.*|.*SELF_SIGNED_CERT.*|CERT_(UNTRUSTED|SIGNATURE_FAILURE|CHAIN_TOO_LONG)|INVALID_CA)$/,
    sure: true,
    text: ({ ownCa }) =>
      ownCa
        ? 'shows a certificate that another authority has signed: KAFKA_SSL_CA must hold the one that signed it'
        : 'shows a certificate of an authority that this machine does not know: set KAFKA_SSL_CA (or KAFKA_SSL_CA_FILE)',
  },
  {
    when: /^ERR_SSL_.*ALERT_\w*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE|ACCESS_DENIED)/,
    sure: true,
    text: ({ certificate }) =>
      certificate
        ? 'refuses our certificate: mend KAFKA_SSL_CERT and KAFKA_SSL_KEY'
        : 'asks for our certificate: set KAFKA_SSL_CERT and KAFKA_SSL_KEY',
  },
  {
    when: /^Broker requires TLS/,
    sure: true,
    text: () => 'speaks TLS there: set KAFKA_SSL=true, or name another port in KAFKA_BROKERS',
  },
  {
    when: /^(TLS handshake failed.*|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))/,
    sure: false,
    text: () => 'does not speak TLS there: set KAFKA_SSL=false, or name the port with TLS in KAFKA_BROKERS',
  },
  {
    when: /^Connection closed/,
    sure: false,
    text: ({ tls, sasl }) => {
      const wishes = [
        ...(tls ? [] : ['TLS (KAFKA_SSL=true)']),
        ...(sasl ? [] : ['a login (KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)']),
      ]
      const wanted = wishes.length > 0 ? `it seems to want ${wishes.join(' or ')}, or` : 'does KAFKA_BROKERS name'
      return `ends the connection at once: ${wanted} another port${wishes.length > 0 ? ' of KAFKA_BROKERS' : '?'}`
    },
  },
]
