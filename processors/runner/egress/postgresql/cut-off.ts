import type { Connect } from './connection.ts'
import type { SqlServer } from './sql-call.ts'

/**
 * Asks a server to cut off what a connection is doing, which is done by another connection (CancelRequest): of one that is only closed, the
 * server does not hear while it works. Nobody answers; whether it came to anything nobody is told.
 */
export const cutOff = async (
  server: SqlServer,
  { connect, secret }: Readonly<{ connect: Connect; secret: Buffer }>,
): Promise<void> => {
  if (secret.length === 0) return
  const request = Buffer.concat([Buffer.alloc(8), secret])
  request.writeInt32BE(request.length, 0)
  request.writeInt32BE(cancelRequest, 4)
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const socket = await connect(server, signal)
    const end = (): void => void socket.destroy()
    signal.addEventListener('abort', end, { once: true })
    await new Promise<void>((resolve) => {
      socket.on('close', () => resolve()).resume() // the server closes it when it is done
      socket.end(request)
    })
  } catch {} // it is away, so its statement will end without us
}

const cancelRequest = 80_877_102
const patienceMs = 5_000
