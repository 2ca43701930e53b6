import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../../topology/flow/ports.ts'
import { type Exit, startChild, stopSurvivor } from './child.ts'
import { secretFile } from './data-dir.ts'
import { needPort } from './ports.ts'

/** A ClickHouse on this machine: `user` may do all, `peopleUser` may only ask. Disposing stops it. */
export type EmbeddedStore = AsyncDisposable &
  Readonly<{
    url: string
    user: 'penstock'
    password: string
    peopleUser: 'people'
    peoplePassword: string
    pid: number
    /** Resolves when it has ended, for whatever reason. Never rejects. */
    exited: Promise<Exit>
  }>

/** `port`: the one that the user chose; without it the store keeps the one it had, while that is free. */
export type StoreOptions = Readonly<{ dataDir: string; port?: number; logger: Logger }>

/**
 * Starts ClickHouse in a child process on `<dataDir>/clickhouse`; resolves when it answers. A store that an earlier start left behind is
 * stopped first. Throws `StartProblem` when the chosen port is taken. One that was killed can be started again on the same data.
 */
export async function startStore({ dataDir, port, logger }: StoreOptions): Promise<EmbeddedStore> {
  const data = join(dataDir, 'clickhouse')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const place = { name: 'store', dir: dataDir }
  await stopSurvivor(place)
  if (port !== undefined) await needPort('CLICKHOUSE_PORT', { port })

  const files = { penstock: join(dataDir, 'store-password'), people: join(dataDir, 'sql-password') }
  const remembered = join(dataDir, 'store-port')
  const password = secretFile(files.penstock)
  const peoplePassword = secretFile(files.people)

  const child = await startChild({
    ...place,
    command: process.execPath,
    args: [program, `--data=${data}`, `--port=${port ?? portIn(remembered)}`, ...Object.entries(files).map(fileArg)],
    env: { UV_THREADPOOL_SIZE: '16', TZ: 'UTC' }, // a thread for each query that runs; our own environment is none of its business
    ready: /^store ready on (\d+)$/,
    onLine: (line) => logger.debug({ child: 'store' }, line),
  })
  const listening = child.ready[1] ?? ''
  writeFileSync(remembered, listening)
  return {
    url: `http://127.0.0.1:${listening}`,
    user: 'penstock',
    password,
    peopleUser: 'people',
    peoplePassword,
    pid: child.pid,
    exited: child.exited,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

const program = fileURLToPath(new URL('store-child.ts', import.meta.url))

const fileArg = ([login, file]: readonly [string, string]): string => `--${login}=${file}`

/** 0, any free one, where none is remembered. */
const portIn = (file: string): number => {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}
