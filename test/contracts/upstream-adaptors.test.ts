import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { idOf } from '../../processors/runner/adaptors/upstream/bundle.ts'
import { adaptorFinder } from '../../processors/runner/adaptors/upstream/find.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { AdaptorBundle, UpstreamAdaptor } from '../../topology/project/adaptors.ts'
import type { Job } from '../../topology/project/project.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { type Files, localPackages, moduleOf } from '../fixtures/local-packages.ts'
import { openTarget, runHost } from '../fixtures/run-host.ts'
import { jobOf, printed, run, runOf } from './sandbox-jobs.ts'

const shop: UpstreamAdaptor = '@openfn/language-shop@1.2.3'

/** An adaptor as they are written: state of its own, a login around the operations, libraries, modules of Node. */
const files: Files = {
  ...moduleOf(
    '@openfn/language-shop',
    `import { request, Agent, interceptors } from 'undici'
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'fs'
import path from 'path'
import querystring from 'querystring'
import { Readable, Transform } from 'stream'
import util from 'util'
import Ajv from 'ajv'
import old from 'old-library'
let count = 0
let session
export const execute = (...operations) => async (state) => {
  session = (await (await request(state.configuration.baseUrl + '/login', { method: 'POST', body: '{}' })).body.json()).session
  let next = { references: [], ...state }
  for (const operation of operations) next = await operation(next)
  console.log('logged out', session)
  return next
}
const agents = new Map()
const agentOf = (origin) => agents.get(origin) ?? agents.set(origin, new Agent({ connect: {} }).compose(interceptors.redirect({ maxRedirections: 2 }))).get(origin)
export const create = (type, data) => async (state) => {
  const body = JSON.stringify(typeof data === 'function' ? data(state) : data)
  const { statusCode, headers, body: got } = await agentOf(state.configuration.baseUrl).request({
    origin: state.configuration.baseUrl, path: path.posix.join('/things', type), query: { all: true, tag: ['a', 'b'] }, method: 'POST', body,
    headers: { 'x-session': session, 'content-type': 'application/json' } })
  return { ...state, data: await got.json(), statusCode, tags: headers['x-tag'] }
}
export const counted = () => (state) => {
  const seen = globalThis.trace
  globalThis.trace = 'left'
  return { ...state, count: ++count, seen: seen ?? null, builtIn: Array.trace ?? null }
}
export const digested = (text) => (state) => ({ ...state, digest: createHash('sha256').update(text).digest('hex'), uuid: randomUUID().length })
export const piped = (pieces) => async (state) => {
  const upper = new Transform({ transform: (piece, _, done) => done(null, String(piece).toUpperCase()) })
  let text = ''
  for await (const piece of Readable.from(pieces).pipe(upper)) text += piece
  return { ...state, text, query: querystring.parse('a=1&a=2'), told: util.format('%s %d', 'a', 1), bytes: Buffer.from('ä').toString('base64') }
}
export const checked = (schema, value) => (state) => { const validate = new Ajv().compile(schema); return { ...state, right: validate(value), errors: validate.errors } }
export const files = () => (state) => readFileSync('/etc/passwd')
export const code = () => (state) => new Function('return 1')()
export const ended = () => (state) => process.exit(0)
export const later = () => (state) => new Promise((resolve) => process.nextTick(() => setImmediate(() => resolve({ ...state, later: old('x') }))))
const del = () => (state) => state
export { del as delete, del as state }
export default { create }`,
  ),
  'old-library/package.json': '{"name":"old-library","version":"1.0.0","main":"lib.js"}',
  'old-library/lib.js': `var util = require('util'); function Old() {} util.inherits(Old, require('events')); trace = 1
module.exports = function (x) { return x + ' of ' + (new Old() instanceof require('events').EventEmitter) + ' ' + process.env.HOME }`,
}

describe('an upstream adaptor', () => {
  let dir = ''
  let sandbox: OpenSandbox
  let bundle: AdaptorBundle

  const found = async (name: UpstreamAdaptor, all: Files): Promise<AdaptorBundle | string> => {
    const own = await mkdtemp(join(dir, 'cache-'))
    const one = (await adaptorFinder({ packages: localPackages(all), dir: own })([name])).get(name)
    return one === undefined ? 'nothing' : 'problem' in one ? one.problem : one.bundle
  }
  const outcomeOf = (code: string, configuration: object = {}): Promise<Outcome> => {
    const { http } = runHost()
    const answer = async ({ text }: { text: string }) => JSON.stringify(await http(JSON.parse(text)))
    const job = jobOf(code, { adaptor: shop, bundle })
    return sandbox.run({ run, job, state: JSON.stringify({ configuration }), answer }, new AbortController().signal)
  }
  const login = () =>
    openTarget(({ url, headers, body }, to) =>
      url === '/login'
        ? to.end('{"session":"s1"}')
        : to.setHeader('x-tag', ['a', 'b']).end(JSON.stringify({ url, session: headers['x-session'], body })),
    )

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'adaptors-'))
    sandbox = await openSandbox({ version: '1.2.3' })
    bundle = (await found(shop, files)) as AdaptorBundle
  })
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  test('has for jobs what it exports and a job can name', () => {
    expect(bundle.names.toSorted()).toEqual(
      `checked code counted create digested ended execute files later piped`.split(' '),
    )
  })

  test('carries out the operations of a run itself, and its requests leave by that run', async () => {
    await using target = await login()
    const outcome = await outcomeOf(`create('orders', (state) => ({ n: state.references.length }))`, {
      baseUrl: target.url,
    })
    expect(outcome).toMatchObject({ status: 'success', error: null })
    expect(JSON.parse(outcome.state ?? '')).toMatchObject({
      data: { url: '/things/orders?all=true&tag=a&tag=b', session: 's1', body: '{"n":0}' },
      ...{ statusCode: 200, tags: ['a', 'b'], references: [] },
    })
    expect(printed(outcome)).toEqual(['logged out s1'])
    expect(outcome.log[0]?.message).toBe(`Penstock 1.2.3, Node ${process.version}, adaptor ${shop}`)
  })

  test('begins anew in each run, whatever the one before left in its modules and globals', async () => {
    await using target = await login()
    for (const _ of [1, 2, 3]) {
      const outcome = await outcomeOf('counted()\ncounted()', { baseUrl: target.url })
      expect(JSON.parse(outcome.state ?? '')).toMatchObject({ count: 2, seen: 'left', builtIn: null })
    }
    const once = await outcomeOf('counted()', { baseUrl: target.url })
    expect(JSON.parse(once.state ?? '')).toMatchObject({ count: 1, seen: null })
  })

  test.each([
    [`digested('abc')`, { digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', uuid: 36 }],
    [`piped(['a', 'b'])`, { text: 'AB', query: { a: ['1', '2'] }, told: 'a 1', bytes: 'w6Q=' }],
    [`checked({ type: 'object', required: ['a'] }, { a: 1 })`, { right: true, errors: null }],
    [`checked({ type: 'object', required: ['a'] }, {})`, { right: false, errors: [{ keyword: 'required' }] }],
    ['later()', { later: 'x of true undefined' }],
  ])('has of Node what it needs: %s', async (code, state) => {
    await using target = await login()
    const outcome = await outcomeOf(code, { baseUrl: target.url })
    expect(outcome.error).toBe(null)
    expect(JSON.parse(outcome.state ?? '')).toMatchObject(state)
  })

  test.each([
    ['files()', 'fs.readFileSync is not available in a job: it has no files'],
    ['code()', 'This adaptor makes code of text (eval, new Function), and no code in a job may'],
    ['ended()', 'An adaptor cannot end the process: throw an error instead'],
  ])('says why it cannot do %s', async (code, message) => {
    await using target = await login()
    expect((await outcomeOf(code, { baseUrl: target.url })).error).toMatchObject({
      message,
      operation: code.slice(0, -2),
      line: 1,
    })
  })

  test('that lacks what a job imports, is not there, cannot be read or loaded ends its runs as ImportError', async () => {
    const endOf = async (changes: Partial<Job>): Promise<unknown> => {
      const job = jobOf(`import { nope } from '@openfn/language-shop'\ncounted()`, {
        adaptor: shop,
        bundle,
        ...changes,
      })
      const { status, exitCode, error } = await runOf(sandbox, job)
      return { status, exitCode, error }
    }
    const crashed = { status: 'crashed', exitCode: 1 }
    const scriptOf = (text: string): Partial<Job> => ({
      code: 'counted()',
      bundle: { id: idOf(text), names: ['counted'], code: text },
    })
    expect(await endOf({})).toMatchObject({
      ...crashed,
      error: { name: 'ImportError', message: expect.stringMatching(/^There is no "nope" in/), line: 1, column: 10 },
    })
    expect(await endOf({ bundle: null })).toMatchObject({
      ...crashed,
      error: {
        ...{ name: 'ImportError', line: null },
        message: `The script of ${shop} is not in the definitions: deploy the project again`,
      },
    })
    expect(await endOf(scriptOf('(($world,'))).toMatchObject({
      ...crashed,
      error: {
        name: 'ImportError',
        message: expect.stringMatching(`^The script of ${shop} cannot be read \\(`),
        line: null,
      },
    })
    expect(await endOf(scriptOf('(() => { throw new TypeError("no luck") })'))).toMatchObject({
      ...crashed,
      error: { name: 'ImportError', message: `${shop} cannot be loaded (TypeError: no luck)`, line: null },
    })
  })

  test('is the same script wherever and whenever it is made', async () => {
    expect(await found(shop, files)).toEqual(bundle)
    expect(bundle.code).not.toContain(tmpdir())
    expect(bundle.code).not.toContain(process.cwd())
  })

  test.each([
    [
      'sockets',
      'import net from "net"\nexport const fn = () => net.connect(1)',
      /needs Node's "net", and jobs have HTTP only\.$/,
    ],
    ['luck', 'throw new Error("no luck")', /it cannot be loaded \(Error: no luck\)\.$/],
    ['an end', 'export const fn = (', /it cannot be made one script: Unexpected end of file\.$/],
    [
      'what nobody has',
      'import "nowhere-at-all"',
      /it cannot be made one script: Could not resolve "nowhere-at-all"\.$/,
    ],
    ['to wait', 'export const n = await 1', /it cannot be made one script: Top-level await/],
    ['exports', 'const a = 1', /it exports nothing\.$/],
    ['room', `export const text = "${'x'.repeat(10_000_000)}"`, /it has \d+ bytes, and 10000000 are the most\.$/],
    [
      'memory',
      'export const f = []; for (;;) f.push(new Array(1e6).fill(f))',
      /it cannot be loaded \(|the process that loaded it ended/,
    ],
  ])('that needs %s is refused with the reason', async (_, text, reason) => {
    const problem = await found('@openfn/language-odd@1.2.3', moduleOf('@openfn/language-odd', text))
    expect(problem).toMatch(/^@openfn\/language-odd@1\.2\.3 is no adaptor for jobs: /)
    expect(problem).toMatch(reason)
  })

  test('that needs machine code is refused with the reason', async () => {
    const files: Files = {
      ...moduleOf('@openfn/language-odd', 'import fast from "fast"\nexport const fn = fast'),
      'fast/package.json': '{"name":"fast","version":"1.0.0","main":"index.js"}',
      'fast/index.js': 'module.exports = require("./fast.node")',
      'fast/fast.node': 'machine code',
    }
    expect(await found('@openfn/language-odd@1.2.3', files)).toMatch(
      /: fast is a native module, and jobs load no machine code\.$/,
    )
  })

  test('of the oldest kind has what its default export holds', async () => {
    const old = moduleOf('@openfn/language-old', 'export default { fn: (f) => f, each: () => {} }')
    expect(await found('@openfn/language-old@1.2.3', old)).toMatchObject({ names: ['fn', 'each'] })
  })

  test('is fetched once, and again when what was kept is not what was made', async () => {
    const own = await mkdtemp(join(dir, 'cache-'))
    const packages = localPackages(moduleOf('@openfn/language-odd', 'export const fn = (f) => f'))
    const find = adaptorFinder({ packages, dir: own })
    const names: readonly UpstreamAdaptor[] = [
      '@openfn/language-odd',
      '@openfn/language-odd@latest',
      '@openfn/language-odd@1.2.3',
    ]
    const all = await Promise.all([find(names), find(names)])
    expect(packages.installs).toEqual(['@openfn/language-odd@1.2.3'])
    expect(all[1]?.get('@openfn/language-odd')).toEqual(all[0]?.get('@openfn/language-odd@1.2.3'))

    const [file = ''] = await readdir(own)
    await writeFile(join(own, file), (await readFile(join(own, file), 'utf8')).replace('"code":"', '"code":"evil();'))
    expect(await find(['@openfn/language-odd'])).toEqual(
      new Map([['@openfn/language-odd', all[0]?.get('@openfn/language-odd')]]),
    )
    expect(packages.installs).toHaveLength(2)
  })

  test('that was deployed before is not fetched again', async () => {
    const packages = localPackages({})
    const find = adaptorFinder({ packages, dir: await mkdtemp(join(dir, 'cache-')), known: () => bundle })
    expect(await find([shop])).toEqual(new Map([[shop, { adaptor: shop, bundle }]]))
    expect(packages.installs).toEqual([])
  })
})
