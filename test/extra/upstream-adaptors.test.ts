import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { npmPackages } from '../../infra/adaptors/npm.ts'
import { adaptorFinder } from '../../processors/runner/adaptors/upstream/find.ts'
import { compileJob } from '../../processors/runner/language/compile.ts'
import { scopeOf } from '../../processors/runner/language/scope.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import {
  type FindAdaptors,
  type FoundAdaptor,
  type Packages,
  type UpstreamAdaptor,
  upstreamParts,
} from '../../topology/project/adaptors.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { jobOf, run } from '../contracts/sandbox-jobs.ts'
import { moduleOf } from '../fixtures/local-packages.ts'
import { openTarget, runHost, type Target } from '../fixtures/run-host.ts'

// What npm has of OpenFn's own adaptors, fetched for real, however long that takes, each in front of a real server. The versions are named, so that a new one breaks nothing.
const common: UpstreamAdaptor = '@openfn/language-common@3.3.4'
const http: UpstreamAdaptor = '@openfn/language-http@7.2.10'
const fhir: UpstreamAdaptor = '@openfn/language-fhir@5.0.15'
const openmrs: UpstreamAdaptor = '@openfn/language-openmrs@5.5.0'

const parts = (name: UpstreamAdaptor): readonly [string, string | null] => {
  const { package: of, version } = upstreamParts(name)
  return [of, version]
}

/** What adaptors ask with that are older than `fetch`: the libraries as npm has them, behind operations of the test's own. */
const libraries: UpstreamAdaptor = '@openfn/language-libraries@1.0.0'
const own = `import request from 'request'
import superagent from 'superagent'
import axios from 'axios'
const auth = { username: 'me', password: 'secret' }
export const byRequest = (method, path, json = true) => (state) => new Promise((resolve, reject) =>
  request({ method, url: state.configuration.baseUrl + path, json, gzip: true, auth }, (error, answer, data) =>
    error ? reject(error) : resolve({ ...state, data, status: answer.statusCode })))
export const bySuperagent = (method, path, sent) => async (state) => {
  const answer = await superagent(method, state.configuration.baseUrl + path).auth(auth.username, auth.password).send(sent)
  return { ...state, data: answer.body, status: answer.status }
}
export const byAxios = (method, url, data) => async (state) => {
  const answer = await axios({ method, baseURL: state.configuration.baseUrl, url, auth, data })
  return { ...state, data: answer.data, status: answer.status }
}`

/** All but common at once, because npm takes its time. openmrs names a version of common that npm does not have, and is given the one that it has. */
const together = {
  dependencies: {
    ...Object.fromEntries([http, fhir, openmrs].map(parts)),
    ...{ request: '2.88.2', superagent: '8.1.2', axios: '1.21.1' },
  },
  overrides: { [parts(openmrs)[0]]: Object.fromEntries([parts(common)]) },
}

/** Common comes as for a deploy, the others lie in `dir` by then. */
const packagesIn = async (dir: string): Promise<Packages> => {
  await writeFile(join(dir, 'package.json'), JSON.stringify({ private: true, ...together }))
  await promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: dir })
  for (const [path, text] of Object.entries(moduleOf(parts(libraries)[0], own))) {
    const file = join(dir, 'node_modules', path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const npm = npmPackages(dir, { limitMs: 500_000 })
  const install: Packages['install'] = async (name, version) =>
    common.startsWith(name) ? npm.install(name, version) : { dir, [Symbol.asyncDispose]: async () => {} }
  return { ...npm, install }
}

describe('adaptors of OpenFn', () => {
  let dir = ''
  let sandbox: OpenSandbox
  let find: FindAdaptors
  let target: Target

  const found = async (name: UpstreamAdaptor): Promise<FoundAdaptor> => {
    const one = (await find([name])).get(name)
    if (!one) throw new Error(`nothing is told of ${name}`)
    return one
  }
  const runOf = async (
    name: UpstreamAdaptor,
    { code, state = {} }: { code: string; state?: object },
  ): Promise<Outcome> => {
    const one = await found(name)
    if ('problem' in one) throw new Error(one.problem)
    const compiled = compileJob(code, scopeOf(one))
    if (compiled.kind === 'problem') throw new Error(compiled.message)
    const { http } = runHost()
    const answer = async ({ text }: { text: string }) => JSON.stringify(await http(JSON.parse(text)))
    return sandbox.run(
      { run, job: jobOf(code, one), state: JSON.stringify(state), answer },
      new AbortController().signal,
    )
  }
  const stateOf = async (name: UpstreamAdaptor, of: { code: string; state?: object }): Promise<unknown> => {
    const outcome = await runOf(name, of)
    if (outcome.error) throw new Error(`${outcome.error.name}: ${outcome.error.message}`)
    return JSON.parse(outcome.state ?? '')
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'adaptors-'))
    find = adaptorFinder({ packages: await packagesIn(dir), dir: join(dir, 'cache') })
    sandbox = await openSandbox({ version: '1.2.3' })
    target = await openTarget(({ method, url, headers, body }, to) => {
      if (url === '/moved') to.writeHead(302, { location: '/there' }).end()
      else if (url === '/broken') to.writeHead(500, { 'content-type': 'application/json' }).end('{"why":"bad day"}')
      else if (url === '/xml') to.writeHead(200, { 'content-type': 'text/xml' }).end('<a><b>1</b></a>')
      else {
        to.writeHead(200, { 'content-type': 'application/json' })
        to.end(
          JSON.stringify({ method, url, authorization: headers.authorization, type: headers['content-type'], body }),
        )
      }
    })
  })
  afterAll(async () => {
    await target[Symbol.asyncDispose]()
    await sandbox[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const cases: readonly (readonly [
    string,
    UpstreamAdaptor,
    (url: string) => { code: string; state?: object },
    object,
  ])[] = [
    [
      'each',
      common,
      () => ({
        code: `each($.data, fn((state) => ({ ...state, sum: (state.sum ?? 0) + state.data })))`,
        state: { data: [1, 2] },
      }),
      { sum: 3 },
    ],
    ['parseCsv', common, () => ({ code: `parseCsv('a,b\\n1,2')` }), { data: [{ a: '1', b: '2' }] }],
    [
      'dateFns',
      common,
      () => ({ code: `fn((state) => ({ ...state, day: dateFns.format(new Date(0), 'yyyy') }))` }),
      { day: '1970' },
    ],
    [
      'validate',
      common,
      () => ({ code: `validate({ type: 'array' }, '$.data')`, state: { data: {} } }),
      { validationErrors: [{ errors: [{ keyword: 'type' }] }] },
    ],
    ['cursor', common, () => ({ code: `cursor('2024-01-01')` }), { cursor: '2024-01-01' }],
    ['util.uuid', common, () => ({ code: `fn((state) => ({ ...state, long: util.uuid().length }))` }), { long: 36 }],
    [
      'http.get',
      common,
      (url) => ({ code: `http.get('${url}/a', { query: { b: 1 } })` }),
      { data: { method: 'GET', url: '/a?b=1' } },
    ],
    [
      'get, with the credential',
      http,
      (baseUrl) => ({
        code: `get('/a', { query: { b: $.data } })`,
        state: { data: 'ö', configuration: { baseUrl, username: 'me', password: 'secret' } },
      }),
      {
        data: { method: 'GET', url: '/a?b=%C3%B6', authorization: 'Basic bWU6c2VjcmV0' },
        response: { statusCode: 200 },
      },
    ],
    [
      'post',
      http,
      (baseUrl) => ({
        code: `post('/a', (state) => state.data).then((state) => ({ ...state, chained: true }))`,
        state: { data: { n: 1 }, configuration: { baseUrl } },
      }),
      { data: { method: 'POST', body: '{"n":1}', type: 'application/json' }, chained: true },
    ],
    [
      'put',
      http,
      (baseUrl) => ({ code: `put('/a', 'text')`, state: { configuration: { baseUrl } } }),
      { data: { method: 'PUT', body: 'text' } },
    ],
    [
      'a redirect',
      http,
      (baseUrl) => ({ code: `get('/moved', { maxRedirections: 2 })`, state: { configuration: { baseUrl } } }),
      { data: { url: '/there' } },
    ],
    [
      'a form',
      http,
      (baseUrl) => ({ code: `post('/a', { b: 'c' }, { contentType: 'form' })`, state: { configuration: { baseUrl } } }),
      { data: { body: expect.stringContaining('name="b"') } },
    ],
    [
      'request',
      http,
      (baseUrl) => ({ code: `request('PATCH', '/a', { body: { n: 1 } })`, state: { configuration: { baseUrl } } }),
      { data: { method: 'PATCH', body: '{"n":1}' } },
    ],
    [
      'get',
      fhir,
      (baseUrl) => ({
        code: `get('Patient/1', { _count: 1 })`,
        state: { configuration: { baseUrl, apiPath: '/fhir', access_token: 'secret' } },
      }),
      { data: { url: '/fhir/Patient/1?_count=1', authorization: 'Bearer secret' } },
    ],
    [
      'create',
      fhir,
      (baseUrl) => ({
        code: `create('Patient', { id: $.data.id })`,
        state: { data: { id: 'x' }, configuration: { baseUrl } },
      }),
      { data: { method: 'POST', url: '/Patient', type: 'application/fhir+json' } },
    ],
    [
      'create',
      openmrs,
      (instanceUrl) => ({
        code: `create('patient', (state) => state.data)`,
        state: { data: { n: 1 }, configuration: { instanceUrl, username: 'me', password: 'secret' } },
      }),
      { data: { method: 'POST', url: '/ws/rest/v1/patient', authorization: 'Basic bWU6c2VjcmV0', body: '{"n":1}' } },
    ],
    [
      'get',
      openmrs,
      (instanceUrl) => ({ code: `get('patient', { q: 'Sarah' })`, state: { configuration: { instanceUrl } } }),
      { data: [{ method: 'GET', url: '/ws/rest/v1/patient?q=Sarah' }] },
    ],
    ...['byRequest', 'bySuperagent', 'byAxios'].flatMap((name): (typeof cases)[number][] => [
      [
        name,
        libraries,
        (baseUrl) => ({ code: `${name}('POST', '/a', { n: 1 })`, state: { configuration: { baseUrl } } }),
        {
          data: { method: 'POST', body: '{"n":1}', authorization: 'Basic bWU6c2VjcmV0', type: 'application/json' },
          status: 200,
        },
      ],
      [
        `${name}, led on`,
        libraries,
        (baseUrl) => ({ code: `${name}('GET', '/moved')`, state: { configuration: { baseUrl } } }),
        { data: { method: 'GET', url: '/there' }, status: 200 },
      ],
    ]),
  ]

  test.each(cases)('do %s (%s)', async (_, name, of, state) => {
    expect(await stateOf(name, of(target.url))).toMatchObject(state)
  })

  test('fail a run as they fail in OpenFn, with what the server said', async () => {
    const state = { configuration: { baseUrl: target.url } }
    expect((await runOf(http, { code: `fn((state) => state)\nget('/broken')`, state })).error).toMatchObject({
      ...{ message: expect.stringContaining('/broken returned 500'), operation: 'get', line: 2 },
      details: { statusCode: 500, body: expect.anything() },
    })
  })

  test('are found by their newest version, which is told', async () => {
    expect(await found('@openfn/language-common')).toMatchObject({
      adaptor: expect.stringMatching(/^@openfn\/language-common@\d+\.\d+\.\d+$/),
    })
  })
})
