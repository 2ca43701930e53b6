import { URL } from '../web/url.ts'
import { AdaptorError } from './failure.ts'

/** Where a request goes: `url` is what is asked, `given` the same before `query` was added, `shown` without what may be secret, for messages. */
export type Address = Readonly<{ url: string; given: string; shown: string; query: Readonly<Record<string, unknown>> }>

/**
 * A path is put behind the base URL with one slash between them. An absolute URL stands for itself; `baseUrl` then only says that it must be of
 * the same origin, because the credential belongs to that.
 */
export const urlOf = (path: string, baseUrl: string | undefined): URL => {
  if (/^https?:\/\//i.test(path)) return absolute(path, baseUrl)
  if (!baseUrl) {
    const wanted = path === '' ? 'No URL was given' : `"${path}" is a path, and nothing says of which server`
    throw new AdaptorError('NO_BASE_URL', `${wanted}. Set baseUrl in the credential, or begin with https://`)
  }
  const base = baseUrl.replace(/\/+$/, '')
  return parsed(path === '' ? base : `${base}/${path.replace(/^\/+/, '')}`)
}

const absolute = (path: string, baseUrl: string | undefined): URL => {
  const url = parsed(path)
  const base = baseUrl ? parsed(baseUrl) : url
  if (url.origin !== base.origin)
    throw new AdaptorError(
      'BASE_URL_MISMATCH',
      `The request goes to ${url.origin}, but baseUrl is ${base.origin}. Use a path, or http.get and the like, which send no credential there`,
    )
  return url
}

const parsed = (text: string): URL => {
  const url = URL.parse(text)
  if (!url) throw new AdaptorError('BAD_URL', `"${withoutSecrets(text)}" is no URL`)
  return url
}

const withoutSecrets = (text: string): string =>
  text
    .replace(/\/\/[^/@]*@/, '//')
    .replace(/[?#].*$/s, '')
    .replace(/^(.{200}).+$/s, '$1…')

/** `query` comes first, then what the URL asks for itself, which wins. Lists are repeated, undefined is left out. */
export const addressOf = (url: URL, query: Readonly<Record<string, unknown>>): Address => {
  const given = url.href
  const own = valuesOf(url)
  const added = Object.entries(query).filter(([name, value]) => !Object.hasOwn(own, name) && value !== undefined)
  const text = added.flatMap(([name, value]) =>
    [value].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(queryText(one))}`),
  )
  url.hash = ''
  if (text.length > 0) url.search = [...text, url.search.slice(1)].filter((part) => part !== '').join('&')
  return {
    url: url.href,
    given,
    shown: `${url.origin}${url.pathname}`,
    query: { ...Object.fromEntries(added), ...own },
  }
}

const queryText = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const valuesOf = ({ searchParams }: URL): Readonly<Record<string, unknown>> => {
  const all = new Map<string, string | string[]>()
  for (const [name, value] of searchParams) {
    const before = all.get(name)
    all.set(name, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value])
  }
  return Object.fromEntries(all)
}
