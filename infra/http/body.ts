import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasBody } from '../../topology/http.ts'

/** `gone`: the client went away, or sent something that is no HTTP, before the body was complete. */
export type BodyRead = Readonly<{ kind: 'read'; bytes: Buffer } | { kind: 'too-large' } | { kind: 'gone' }>

/** Reads the whole body; of one that is longer than `limit` bytes it keeps no more than that. */
export const readBody = (request: IncomingMessage, response: ServerResponse, limit: number): Promise<BodyRead> => {
  if (!hasBody(request.headers)) return noBody
  if (request.headers.expect !== undefined) response.writeContinue()
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) resolve({ kind: 'too-large' })
      else chunks.push(chunk)
    })
    request.on('end', () => resolve({ kind: 'read', bytes: onlyOf(chunks) ?? Buffer.concat(chunks, size) }))
    request.on('close', () => resolve({ kind: 'gone' })) // what was said first counts
    request.on('error', ignore)
  })
}

/**
 * Reads on and forgets, so that a client that sends first and listens later gets to read why it was refused: closing at once would
 * make its system throw our answer away. After `discardBytes` the connection is cut.
 */
export const discardRest = (request: IncomingMessage, response: ServerResponse): void => {
  if (!hasBody(request.headers) || request.complete) return
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

const nothing = Buffer.alloc(0)
const noBody: Promise<BodyRead> = Promise.resolve({ kind: 'read', bytes: nothing })

const onlyOf = <T>(items: readonly T[]): T | undefined => (items.length === 1 ? items[0] : undefined)

const ignore = (): void => {} // `close` follows and says all that matters
