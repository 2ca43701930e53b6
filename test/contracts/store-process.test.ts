import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runningProcess } from '../../infra/embedded/process-id.ts'
import { startStore } from '../../infra/embedded/store.ts'
import { freePort, until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

/** The process of the embedded store: how it starts, what it keeps, how it ends. */
describe('the process of the embedded store', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'penstock-store-'))
  })
  afterEach(async () => {
    await rm(dataDir, { recursive: true })
  })
  const ask = async ({ url, user, password }: Awaited<ReturnType<typeof startStore>>, query: string): Promise<string> =>
    (await fetch(`${url}/?user=${user}&password=${password}`, { method: 'POST', body: query })).text()

  test('keeps data, passwords and port over a restart', async () => {
    const first = await startStore({ dataDir, logger: silent })
    await ask(first, 'CREATE TABLE default.t (a String) ENGINE = MergeTree ORDER BY a')
    await ask(first, "INSERT INTO default.t VALUES ('kept')")
    await first[Symbol.asyncDispose]()
    expect(runningProcess(first.pid)).toBeUndefined()
    await using second = await startStore({ dataDir, logger: silent })
    expect(await ask(second, 'SELECT a FROM default.t')).toBe('kept\n')
    const { url, password, peoplePassword } = second
    expect({ url, password, peoplePassword }).toEqual({
      url: first.url,
      password: first.password,
      peoplePassword: first.peoplePassword,
    })
    expect((await stat(join(dataDir, 'sql-password'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(dataDir, 'store-password'))).mode & 0o777).toBe(0o600)
  })

  test('takes another port when its old one is somebody else’s by now', async () => {
    const somebody = createServer().listen(0, '127.0.0.1')
    await once(somebody, 'listening')
    const address = somebody.address()
    const port = typeof address === 'object' && address ? address.port : 0
    await writeFile(join(dataDir, 'store-port'), String(port))
    await using store = await startStore({ dataDir, logger: silent })
    expect(store.url).not.toContain(`:${port}`)
    expect(await ask(store, 'SELECT 1')).toBe('1\n')
    await expect(startStore({ dataDir: join(dataDir, 'other'), port, logger: silent })).rejects.toThrow(
      `Port ${port} is in use by another program`,
    )
    somebody.close()
  })

  test('listens on the port that was chosen', async () => {
    const port = await freePort()
    await using store = await startStore({ dataDir, port, logger: silent })
    expect(store.url).toBe(`http://127.0.0.1:${port}`)
  })

  test('ends when the one that started it is killed', async () => {
    const program = `import { startStore } from ${JSON.stringify(join(root, 'infra/embedded/store.ts'))}
      const silent = { debug() {}, info() {}, warn() {}, error() {} }
      const store = await startStore({ dataDir: ${JSON.stringify(dataDir)}, logger: silent })
      console.log(store.pid)`
    const starter = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string]
    expect(runningProcess(Number(line))).toBeDefined()
    starter.kill('SIGKILL')
    await until(() => runningProcess(Number(line)) === undefined, 'the store has ended')
  })
})

const root = join(import.meta.dirname, '../..')
