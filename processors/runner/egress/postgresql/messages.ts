import { CallFailure } from '../call-failure.ts'

/**
 * Cuts what a server sends into whole messages, and looks at each before the driver does: it reads them as if every server were PostgreSQL, and
 * some that are not well made would keep it busy for ever, or make gigabytes of a kilobyte. Throws a CallFailure for such, and for one that is too large.
 */
export const messagesFrom = ({ maxBytes, host, onSecret }: MessagesOptions): Take => {
  let held: Buffer[] = []
  let bytes = 0
  let needed = headBytes

  return (chunk) => {
    held.push(chunk)
    bytes += chunk.length
    if (bytes < needed) return undefined
    const all = held.length === 1 ? chunk : Buffer.concat(held)
    let at = 0
    for (needed = headBytes; all.length - at >= headBytes; ) {
      const size = 1 + all.readUInt32BE(at + 1)
      if (size > maxBytes) throw mayBeLarge.has(all[at] ?? 0) ? tooLarge(maxBytes) : notPostgresql(host)
      if (all.length - at < size) {
        needed = size
        break
      }
      const body = all.subarray(at + headBytes, at + size)
      if (size < headBytes || !isSound(all[at], body)) throw notPostgresql(host)
      if (all[at] === secret) onSecret(Buffer.from(body))
      at += size
    }
    held = at < all.length ? [all.subarray(at)] : []
    bytes = all.length - at
    return at > 0 ? all.subarray(0, at) : undefined
  }
}

export type MessagesOptions = Readonly<{
  maxBytes: number
  host: string
  /** Is told what the server wants to hear from whoever would cut off a statement. */
  onSecret: (secret: Buffer) => void
}>

/** Whole messages, once there are any. */
export type Take = (chunk: Buffer) => Buffer | undefined

export const tooLarge = (maxBytes: number): CallFailure =>
  new CallFailure('RESPONSE_TOO_LARGE', `The answer of a database may have ${maxBytes} bytes at most`)

export const notPostgresql = (host: string): CallFailure =>
  new CallFailure('BAD_ANSWER', `${host} answered what is not PostgreSQL`)

const headBytes = 5
const mayBeLarge: ReadonlySet<number> = new Set(Buffer.from('DdTEN'))
const dataRow = 'D'.charCodeAt(0)
const error = 'E'.charCodeAt(0)
const notice = 'N'.charCodeAt(0)
const secret = 'K'.charCodeAt(0)

const isSound = (kind: number | undefined, body: Buffer): boolean => {
  if (kind === dataRow) return hasItsFields(body)
  return (kind !== error && kind !== notice) || hasItsEnd(body)
}

/** As many values as it says, each as long as it says, and nothing else. */
const hasItsFields = (body: Buffer): boolean => {
  if (body.length < 2) return false
  let at = 2
  for (let left = body.readUInt16BE(); left > 0; left--) {
    if (body.length - at < 4) return false
    const length = body.readInt32BE(at)
    if (length < -1) return false
    at += 4 + Math.max(0, length)
  }
  return at === body.length && body.readInt16BE() >= 0
}

/** Texts with a letter before each, and a zero for the end of all. */
const hasItsEnd = (body: Buffer): boolean => {
  let at = 0
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at + 1)
    if (end < 0) return false
    at = end + 1
  }
  return at === body.length - 1
}
