import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { CallFailure } from '../call-failure.ts'
import { pinned } from '../pinned.ts'
import type { SqlServer } from './sql-call.ts'

export type ConnectionOptions = Readonly<{
  /** The checked ones: it goes to one of them and asks for no name again. */
  addresses: readonly string[]
  /** Authorities (PEM) that are trusted where the server's credential names none. */
  ca: readonly string[] | undefined
  signal: AbortSignal
}>

type Place = Pick<SqlServer, 'host' | 'port' | 'tls'>

/** Connects to the checked addresses of a server. */
export type Connect = (server: Place, signal: AbortSignal) => Promise<Socket>

/**
 * A connection to a server, with TLS where that is wanted: a server that has none is told good-bye. The certificate is verified against the host
 * in the call, unless the call says that it need not be. Rejects with CallFailures, errors of the network, and the signal's reason.
 */
export const openConnection = async (
  { host, port, tls }: Place,
  { addresses, ca, signal }: ConnectionOptions,
): Promise<Socket> => {
  signal.throwIfAborted()
  const lookup = pinned(addresses)
  const socket = connect({ host, port, lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 })
  await happened(socket, { event: 'connect', signal })
  if (tls === null) return socket
  socket.write(tlsRequest)
  const answer = await happened(socket, { event: 'data', signal })
  // One byte, and nothing behind it: what came before the handshake could be anybody's.
  if (answer.toString('latin1') !== 'S') {
    socket.destroy()
    throw new CallFailure('NO_TLS', `${host} has no TLS for its database: the credential asks for it (ssl)`)
  }
  const secure = secured(socket, { host, tls, ca })
  await happened(secure, { event: 'secureConnect', signal })
  return secure
}

type Secured = Readonly<{ host: string; tls: NonNullable<SqlServer['tls']>; ca: readonly string[] | undefined }>

const secured = (socket: Socket, { host, tls, ca }: Secured): Socket => {
  const authorities = tls.ca === null ? ca : [tls.ca]
  try {
    return connectTls({
      ...{ socket, host, servername: isIP(host) ? '' : host, rejectUnauthorized: tls.verified },
      ...(authorities && { ca: [...authorities] }),
      ...(tls.cert !== null && { cert: tls.cert }),
      ...(tls.key !== null && { key: tls.key }),
    })
  } catch {
    socket.destroy()
    throw new CallFailure(
      'INVALID_CALL',
      'ca, cert and key of a database are certificates and a key as PEM: one is not',
    )
  }
}

type Event = Readonly<{ event: string; signal: AbortSignal }>

/** What comes with an event of a socket. A socket that ends before, or is not waited for any longer, is gone. */
const happened = (socket: Socket, { event, signal }: Event): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.off(event, onEvent).off('close', onClose)
    }
    const onEvent = (came: Buffer): void => {
      if (event === 'data') socket.pause() // what follows is for whoever reads next
      settle()
      resolve(came)
    }
    const onClose = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))
    const onAbort = (): void => fail(signal.reason)
    const fail = (error: unknown): void => {
      settle()
      socket.destroy()
      reject(error)
    }
    socket.on('error', reject) // for good: an error that nobody hears would end the process
    socket.on(event, onEvent).on('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
  })

/** SSLRequest: its length, and the number that stands for it. */
const tlsRequest: Buffer = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
