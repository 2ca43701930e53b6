import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Child, type ChildOptions, startChild } from '../../../../infra/embedded/child.ts'
import { isRunning, runningProcess } from '../../../../infra/embedded/process-id.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'penstock-child-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('a child is ready when it says so, and gone when it is disposed', async () => {
  const child = await start(`console.log('ready on 4711'); process.stdin.resume()`)
  expect(child.ready[1]).toBe('4711')
  expect(runningProcess(child.pid)).toBeDefined()
  await child[Symbol.asyncDispose]()
  expect(runningProcess(child.pid)).toBeUndefined()
  expect(await child.exited).toMatchObject({ signal: 'SIGTERM', wanted: true })
  expect(existsSync(join(dir, 'reed.pid'))).toBe(false)
})

test('a child that does not listen to SIGTERM is killed after its grace', async () => {
  const child = await start(`process.on('SIGTERM', () => {}); console.log('ready on 1'); setInterval(() => {}, 1e6)`, {
    graceMs: 200,
  })
  await child[Symbol.asyncDispose]()
  expect(await child.exited).toMatchObject({ signal: 'SIGKILL', wanted: true })
})

test('a child that ends by itself is told as not wanted, with its last words', async () => {
  const child = await start(`console.log('ready on 1'); console.error('the roof is on fire'); process.exitCode = 7`)
  expect(await child.exited).toMatchObject({ code: 7, wanted: false, lastWords: ['ready on 1', 'the roof is on fire'] })
})

test('a child that ends before it is ready fails the start with its last words', async () => {
  await expect(start(`console.error('no bed free'); process.exit(3)`)).rejects.toThrow(
    /ended while starting \(3\).*no bed free/s,
  )
})

test('a child that stays silent is killed and fails the start', async () => {
  const silent = start(`setInterval(() => {}, 1e6)`, { readyWithinMs: 300 })
  await expect(silent).rejects.toThrow('did not become ready')
})

test('a program that does not exist fails the start', async () => {
  await expect(start('', { command: join(dir, 'nothing') })).rejects.toThrow('ENOENT')
})

test('the survivor of a parent that was killed is replaced', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentOf(dir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const survivor = Number(String((await once(parent.stdout, 'data'))[0]))
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  const left = runningProcess(survivor)
  expect(left).toBeDefined()

  await using child = await start(`console.log('ready on 2'); process.stdin.resume()`)
  expect(left && isRunning(left)).toBe(false)
  expect(child.pid).not.toBe(survivor)
})

test("a stale pid file that names another's process leaves that process alone", async () => {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()', dir], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(other, 'spawn')
  writeFileSync(join(dir, 'reed.pid'), JSON.stringify({ pid: other.pid, started: 'at some other time' }))
  await using _child = await start(`console.log('ready on 3'); process.stdin.resume()`)
  expect(runningProcess(other.pid as number)).toBeDefined()
  await ended(other)
})

test('a pid file that is not readable is as good as none', async () => {
  writeFileSync(join(dir, 'reed.pid'), '{"pid":')
  await using child = await start(`console.log('ready on 4'); process.stdin.resume()`)
  expect(child.ready[1]).toBe('4')
})

const start = (program: string, options: Partial<ChildOptions> = {}): Promise<Child> =>
  startChild({
    name: 'reed',
    dir,
    command: process.execPath,
    args: ['-e', program, dir],
    ready: /^ready on (\d+)$/,
    ...options,
  })

const parentOf = (place: string): string => `
  import { startChild } from ${JSON.stringify(new URL('../../../../infra/embedded/child.ts', import.meta.url).href)}
  const child = await startChild({
    name: 'reed', dir: ${JSON.stringify(place)}, command: process.execPath, ready: /ready/,
    args: ['-e', "console.log('ready'); setInterval(() => {}, 1e6)", ${JSON.stringify(place)}],
  })
  console.log(child.pid)`

const ended = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit')
  child.kill()
  await exit
}
