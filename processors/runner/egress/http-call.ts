/**
 * One HTTP request that a job makes, as it leaves the realm: JSON, nothing else. `url` is absolute; `redirects` says how many may be followed
 * (at most 5; with 0 the 3xx is the answer); `timeoutMs` null leaves the time to the egress.
 */
export type HttpCall = Readonly<{
  method: string
  url: string
  headers: readonly (readonly [name: string, value: string])[]
  body: string | null
  /** How `body` is to be read. */
  encoding: BodyEncoding
  redirects: number
  timeoutMs: number | null
}>

/** Whatever a server answered, a 500 too. `url` is where the answer came from, after redirects. */
export type HttpAnswer = Readonly<{
  status: number
  statusText: string
  headers: readonly (readonly [name: string, value: string])[]
  url: string
  body: string
  /** `utf8` where the bytes are UTF-8 and few of them control characters, else `base64`. */
  encoding: BodyEncoding
}>

export type BodyEncoding = 'utf8' | 'base64'

/** Why there is no answer. `code` is for programs (`EGRESS_REFUSED`, `ECONNREFUSED`, `ETIMEDOUT` …), `message` for people, without secrets. */
export type HttpFailure = Readonly<{ code: string; message: string }>
