import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setPriority } from 'node:os'
import { parseArgs } from 'node:util'
import { secretFile } from './data-dir.ts'
import { openEngine } from './store-engine.ts'
import { storeInterface } from './store-http.ts'

/**
 * The process of the embedded ClickHouse. Says `store ready on <port>` when it can be asked; ends on SIGTERM, and when its parent does
 * (the standard input closes).
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string' },
    penstock: { type: 'string' },
    people: { type: 'string' },
  },
})
const { data = '', port = '0', penstock = '', people = '' } = values

giveWay()
const engine = openEngine(data)
const logins = { penstock: secretFile(penstock), people: secretFile(people) }
const server = createServer(
  { keepAliveTimeout: 60_000, requestTimeout: 0, maxHeaderSize: 1_048_576 },
  storeInterface(engine, logins),
)

const stop = async (): Promise<never> => {
  server.close()
  server.closeIdleConnections()
  await engine[Symbol.asyncDispose]()
  process.exit(0)
}
process.once('SIGTERM', stop)
process.on('SIGINT', () => {}) // Ctrl-C is for our parent, who stops us in order
process.stdin.once('end', stop).once('error', stop).resume()

server.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EADDRINUSE') throw error
  server.listen(0, '127.0.0.1') // the port that we had last time is somebody else's now
})
server.on('listening', () => console.log(`store ready on ${(server.address() as AddressInfo).port}`))
server.listen(Number(port), '127.0.0.1')

/** Whoever waits for an answer goes first: history has time. Linux deals out its processors by session before it looks at a process. */
function giveWay(): void {
  setPriority(10) // before any other thread is there, so that all of them have it
  try {
    writeFileSync('/proc/self/autogroup', '10')
  } catch {} // no such thing here, or asked for too often
}
