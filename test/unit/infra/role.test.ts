import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { runningProcess } from '../../../infra/embedded/process-id.ts'

test('a role that ends by itself ends the process with 0', async () => {
  expect(await endOf(role(`async () => console.log('done')`))).toMatchObject({ code: 0, out: 'done\n' })
})

test('the first signal ends the reading, and the role may finish what it has', async () => {
  const running = role(`async ({ stop }) => {
    console.log('up')
    await aborted(stop.reading)
    console.log('no more', stop.working.aborted)
  }`)
  await said(running, 'up')
  running.kill('SIGTERM')
  expect(await endOf(running)).toMatchObject({ code: 0, out: expect.stringContaining('no more false') })
})

test('when the drain is over, what is in hand is dropped', async () => {
  const running = role(
    `async ({ stop }) => {
      console.log('up')
      await aborted(stop.working)
      stop.working.throwIfAborted()
    }`,
    { DRAIN_SECONDS: '0' },
  )
  await said(running, 'up')
  running.kill('SIGINT')
  expect(await endOf(running)).toMatchObject({ code: 0, errors: '' })
})

test('Ctrl-C that comes twice at once, from the terminal and from npm, is one wish', async () => {
  const { code, out } = await endOf(
    role(`async ({ stop }) => {
      for (const _ of ['the terminal', 'npm']) {
        process.kill(process.pid, 'SIGINT')
        await once(process, 'SIGINT')
      }
      console.log('stopping:', stop.reading.aborted, 'dropped:', stop.working.aborted)
    }`),
  )
  expect(code).toBe(0)
  expect(out).toContain('stopping: true dropped: false')
})

test('Ctrl-C again, when somebody has lost patience, drops what is in hand', async () => {
  const impatient = role(
    `async ({ stop }) => {
      const again = setInterval(() => process.kill(process.pid, 'SIGINT'), 100)
      await aborted(stop.working)
      clearInterval(again)
    }`,
    { DRAIN_SECONDS: '600' },
  )
  expect((await endOf(impatient)).code).toBe(0)
})

test('a role that broke ends with 1 and says why', async () => {
  const { code, out } = await endOf(role(`async () => { throw new Error('no river') }`))
  expect(code).toBe(1)
  expect(out).toContain('no river')
})

test('what a person can mend is told in its sentence alone', async () => {
  const { code, errors, out } = await endOf(role(`async () => { throw new StartProblem('Install a river.') }`))
  expect({ code, errors, out }).toEqual({ code: 1, errors: 'Install a river.\n', out: '' })
})

test('bad settings end it before it begins', async () => {
  const { code, errors, out } = await endOf(role(`async () => console.log('began')`, { PORT: 'x' }))
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(errors).toContain('PORT must be')
})

test('an exception that nobody caught stops the role in order, with 1', async () => {
  const { code, out } = await endOf(
    role(`async ({ stop }) => {
      setImmediate(() => { throw new Error('a bug of a client') })
      await aborted(stop.working)
      console.log('cleaned up')
    }`),
  )
  expect(code).toBe(1)
  expect(out).toContain('a bug of a client')
  expect(out).toContain('cleaned up')
})

test('a role that does not end is ended by force, with 1, and says so', async () => {
  const stuck = role(
    `async () => {
      console.log('up')
      await new Promise(() => {})
    }`,
    { DRAIN_SECONDS: '0' },
  )
  await said(stuck, 'up')
  stuck.kill('SIGTERM')
  const { code, out } = await endOf(stuck)
  expect(code).toBe(1)
  expect(out).toContain('Ended by force')
}, 30_000)

test('no child outlives its role', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'penstock-role-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const { code, out } = await endOf(
    role(`async () => {
      const dir = ${JSON.stringify(dir)}
      const child = await startChild({ name: 'reed', dir, command: process.execPath, ready: /ready/,
        args: ['-e', "console.log('ready'); setInterval(() => {}, 1e6)", dir] })
      console.log('child ' + child.pid)
      throw new Error('forgot the child')
    }`),
  )
  expect(code).toBe(1)
  const pid = Number(/child (\d+)/.exec(out)?.[1])
  await expect.poll(() => runningProcess(pid)).toBeUndefined()
})

const infra = new URL('../../../infra/', import.meta.url).href

const role = (run: string, env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams => {
  const program = `
    import { once } from 'node:events'
    import { startChild } from '${infra}embedded/child.ts'
    import { runRole } from '${infra}role.ts'
    import { StartProblem } from '${infra}start-problem.ts'
    const aborted = (signal) => new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const keepAlive = setInterval(() => {}, 1e6)
      signal.addEventListener('abort', () => { clearInterval(keepAlive); resolve() })
    })
    await runRole('test', ${run})`
  return spawn(process.execPath, ['--input-type=module', '-e', program], { env: { PATH: process.env['PATH'], ...env } })
}

type End = Readonly<{ code: number | null; out: string; errors: string }>

const endOf = async (running: ChildProcessWithoutNullStreams): Promise<End> => {
  const [out, errors, [code]] = await Promise.all([allOf(running), text(running.stderr), once(running, 'close')])
  return { code: code as number | null, out, errors }
}

/** What it had said when somebody waited for a word, and the rest. */
const heard = new WeakMap<ChildProcessWithoutNullStreams, string>()

const said = async (running: ChildProcessWithoutNullStreams, word: string): Promise<void> => {
  while (!heard.get(running)?.includes(word)) {
    const [chunk] = await once(running.stdout, 'data')
    heard.set(running, `${heard.get(running) ?? ''}${chunk}`)
  }
}

const allOf = async (running: ChildProcessWithoutNullStreams): Promise<string> =>
  `${heard.get(running) ?? ''}${await text(running.stdout)}`
