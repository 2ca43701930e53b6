/** Node's module `url`: the standard's classes, and of the older functions what can be told by them. */
export const { URL, URLSearchParams } = globalThis

/** The parts of a URL; of what is none, a path. */
export const parse = (text: string, withQuery = false): Readonly<Record<string, unknown>> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const { pathname, search, hash } = url ?? new URL(text, 'http://nowhere')
  const query = withQuery ? Object.fromEntries(new URLSearchParams(search)) : search.slice(1) || null
  const path = { pathname, search: search || null, hash: hash || null, query, path: `${pathname}${search}` }
  if (!url)
    return { protocol: null, slashes: null, auth: null, host: null, port: null, hostname: null, ...path, href: text }
  const { protocol, username, password, host, hostname, port, href } = url
  const auth = username === '' ? null : decodeURIComponent(password === '' ? username : `${username}:${password}`)
  return { protocol, slashes: true, auth, host, hostname, port: port || null, ...path, href }
}

/** A URL of its parts, as `parse` gives them. */
export const format = (url: URL | string | Readonly<Record<string, unknown>>): string => {
  if (typeof url === 'string') return parse(url)['href'] as string
  if (url instanceof URL) return url.href
  const { protocol, auth, host, hostname, port, pathname, search, query, hash } = url
  const scheme = protocol ? `${String(protocol).replace(/:?$/, ':')}//` : ''
  const place = host ?? (hostname ? `${hostname}${port ? `:${port}` : ''}` : '')
  const asked = search ?? (typeof query === 'object' && query !== null ? `?${new URLSearchParams(query as never)}` : '')
  return `${scheme}${auth ? `${auth}@` : ''}${place}${pathname ?? ''}${asked}${hash ?? ''}`
}

export const resolve = (from: string, to: string): string => new URL(to, new URL(from, 'http://nowhere')).href

export const fileURLToPath = (url: string | URL): string => decodeURIComponent(new URL(url).pathname)
export const pathToFileURL = (path: string): URL => new URL(`file://${encodeURI(path)}`)
