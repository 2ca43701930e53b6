import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataDir, secretFile } from '../../../../infra/embedded/data-dir.ts'
import { takeLock } from '../../../../infra/embedded/lock.ts'
import { StartProblem } from '../../../../infra/start-problem.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'penstock-data-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a directory is made where there is none, for its owner only', () => {
  const path = join(dir, 'deep', 'down')
  using made = openDataDir(path)
  expect(made.path).toBe(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
})

test('a second instance on the same directory is refused with the process that has it', async () => {
  const { holder } = await heldElsewhere()
  expect(() => openDataDir(dir)).toThrow(StartProblem)
  expect(() => openDataDir(dir)).toThrow(`already runs on ${dir} (process ${holder.pid})`)
  holder.kill()
  await once(holder, 'exit')
})

test('the lock of an instance that was killed does not count', async () => {
  const { holder } = await heldElsewhere()
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  using mine = openDataDir(dir)
  expect(mine.path).toBe(dir)
})

test('the lock of a process whose number another has now does not count', () => {
  writeFileSync(join(dir, 'lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }))
  using mine = openDataDir(dir)
  expect(mine.path).toBe(dir)
})

test('a lock file that is not readable does not count', () => {
  writeFileSync(join(dir, 'lock'), '')
  expect(takeLock(join(dir, 'lock')).kind).toBe('held')
})

test('a lock that is given back can be taken again', () => {
  const file = join(dir, 'lock')
  const first = takeLock(file)
  expect(takeLock(file)).toMatchObject({ kind: 'taken', by: { pid: process.pid } })
  if (first.kind === 'held') first[Symbol.dispose]()
  expect(takeLock(file).kind).toBe('held')
})

test('a directory that cannot be made is refused in one sentence', () => {
  writeFileSync(join(dir, 'file'), '')
  for (const path of [join(dir, 'file'), join(dir, 'file', 'below'), '/proc/none/here'])
    expect(() => openDataDir(path)).toThrow(
      /^The data directory .* cannot be used \(.*\): choose another one with DATA_DIR=<dir>\.$/,
    )
})

test('a secret is made once, long, and for its owner only', () => {
  const file = join(dir, 'admin-token')
  const secret = secretFile(file)
  expect(secret).toMatch(/^[\w-]{43}$/)
  expect(secretFile(file)).toBe(secret)
  expect(readFileSync(file, 'utf8')).toBe(`${secret}\n`)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(secretFile(join(dir, 'other'))).not.toBe(secret)
})

test('a secret that the user wrote is kept', () => {
  writeFileSync(join(dir, 'mine'), 'my own secret\n')
  chmodSync(join(dir, 'mine'), 0o600)
  expect(secretFile(join(dir, 'mine'))).toBe('my own secret')
})

const heldElsewhere = async () => {
  const module = new URL('../../../../infra/embedded/data-dir.ts', import.meta.url).href
  const program = `import { openDataDir } from '${module}'; openDataDir(process.argv[1]); console.log('held'); process.stdin.resume()`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  return { holder }
}
