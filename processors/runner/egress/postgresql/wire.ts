import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CallFailure, failureOf } from '../call-failure.ts'
import type { Hold } from '../places.ts'
import { messagesFrom, notPostgresql, tooLarge } from './messages.ts'

/** A connection as the driver has it, and what stands between the two. */
export type Wire = Readonly<{
  /** What the driver takes for its socket: it connects nowhere, and is given whole messages that were looked at. */
  stream: Duplex
  /** Counts what comes from now on; whoever holds it may make it wait. */
  meter(hold: Hold | undefined): void
  /** What has come since `meter`, in bytes. */
  received(): number
  /** Ends it at once. What the driver was asked then fails with the reason. */
  break(why: CallFailure): void
  /** Ends it in good order, while nothing is asked. */
  end(): void
  /** Why it has ended. */
  broken(): CallFailure | undefined
  /** What the server wants to hear from whoever would cut off a statement; empty before the login. */
  secret(): Buffer
}>

/** A connection, guarded: nothing that a server sends can fill memory, keep the driver busy without end, or throw where nobody catches. */
export const wireOver = (socket: Socket, { maxBytes, host }: Readonly<{ maxBytes: number; host: string }>): Wire => {
  let received = 0
  let hold: Hold | undefined
  let why: CallFailure | undefined
  let secret: Buffer = Buffer.alloc(0)
  const onSecret = (told: Buffer): void => {
    secret = told
  }
  const take = messagesFrom({ maxBytes, host, onSecret })

  const stop = (failure: CallFailure): void => {
    why ??= failure
    socket.destroy()
  }
  const receive = async (chunk: Buffer): Promise<void> => {
    received += chunk.length
    if (received > maxBytes) throw tooLarge(maxBytes)
    if (hold) {
      socket.pause()
      await hold(chunk.length)
      socket.resume()
    }
    const whole = take(chunk)
    if (whole && !socket.destroyed) stream.emit('data', whole)
  }
  socket.on('data', (chunk: Buffer) => {
    receive(chunk).catch((error: unknown) => stop(error instanceof CallFailure ? error : notPostgresql(host)))
  })
  socket.on('error', (error) => {
    why ??= lost(error, host)
  })
  socket.on('close', () => {
    why ??= lost(undefined, host)
    stream.emit('close')
  })

  const stream = Object.assign(new EventEmitter(), {
    writable: true,
    connect: () => void setImmediate(() => stream.emit('connect')),
    setNoDelay: () => {},
    write: (bytes: Buffer, done?: () => void) => socket.write(bytes, done),
    cork: () => socket.cork(),
    uncork: () => socket.uncork(),
    end: () => socket.destroySoon(),
    destroy: () => socket.destroy(),
  })

  return {
    stream: stream as unknown as Duplex,
    meter: (next) => {
      received = 0
      hold = next
    },
    received: () => received,
    break: stop,
    end: () => {
      socket.write(goodBye)
      socket.destroySoon()
    },
    broken: () => why,
    secret: () => secret,
  }
}

/** Terminate: its letter and its length. */
const goodBye: Buffer = Buffer.from([0x58, 0, 0, 0, 4])

/** Never throws: nobody would catch it. */
const lost = (error: unknown, host: string): CallFailure => {
  try {
    return failureOf(error, { host })
  } catch {
    return failureOf(Object.assign(new Error(), { code: 'ECONNRESET' }), { host })
  }
}
