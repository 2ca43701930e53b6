import { isIP } from 'node:net'
import { quote } from './problems.ts'
import { listOf, mustBe, type Read } from './values.ts'

/** One entry of `egress.allow`: hosts that the jobs of a project may call. */
export type AllowedHost = Readonly<{
  /** Null: all of them. */
  scheme: Scheme | null
  /** Null: any. */
  port: number | null
  host: HostPattern
}>

export type Scheme = 'http' | 'https' | 'postgresql'

/** One name, all names below one (below `''`: every host), or addresses. */
export type HostPattern =
  | Readonly<{ kind: 'name' | 'below'; name: string }>
  | Readonly<{ kind: 'range'; network: string; prefix: number; family: 'ipv4' | 'ipv6' }>

/**
 * Reads `https://*.example`, `postgresql://db.local`, `http://erp.local:8080`, `api.example`, `10.1.2.3`, `10.0.0.0/8`. With a scheme and no port it is the port that the
 * scheme has by itself; without a scheme it is all of them, at any port. Null for what is none.
 */
export const parseAllowedHost = (written: string): AllowedHost | null => {
  const range = rangeOf(written)
  if (range) return { scheme: null, port: null, host: range }
  const [, scheme, host = '', digits] = form.exec(written) ?? []
  const pattern = patternOf(host)
  const port = digits === undefined ? null : Number(digits)
  if (!pattern || port === 0 || (port ?? 0) > 65_535) return null
  if (scheme === undefined) return { scheme: null, port, host: pattern }
  const known = schemeOf(scheme.toLowerCase())
  return { scheme: known, port: port ?? ownPorts[known], host: pattern }
}

const allowedHost: Read<AllowedHost> = (value) => {
  const host = typeof value === 'string' ? parseAllowedHost(value) : undefined
  if (host) return { ok: host }
  if (host === undefined) return mustBe('a host as text', value)
  return {
    problem: `${quote(String(value))} is no host: write one like "https://*.example", "*.example", "http://erp.local:8080", "postgresql://db.local:5432", "10.1.2.3" or "10.0.0.0/8", without a path.`,
  }
}

export const allowedHosts: Read<readonly AllowedHost[]> = listOf(allowedHost, 'a list of hosts')

const schemeOf = (written: string): Scheme => (written === 'http' || written === 'https' ? written : 'postgresql') // postgres:// is the same

const ownPorts: Readonly<Record<Scheme, number>> = { http: 80, https: 443, postgresql: 5432 }

const form = /^(?:(https?|postgres(?:ql)?):\/\/)?(\[[^\]]*\]|[^:/[\]@?#\s\\]+)(?::(\d{1,5}))?\/?$/i

const patternOf = (written: string): HostPattern | undefined => {
  if (written === '*') return { kind: 'below', name: '' }
  const wild = written.startsWith('*.')
  const name = hostname(wild ? written.slice(2) : written)
  const address = rangeOf(name.replace(/^\[|\]$/g, ''))
  if (address) return wild ? undefined : address
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) ? { kind: wild ? 'below' : 'name', name } : undefined
}

/** As a URL has it: in lower case, in ASCII, addresses in their one form. Empty when it can stand in none. */
const hostname = (written: string): string => URL.parse(`http://${written}/`)?.hostname.replace(/\.$/, '') ?? ''

const rangeOf = (written: string): (HostPattern & { kind: 'range' }) | undefined => {
  const [, network = '', digits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(written) ?? []
  const version = isIP(network)
  const bits = version === 4 ? 32 : 128
  const prefix = digits === undefined ? bits : Number(digits)
  if (version === 0 || prefix > bits) return undefined
  return { kind: 'range', network, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}
