import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from '../../topology/http.ts'

/**
 * `no-room`: all bodies of this process together are as many bytes as it holds at once. `gone`: the client went away, or sent something that
 * is no HTTP, before the body was complete.
 */
export type BodyRead = Readonly<
  { kind: 'read'; bytes: Buffer } | { kind: 'too-large' } | { kind: 'no-room' } | { kind: 'gone' }
>

/** What one request holds of the bytes that all may hold together. */
export type Held = Readonly<{
  /** Whether so many more have room. */
  has(bytes: number): boolean
  take(bytes: number): void
  /** The request is over. */
  release(): void
}>

/** The bytes that all requests of a process may hold at once, from the first that was received until they are answered. */
export const openRoom = (mostBytes: number): (() => Held) => {
  let all = 0
  return () => {
    let own = 0
    return {
      has: (bytes) => all + bytes <= mostBytes,
      take(bytes) {
        all += bytes
        own += bytes
      },
      release() {
        all -= own
        own = 0
      },
    }
  }
}

export type Limits = Readonly<{ limit: number; held: Held }>

/** Reads the whole body; of one that is longer than `limit` bytes, or for which there is no room, it keeps no more than that. */
export const readBody = (
  request: IncomingMessage,
  response: ServerResponse,
  { limit, held }: Limits,
): Promise<BodyRead> => {
  if (request.headers.expect !== undefined) response.writeContinue()
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    let over = false
    const end = (read: BodyRead): void => {
      over = true
      resolve(read)
    }
    request.on('data', (chunk: Buffer) => {
      if (over) return
      size += chunk.length
      if (size > limit) end({ kind: 'too-large' })
      else if (!held.has(chunk.length)) end({ kind: 'no-room' })
      else {
        held.take(chunk.length)
        chunks.push(chunk)
      }
    })
    request.on('end', () => end({ kind: 'read', bytes: onlyOf(chunks) ?? Buffer.concat(chunks, size) }))
    request.on('close', () => end({ kind: 'gone' })) // what was said first counts
    request.on('error', ignore)
  })
}

/**
 * Reads on and forgets, so that a client that sends first and listens later gets to read why it was refused: closing at once would
 * make its system throw our answer away. After `discardBytes` the connection is cut.
 */
export const discardRest = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.complete || !hasBody(request.headers)) return
  const hangUp = request.headers.connection?.toLowerCase() === 'close'
  response.shouldKeepAlive = true // or Node closes as soon as the answer is written
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > discardBytes) request.socket.destroy()
  })
  request.on('end', () => hangUp && request.socket.end())
  request.on('error', ignore)
}

const discardBytes = 64_000_000

const onlyOf = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined)

const ignore = (): void => {} // `close` follows and says all that matters
