import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpOf } from '../../processors/runner/language/http/http-object.ts'
import { httpOperations } from '../../processors/runner/language/http/operations.ts'
import { httpUtilOf } from '../../processors/runner/language/http/util-part.ts'
import { openTarget, runHost, type Seen, type Target } from '../fixtures/run-host.ts'

// Each call is made twice, through upstream's package and through ours, against one server. What differs on purpose is named here, by the number
// that it has in processors/runner/language/differences.md.
type Functions = Readonly<Record<string, (...args: never[]) => (state: object) => unknown>>
type Side = Readonly<{ http: Functions; common: Functions; util: Functions }>
type Case = Readonly<{ side: keyof Side; name: string; args: readonly unknown[]; state?: object; differs?: string }>

const packages = ['@openfn/language-http@7.2.10', '@openfn/language-common@3.3.4']

const json = { 'content-type': 'application/json' }
const answers: Readonly<Record<string, (to: ServerResponse) => void>> = {
  '/text': (to) => to.writeHead(200, { 'content-type': 'text/plain' }).end('text'),
  '/json-as-text': (to) => to.writeHead(200, { 'content-type': 'text/plain' }).end('{"a":1}'),
  '/fhir': (to) => to.writeHead(200, { 'content-type': 'application/fhir+json' }).end('{"a":1}'),
  '/charset': (to) => to.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{"ä":1}'),
  '/latin1': (to) =>
    to.writeHead(200, { 'content-type': 'text/plain; charset=latin1' }).end(Buffer.from('ä', 'latin1')),
  '/untyped': (to) => to.writeHead(200).end('text'),
  '/empty': (to) => to.writeHead(200, { ...json, 'content-length': '0' }).end(),
  '/no-content': (to) => to.writeHead(204).end(),
  '/broken': (to) => to.writeHead(200, json).end('{'),
  '/cookies': (to) => to.writeHead(200, { ...json, 'set-cookie': ['a=1', 'b=2'], 'x-own': 'Ü' }).end('{}'),
  '/created': (to) => to.writeHead(201, json).end('{"id":1}'),
  '/odd': (to) => to.writeHead(200, 'Fine by me', json).end('{}'),
  '/scalar': (to) => to.writeHead(200, json).end('5'),
  '/null': (to) => to.writeHead(200, json).end('null'),
  '/301': (to) => to.writeHead(301, { location: '/there' }).end(),
  '/302': (to) => to.writeHead(302, { location: '/there' }).end(),
  '/303': (to) => to.writeHead(303, { location: '/there' }).end(),
  '/307': (to) => to.writeHead(307, { location: '/there' }).end(),
  '/304': (to) => to.writeHead(304).end(),
  '/round': (to) => to.writeHead(302, { location: '/round' }).end(),
  '/400': (to) => to.writeHead(400, json).end('{"why":"bad"}'),
  '/404': (to) => to.writeHead(404, { 'content-type': 'text/html' }).end('<p>gone</p>'),
  '/500': (to) => to.writeHead(500).end(),
}

const echo = (to: ServerResponse, { method, url, headers, body }: Seen): void => {
  to.writeHead(200, json).end(
    JSON.stringify({ method, url, headers: told(headers), body: withoutBoundary(body, headers) }),
  )
}

/** What of a request's headers says something: the rest is its client's. */
const told = (headers: Seen['headers']): object =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => /^(x-|authorization$|cookie$|content-type$|accept$)/.test(name))
      .map(([name, value]) => [name, String(value).replace(/boundary=.*/, 'boundary')]),
  )

const withoutBoundary = (body: string, headers: Seen['headers']): string => {
  const boundary = /boundary=(.*)$/.exec(headers['content-type'] ?? '')?.[1]
  return boundary ? body.replaceAll(boundary, 'boundary') : body
}

let folder: string
let target: Target
let theirs: Side

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'penstock-upstream-'))
  await writeFile(join(folder, 'package.json'), '{}')
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages], {
    cwd: folder,
  })
  const load = (name: string) => import(pathToFileURL(join(folder, 'node_modules/@openfn', name)).href)
  const common = await load('language-common/dist/index.js')
  theirs = { http: await load('language-http/dist/index.js'), common: common.http, util: common.util }
  target = await openTarget((seen, to) => (answers[seen.url.split('?')[0] ?? ''] ?? echo)(to, seen))
})

afterAll(async () => {
  await target?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const ours = (): Side => {
  const host = runHost()
  return { http: httpOperations(host), common: httpOf(host), util: httpUtilOf(host) } as unknown as Side
}

/** What a call came to, without what is never the same twice. */
const outcomeOf = async (from: Side, { side, name, args, state }: Case): Promise<unknown> => {
  const here = (value: unknown): unknown =>
    typeof value === 'string'
      ? value.replaceAll('HERE', target.url)
      : Array.isArray(value)
        ? value.map(here)
        : isPlain(value)
          ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, here(one)]))
          : value
  const given = here({ data: { old: 1 }, references: [], ...state }) as object
  const call = from[side][name] as (...args: unknown[]) => unknown
  try {
    const made = call(...args.map(here))
    const result = side === 'util' ? await made : await (made as (state: object) => unknown)(given)
    return JSON.parse(JSON.stringify(result, withoutChance) ?? 'null')
  } catch (error) {
    const { statusCode, body } = error as { statusCode?: number; body?: unknown }
    return JSON.parse(JSON.stringify({ failed: true, statusCode, body }))
  }
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !Object.getOwnPropertyNames(value).includes('oauth')

const withoutChance = (key: string, value: unknown): unknown => {
  if (key === 'duration') return undefined
  if (key !== 'headers' || typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name]) => !/^(date|connection|keep-alive|transfer-encoding|content-length)$/.test(name),
    ),
  )
}

const config = (more: object = {}) => ({ configuration: { baseUrl: 'HERE', ...more } })
const get = (path: unknown, options?: unknown, state: object = config(), differs?: string): Case => ({
  side: 'http',
  name: 'get',
  args: [path, options],
  state,
  ...(differs ? { differs } : {}),
})

const paths = [
  '/a',
  'a',
  'a/b/',
  '/',
  '/a?x=1',
  '/a?x=1&x=2',
  '/ä',
  '/a b',
  '/a%20b',
  '/a/../b',
  '/a/./b',
  '/a%2Fb',
  "/a'b",
  '/a#b',
  '/a+b',
  'HERE/abs',
  'HERE/abs?x=1',
]
const queries = [
  { a: 1 },
  { a: 'b c' },
  { a: 'ü&=' },
  { a: [1, 2] },
  { a: true },
  { a: '' },
  { a: null },
  { 'a[b]': 1 },
  { a: '+' },
  {},
]
const headers = [
  { 'x-a': '1' },
  { 'X-A': 1 },
  { 'x-a': ['1', '2'] },
  { Authorization: 'Own' },
  { authorization: 'Own' },
  { 'Content-Type': 'a/b' },
  { 'content-type': 'a/b' },
  { Accept: 'a/b' },
]
const credentials = [
  { username: 'u', password: 'p' },
  { username: 'ü', password: 'ä:' },
  { access_token: 't' },
  { access_token: 't', username: 'u', password: 'p' },
  { username: 'u' },
  { password: 'p' },
]
const bodies = [
  { a: 1 },
  { deep: { list: [1, null, 'ü'] } },
  'text',
  '',
  '{"json":"text"}',
  { name: 'x', query: 'y' },
  { query: { match: 1 } },
  null,
  undefined,
  { a: undefined },
  {},
]
const errors = [false, { 404: false }, { 400: false }, { 404: 'own words' }, { 200: 'too good' }, {}]
/** What an error tells of an answer that is no JSON. */
const notJson = (path: string, parseAs: string | undefined): string | undefined =>
  (path === '/text' && parseAs === 'json') || (path === '/broken' && parseAs !== 'text' && parseAs !== 'base64')
    ? 'H12'
    : undefined

const lazy = {
  path: (s: { data: { old: number } }) => `/p/${s.data.old}`,
  old: (s: { data: { old: number } }) => s.data.old,
}

const cases: readonly Case[] = [
  ...['', '/api', '/api/'].flatMap((base) =>
    paths
      .filter((path) => base === '' || !path.startsWith('HERE'))
      .map((path) => get(path, undefined, config({ baseUrl: `HERE${base}` }))),
  ),
  ...queries.flatMap((query) => ['/a', '/a?own=1'].map((path) => get(path, { query }))),
  get('/a?x=1', { query: { x: 2 } }),
  get('/a', { query: { a: undefined, b: 1 } }, config(), 'H5'),
  get('/a', { query: { a: { b: 1 } } }, config(), 'H5'),
  get('/a?x', undefined, config(), 'H4'),
  get('//a//b', undefined, config(), 'H4'),
  get('/a?u=http://b//c', undefined, config(), 'H4'),
  ...headers.map((one) => get('/a', { headers: one }, config({ username: 'u', password: 'p' }))),
  ...credentials.flatMap((one) => [get('/a', {}, config(one)), get('HERE/a', {}, config(one))]),
  get('HERE/a', {}, { configuration: { username: 'u', password: 'p' } }),
  get('HERE/a', {}, {}),
  get('/a', {}, {}),
  get('https://other.invalid/a'),
  get(lazy.path, { query: { a: lazy.old }, headers: { 'x-a': lazy.old } }),
  get('/a', (s: { data: { old: number } }) => ({ query: { a: s.data.old } })),
  get('/a', {}, { ...config(), references: ['older'] }, 'H1'),
  ...['post', 'put', 'patch'].flatMap((name) =>
    bodies.map((body): Case => ({ side: 'http', name, args: ['/a', body], state: config() })),
  ),
  ...['json', 'xml', 'string', 'other'].map(
    (contentType): Case => ({ side: 'http', name: 'post', args: ['/a', '<a/>', { contentType }], state: config() }),
  ),
  {
    side: 'http',
    name: 'post',
    args: ['/a', { a: 'b', c: { d: 1 }, e: null, f: 5 }, { contentType: 'form' }],
    state: config(),
  },
  {
    side: 'http',
    name: 'post',
    args: ['/a', { a: 1 }, { headers: { 'content-type': 'x/y' }, query: { q: 1 } }],
    state: config(),
  },
  {
    side: 'http',
    name: 'post',
    args: ['/a', { body: { a: 1 }, headers: { 'x-a': '1' } }],
    state: config(),
    differs: 'H2',
  },
  { side: 'http', name: 'post', args: ['/a', { a: 1 }, () => ({ query: { q: 1 } })], state: config(), differs: 'H3' },
  { side: 'http', name: 'post', args: ['/a', 5], state: config(), differs: 'H6' },
  { side: 'http', name: 'post', args: ['/a', [1, 2]], state: config(), differs: 'H6' },
  { side: 'http', name: 'post', args: ['/a', lazy.old], state: config(), differs: 'H6' },
  { side: 'http', name: 'post', args: ['/a', { deep: [lazy.old] }], state: config() },
  ...[
    '/text',
    '/json-as-text',
    '/fhir',
    '/charset',
    '/empty',
    '/no-content',
    '/broken',
    '/cookies',
    '/created',
    '/scalar',
    '/null',
    '/a',
  ].flatMap((path) =>
    [undefined, 'json', 'text', 'base64'].map((parseAs) => get(path, { parseAs }, config(), notJson(path, parseAs))),
  ),
  get('/latin1', {}, config(), 'H7'),
  get('/untyped', {}, config(), 'H8'),
  get('/odd', {}, config(), 'H9'),
  ...errors.flatMap((one) => ['/400', '/404', '/500', '/a'].map((path) => get(path, { errors: one }))),
  ...['/301', '/302', '/303', '/307'].flatMap((path) => [
    get(path),
    get(path, { maxRedirections: 0 }, config(), path === '/302' ? 'H9' : undefined),
    get(path, { followAllRedirects: false }, config(), path === '/302' ? 'H9' : undefined),
    get(path, { maxRedirections: 1 }),
  ]),
  get('/round', {}, config(), 'H12'),
  get('/304'),
  ...['/301', '/307'].flatMap((path): Case[] => [
    { side: 'http', name: 'post', args: [path, { a: 1 }], state: config() },
  ]),
  { side: 'http', name: 'del', args: ['/a'], state: config() },
  { side: 'http', name: 'del', args: ['/a', { query: { a: 1 }, body: { b: 1 } }], state: config() },
  { side: 'http', name: 'request', args: ['GET', '/a', { query: { a: 1 } }], state: config() },
  { side: 'http', name: 'request', args: ['PUT', '/a', { body: { a: 1 } }], state: config() },
  ...['HERE/a', 'HERE/a?x=1', 'HERE/text', 'HERE/404', 'HERE/no-content'].flatMap((url): Case[] => [
    { side: 'common', name: 'get', args: [url] },
    { side: 'common', name: 'get', args: [url, { query: { q: 1 }, headers: { 'x-a': '1' }, errors: false }] },
    { side: 'common', name: 'get', args: [url, { maxRedirections: 1 }] },
    { side: 'util', name: 'get', args: [url, { query: { q: 1 } }] },
    { side: 'util', name: 'request', args: ['GET', url, { errors: { 404: 'own' } }] },
  ]),
  { side: 'common', name: 'get', args: ['HERE/a'], state: { configuration: { access_token: 't', baseUrl: 'HERE' } } },
  { side: 'common', name: 'post', args: ['HERE/a', 'text'] },
  { side: 'common', name: 'post', args: ['HERE/a', { a: 1 }], differs: 'H10' },
  { side: 'common', name: 'post', args: ['HERE/a', { a: 1 }, { headers: { 'Content-Type': 'a/b' } }] },
  { side: 'common', name: 'get', args: ['/a'], state: config(), differs: 'H11' },
  { side: 'common', name: 'get', args: ['HERE/302', { maxRedirections: 1 }] },
  { side: 'common', name: 'get', args: ['HERE/302'], differs: 'H12' },
  { side: 'common', name: 'get', args: ['HERE/302', { errors: false }], differs: 'H13' },
  { side: 'util', name: 'get', args: ['HERE/302', { throwOnUnhandledRedirect: false }], differs: 'H9' },
  { side: 'util', name: 'get', args: ['/a', { baseUrl: 'HERE/api' }] },
  { side: 'util', name: 'get', args: ['https://other.invalid/a', { baseUrl: 'HERE' }] },
  { side: 'util', name: 'post', args: ['HERE/a', 'text', { headers: { 'x-a': '1' } }] },
  { side: 'util', name: 'put', args: ['HERE/a', { a: 1 }, { headers: { 'content-type': 'a/b' } }] },
  { side: 'util', name: 'del', args: ['HERE/a', null, {}] },
]

describe('calls through upstream and through ours', () => {
  test('there are enough of them', () => {
    expect(cases.length).toBeGreaterThan(200)
  })

  test.each(cases.map((one, number) => [number, one.side, one.name, JSON.stringify(one.args), one] as const))(
    '%i: %s.%s %s',
    async (_, _side, _name, _args, one) => {
      const [expected, got] = [await outcomeOf(theirs, one), await outcomeOf(ours(), one)]
      if (one.differs) expect(got, one.differs).not.toEqual(expected)
      else expect(got).toEqual(expected)
    },
  )
})
