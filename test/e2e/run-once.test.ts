import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { machine, until } from '../fixtures/penstock.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-run-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const start = (...args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn('sh', [resolve(import.meta.dirname, '../../bin/penstock'), 'run', ...args], {
    cwd: folder,
    env: { ...machine },
  })

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>

/** Runs it to its end, with what comes by standard input. */
const penstockRun = async (args: readonly string[], input = ''): Promise<Ended> => {
  const child = start(...args)
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  if (child.exitCode === null) await once(child, 'exit')
  return { code: child.exitCode, stdout, stderr }
}

const write = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content)
  return name
}

describe('penstock run', () => {
  test('prints the log to standard error and the final state to standard output, or into a file', async () => {
    const job = write(
      'job.js',
      "fn(state => { console.log('seen', state.a); console.warn('careful'); return { ...state, b: 2 } })\n",
    )
    const state = write('state.json', '{"a":1}')
    const printed = await penstockRun([job, '-s', state])
    expect({ ...printed, stdout: JSON.parse(printed.stdout) }).toEqual({
      code: 0,
      stdout: { a: 1, b: 2 },
      stderr: expect.stringMatching(
        /^info {2}Penstock .*adaptor common@.*\nlog {3}seen 1\nwarn {2}careful\nsuccess in \d+ ms\n$/,
      ),
    })
    const kept = await penstockRun([job, '-s', '-', '-o', 'final.json'], '{"a":5}')
    expect(kept).toMatchObject({ code: 0, stdout: '' })
    expect(JSON.parse(readFileSync(join(folder, 'final.json'), 'utf8'))).toEqual({ a: 5, b: 2 })
  })

  test.each<[string, string, number, RegExp]>([
    [
      'throws',
      'fn(s => s)\n\tfn(state => state.a.b.c)\n',
      1,
      /\.js:2:22: TypeError in fn\(…\): .*\n\tfn\(state => state\.a\.b\.c\)\n\t {20}\^\nfailed in \d+ ms, exit code 1\n$/,
    ],
    [
      'is no job',
      'fn(s => s)\nif (1) fn(s => s)\n',
      1,
      /\.js:2:8: SyntaxError: fn\(…\) would never run here.*\nif \(1\) fn\(s => s\)\n {7}\^\ncrashed in/,
    ],
    [
      'knows no such name',
      'fn(() => { return procces })\n',
      1,
      /\.js:1:12: ReferenceError in fn\(…\): procces is not defined\n/,
    ],
    [
      'does not end',
      'fn(() => { for (;;); })\n',
      2,
      /TimeoutError: The job took more than 1000 ms.*\nkilled in \d+ ms, exit code 2\n$/,
    ],
    [
      'wants too much memory',
      'fn(() => { const all = []; for (;;) all.push(new Array(1e5).fill(1)) })\n',
      134,
      /OOMError.*\nkilled in \d+ ms, exit code 134\n$/,
    ],
    [
      'leaves too large a state',
      "fn(() => 'x'.repeat(1.1e7))\n",
      4,
      /StateTooLargeError.*\n(?:.*\n)*killed in \d+ ms, exit code 4\n$/,
    ],
  ])('a job that %s: its own line, a mark, and the exit code of the outcome', async (_, code, exitCode, said) => {
    const job = write(`job-${exitCode}-${code.length}.js`, code)
    const { code: ended, stderr } = await penstockRun([job, '-t', '1s', '-m', '32'])
    expect([ended, stderr]).toEqual([exitCode, expect.stringMatching(said)])
  })

  test('--json prints all that is known of the run, a failed one too', async () => {
    const job = write(
      'failing.js',
      "fn(() => { console.log('a'); throw Object.assign(new Error('no'), { details: { why: 1 } }) })\n",
    )
    const { code, stdout, stderr } = await penstockRun([job, '--json'])
    expect([code, stderr]).toEqual([1, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ status: 'failed', exit_code: 1, final_state: null, calls: [] },
      error: { name: 'Error', message: 'no', line: 1, operation: 'fn', details: { why: 1 } },
      log: [{ source: 'penstock' }, { source: 'job', message: 'a' }],
    })
  })

  test('a job may call this machine, with a credential whose secrets nobody is shown; --test-mode makes no call', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization ?? '')
      response.setHeader('content-type', 'application/json').end('{"from":"server"}')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    onTestFinished(() => void server.close())
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const credential = write('credential.json', JSON.stringify({ baseUrl, access_token: 'canary-0123456789' }))
    const job = write(
      'calls.js',
      "get('/a')\nfn(state => { console.log(state.configuration.access_token); return { ...state, kept: state.configuration.access_token } })\n",
    )
    const real = await penstockRun([job, '-a', 'http', '-c', credential])
    expect(JSON.parse(real.stdout)).toMatchObject({ data: { from: 'server' }, kept: '***' })
    expect([real.code, seen]).toEqual([0, ['Bearer canary-0123456789']])
    expect(real.stderr).toMatch(/adaptor http@.*\n(?:.*\n)*success in \d+ ms, one call\n$/)
    const tried = await penstockRun([job, '-a', 'http', '-c', credential, '--test-mode'])
    expect(JSON.parse(tried.stdout)).toMatchObject({ data: { test_mode: true } })
    expect([tried.code, seen.length]).toEqual([0, 1])
    expect(`${real.stdout}${real.stderr}${tried.stdout}${tried.stderr}`).not.toContain('canary')
  })

  test.each<[string, readonly string[], string, RegExp]>([
    ['no file', [], '', /^penstock: run takes one file/],
    ['two files', ['a.js', 'b.js'], '', /^penstock: run takes one file/],
    ['a file that is not there', ['none.js'], '', /^penstock: none\.js cannot be read: ENOENT/],
    ['an option that there is not', ['a.js', '--nope'], '', /^penstock: Unknown option '--nope'; penstock run --help/],
    [
      'an adaptor that there is not',
      ['a.js', '-a', 'htpp'],
      '',
      /^penstock: There is no adaptor "htpp"; did you mean "http"/,
    ],
    ['a time that is none', ['a.js', '-t', '3x'], '', /^penstock: --timeout: Must be a duration/],
    ['too little memory', ['a.js', '-m', '5'], '', /^penstock: --memory: Must be a whole number from 8 to 2048/],
    ['a state that is no JSON', ['a.js', '-s', '-'], '{"a":', /^penstock: The state is no JSON: /],
    ['a credential that is a list', ['a.js', '-c', 'list.json'], '', /^penstock: list\.json is no credential/],
    [
      'a file to be watched in a directory that is not there',
      ['a.js', '-w', '-c', 'none/list.json'],
      '',
      /^penstock: none\/list\.json cannot be watched: ENOENT/,
    ],
    [
      'standard input that is watched',
      ['a.js', '-w', '-s', '-'],
      '',
      /^penstock: What comes by standard input comes once/,
    ],
  ])('%s: a sentence and exit code 2', async (_, args, input, said) => {
    write('a.js', 'fn(s => s)\n')
    write('list.json', '[]')
    expect(await penstockRun(args, input)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(said) })
  })

  test('--help says what there is, and whom jobs may call', async () => {
    const { code, stdout } = await penstockRun(['--help'])
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: penstock run .*(?:.*\n)*.*your machine/)])
  })

  test('empties the file of the final state before the job does anything, and a run that leaves none leaves it empty', async () => {
    write('out.json', '{"old":1}')
    const failing = write(
      'failing.js',
      "fn(() => { console.log('bell \\u0007 \\u001b[2J\\rsuccess'); throw new Error('x') })\n",
    )
    const { code, stderr } = await penstockRun([failing, '-o', 'out.json'])
    expect([code, readFileSync(join(folder, 'out.json'), 'utf8')]).toEqual([1, ''])
    expect(stderr).toContain('log   bell \\x07 \\x1b[2J\\x0dsuccess\n') // nothing commands the terminal
    const effect = write('effect.js', "fn(() => { console.log('done') })\n")
    expect(await penstockRun([effect, '-o', 'none/out.json'])).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^penstock: none\/out\.json cannot be written: ENOENT.*\n$/),
    })
  })

  test('prints the log while the job runs, and nothing that is secret', async () => {
    const job = write(
      'long.js',
      "fn(state => { console.log('token', state.configuration.token); return new Promise(() => {}) })\n",
    )
    const child = start(job, '-c', write('long.json', '{"token":"s3cret-of-somebody"}'))
    onTestFinished(() => void child.kill('SIGKILL'))
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    await until(
      () => stderr.includes('log   token ***\n'),
      () => `it says so:\n${stderr}`,
    )
    expect([stderr.includes('s3cret'), child.exitCode]).toEqual([false, null])
  })

  test('--watch runs again when the job or the state changes, also after an error, until it is told to end', async () => {
    const job = write('watched.js', 'fn(state => ({ ...state, first: true }))\n')
    const state = write('watched.json', '{"a":1}')
    const child = start(job, '-s', state, '--watch')
    onTestFinished(() => void child.kill('SIGKILL'))
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part))
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    await until(
      () => stdout.includes('"first": true') && stderr.includes('success in'),
      () => `it says so:\n${stdout}${stderr}`,
    )
    write('watched.js', 'fn(state => state.none.at)\n')
    await until(
      () => stderr.includes('watched.js:1:24: TypeError'),
      () => `it says so:\n${stdout}${stderr}`,
    )
    write('watched.js', 'fn(() => { for (;;); })\n')
    write('watched.json', '{"a":')
    await until(
      () => stderr.includes('watched.json is no JSON'),
      () => `it says so:\n${stdout}${stderr}`,
    )
    write('watched.json', '{"a":2}')
    write('watched.js', 'fn(state => ({ ...state, last: true }))\n')
    await until(
      () => stdout.includes('"last": true'),
      () => `it says so:\n${stdout}${stderr}`,
    )
    expect(stdout).toContain('"a": 2')
    child.kill('SIGINT')
    await once(child, 'exit')
    expect(child.signalCode).toBe('SIGINT')
  })
})
