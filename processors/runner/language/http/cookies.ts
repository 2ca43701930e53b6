import type { RunHost } from '../host.ts'
import type { URL } from '../web/url.ts'

/** The cookies of one run (RFC 6265, without a list of public suffixes): kept when a request says `keepCookie`, sent with every later one. */
export type Cookies = Readonly<{
  keep(url: URL, lines: readonly string[]): readonly string[]
  headerFor(url: URL): string | null
}>

type Cookie = Readonly<{ name: string; value: string; domain: string; own: boolean; path: string; secure: boolean }>

/** A run's own: its host is made for it alone, no job can reach it, and both are gone together. */
export const cookiesOf = (host: RunHost): Cookies => {
  const before = jars.get(host)
  if (before) return before
  const made = openCookies()
  jars.set(host, made)
  return made
}

const jars = new WeakMap<RunHost, Cookies>()

const openCookies = (): Cookies => {
  let kept: readonly Cookie[] = []
  return {
    keep: (url, lines) => {
      const cookies = lines.flatMap((line) => parse(line, url) ?? [])
      for (const { cookie, over } of cookies) {
        const others = kept.filter((one) => !same(one, cookie))
        kept = over ? others : [...others, cookie]
      }
      return cookies.map(({ cookie }) => pair(cookie))
    },
    headerFor: (url) => {
      const fit = kept.filter((cookie) => belongs(cookie, url))
      return fit.length > 0 ? fit.map(pair).join('; ') : null
    },
  }
}

const pair = ({ name, value }: Cookie): string => `${name}=${value}`

const same = (a: Cookie, b: Cookie): boolean => a.name === b.name && a.domain === b.domain && a.path === b.path

const belongs = ({ domain, own, path, secure }: Cookie, url: URL): boolean =>
  (url.hostname === domain || (!own && url.hostname.endsWith(`.${domain}`))) &&
  (!secure || url.protocol === 'https:') &&
  (url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`))

/** Undefined for what is no cookie, or one of a domain that the server does not belong to. */
const parse = (line: string, url: URL): Readonly<{ cookie: Cookie; over: boolean }> | undefined => {
  const [first = '', ...rest] = line.split(';')
  const equals = first.indexOf('=')
  if (equals < 1) return undefined
  const attributes = new Map(
    rest.map((part): [string, string] => {
      const [name = '', ...value] = part.split('=')
      return [name.trim().toLowerCase(), value.join('=').trim()]
    }),
  )
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase() ?? ''
  if (domain !== '' && domain !== url.hostname && !(url.hostname.endsWith(`.${domain}`) && domain.includes('.')))
    return undefined
  const path = attributes.get('path') ?? ''
  const cookie: Cookie = {
    name: first.slice(0, equals).trim(),
    value: first.slice(equals + 1).trim(),
    domain: domain || url.hostname,
    own: domain === '',
    path: path.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
    secure: attributes.has('secure'),
  }
  return { cookie, over: isOver(attributes) }
}

/** A server takes a cookie back by letting it end in the past. Others live as long as the run. */
const isOver = (attributes: ReadonlyMap<string, string>): boolean => {
  const age = attributes.get('max-age')
  if (age !== undefined) return Number(age) <= 0
  return Date.parse(attributes.get('expires') ?? '') <= Date.now()
}
