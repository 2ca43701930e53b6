import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HttpAnswer, HttpCall } from '../../../../../../processors/runner/egress/http-call.ts'
import { cursorOf } from '../../../../../../processors/runner/language/functions/cursor.ts'
import { dateFns } from '../../../../../../processors/runner/language/functions/dates.ts'
import { pureUtilOf } from '../../../../../../processors/runner/language/functions/encoding.ts'
import { debugOf, logOf } from '../../../../../../processors/runner/language/functions/printing.ts'
import { validateOf } from '../../../../../../processors/runner/language/functions/schema.ts'
import type { State } from '../../../../../../processors/runner/language/operation.ts'

/** What a run prints, and what it may ask for. */
const hostOf = (answer: Partial<HttpAnswer> = {}) => {
  const printed: unknown[][] = []
  const calls: HttpCall[] = []
  const at =
    (level: string) =>
    (...values: unknown[]): void =>
      void printed.push([level, ...values])
  return {
    printed,
    calls,
    console: { debug: at('debug'), log: at('log'), info: at('info'), warn: at('warn'), error: at('error') },
    random: (bytes: number) => new Uint8Array(bytes).fill(255),
    http: async (call: HttpCall): Promise<HttpAnswer> => {
      calls.push(call)
      return { status: 200, statusText: 'OK', headers: [], url: call.url, body: '', encoding: 'utf8', ...answer }
    },
  }
}

const now = new Date('2026-11-21T15:30:00.000Z')
afterEach(() => vi.useRealTimers())

describe('cursor', () => {
  const midnight = (day: number): string => new Date(2026, 10, day).toISOString()

  test.each<[unknown, unknown]>([
    ['now', now.toISOString()],
    ['end', now.toISOString()],
    ['today', midnight(now.getDate())],
    ['yesterday', midnight(now.getDate() - 1)],
    ['3 hours ago', '2026-11-21T12:30:00.000Z'],
    ['1 hour ago', '2026-11-21T14:30:00.000Z'],
    ['2 days ago', midnight(now.getDate() - 2)],
    ['hours ago', 'hours ago'],
    ['2026-01-01', '2026-01-01'],
    [12, 12],
    [(state: State) => state['page'], 7],
  ])('%s', (value, expected) => {
    vi.useFakeTimers({ now })
    expect(cursorOf(hostOf())(value)({ page: 7 })).toEqual({ page: 7, cursor: expected })
  })

  test('start is when the run began', () => {
    vi.useFakeTimers({ now })
    const cursor = cursorOf(hostOf())
    vi.setSystemTime('2026-11-22T00:00:00.000Z')
    expect(cursor('start')({})).toEqual({ cursor: now.toISOString() })
    expect(cursor('now')({})).toEqual({ cursor: '2026-11-22T00:00:00.000Z' })
  })

  test('keeps its key for the rest of the run, and of that run only', () => {
    const cursor = cursorOf(hostOf())
    expect(cursor(1, { key: 'page' })({})).toEqual({ page: 1 })
    expect(cursor(2)({})).toEqual({ page: 2 })
    expect(cursorOf(hostOf())(3)({})).toEqual({ cursor: 3 })
  })

  test('has a default, and a format', () => {
    vi.useFakeTimers({ now })
    const cursor = cursorOf(hostOf())
    const format = (value: unknown): unknown => (value instanceof Date ? value.getTime() : `n${value}`)
    expect(cursor((state: State) => state['cursor'], { defaultValue: 'now', format })({})).toEqual({
      cursor: now.getTime(),
    })
    expect(cursor(5, { format })({})).toEqual({ cursor: 'n5' })
    expect(() => cursor(5, { format: 'x' as never })).toThrow("cursor's format takes an operation")
  })
})

describe('log and debug', () => {
  test('print what functions give, and let the state through', () => {
    const { printed, ...host } = hostOf()
    const state = { data: 1 }
    expect(logOf(host)('a', (given: State) => given['data'], { b: () => 2 })(state)).toBe(state)
    expect(debugOf(host)('c')(state)).toBe(state)
    expect(printed).toEqual([
      ['log', 'a', 1, { b: 2 }],
      ['debug', 'c'],
    ])
  })
})

describe('validate', () => {
  const schema = { properties: { a: { type: 'number' } } }
  const errors = [expect.objectContaining({ instancePath: '/a', message: 'must be number' })]

  test.each<[string, unknown, unknown]>([
    ['without arguments', undefined, undefined],
    ['by paths', '$.schema', '$.data'],
    ['by functions', (state: State) => state['schema'], (state: State) => state['data']],
    ['by objects', schema, { a: 'x' }],
  ])('notes what is wrong, %s', async (_how, one, of) => {
    const state = { schema, data: { a: 'x' }, validationErrors: ['before'] }
    const expected = { ...state, validationErrors: ['before', { data: { a: 'x' }, errors }] }
    expect(await validateOf(hostOf())(one, of)(state)).toEqual(expected)
    expect(state.validationErrors).toEqual(['before'])
  })

  test('notes nothing where nothing is wrong', async () => {
    expect(await validateOf(hostOf())(schema, { a: 1 })({})).toEqual({ validationErrors: [] })
  })

  test('asks for the schema at a URL', async () => {
    const host = hostOf({ body: JSON.stringify(schema) })
    const operation = validateOf(host)('https://example.org/schema.json', { a: 'x' })
    expect(await operation({})).toEqual({ validationErrors: [{ data: { a: 'x' }, errors }] })
    expect(host.calls).toEqual([expect.objectContaining({ method: 'GET', url: 'https://example.org/schema.json' })])
  })

  test('fails the run when the schema is none', async () => {
    const act = (host: ReturnType<typeof hostOf>, one: unknown): Promise<unknown> =>
      Promise.resolve(validateOf(host)(one)({ data: 1 }))
    await expect(act(hostOf(), 'schema')).rejects.toThrow('what "schema" points to is nothing')
    await expect(act(hostOf(), 5)).rejects.toThrow('what it got is a value of type number')
    await expect(act(hostOf({ status: 404 }), 'https://a.b/c')).rejects.toThrow('and the answer was 404')
    await expect(act(hostOf({ body: '<' }), 'https://a.b/c')).rejects.toThrow('and the answer is no JSON')
  })
})

describe('util', () => {
  const host = hostOf()
  const util = pureUtilOf(host)

  test.each<[string, unknown, unknown]>([
    ['encode', util.encode('é患😀'), 'w6nmgqPwn5iA'],
    ['encode of an object', util.encode({ a: 1 }), 'eyJhIjoxfQ=='],
    ['encode of bytes', util.encode(new Uint8Array([1, 2])), 'AQI='],
    ['decode', util.decode('w6nmgqPwn5iA'), 'é患😀'],
    ['decode of an object', util.decode('eyJhIjoxfQ=='), { a: 1 }],
    ['decode of an object as text', util.decode('eyJhIjoxfQ==', { parseJson: false }), '{"a":1}'],
    ['decode of what only looks like JSON', util.decode('e3g='), '{x'],
    ['uuid', util.uuid(), 'ffffffff-ffff-4fff-bfff-ffffffffffff'],
    ['makeBasicAuthHeader', util.makeBasicAuthHeader('a', 'b'), { Authorization: 'Basic YTpi' }],
    ['expandReferences', util.expandReferences({ a: 1 }, (state: State) => state['a'], [() => 2]), [1, [2]]],
    ['parseDate', util.parseDate('start', now), now],
    ['normalizeOauthConfig', util.normalizeOauthConfig({ access_token: 'x' }), { access_token: 'x', accessToken: 'x' }],
    [
      'encodeFormBody',
      [...util.encodeFormBody({ a: 1, b: null, c: { d: 2 } }).entries()],
      [
        ['a', '1'],
        ['c', '{"d":2}'],
      ],
    ],
    [
      'parseUrl of a path',
      util.parseUrl('/b?c=1&d=2&d=3', 'https://a.org/x/'),
      {
        url: 'https://a.org/x/b?c=1&d=2&d=3',
        baseUrl: 'https://a.org',
        path: '/x/b',
        query: { c: '1', d: ['2', '3'] },
      },
    ],
    [
      'parseUrl of a URL',
      util.parseUrl('https://a.org/b', 'https://a.org/x'),
      { url: 'https://a.org/b', baseUrl: 'https://a.org', path: '/b', query: {} },
    ],
  ])('%s', (_what, found, expected) => {
    expect(found).toEqual(expected)
  })

  test.each<[string, () => unknown, unknown]>([
    [
      'throwError',
      () => util.throwError('NOT_FOUND', { description: 'no', fix: 'look', id: 5 }),
      { code: 'NOT_FOUND', message: 'NOT_FOUND: no', description: 'no', fix: 'look', id: 5 },
    ],
    ['throwError with a number', () => util.throwError(404), { code: 404, message: '404' }],
    [
      'assertRelativeUrl',
      () => util.assertRelativeUrl('https://a.org'),
      { code: 'UNEXPECTED_ABSOLUTE_URL', url: 'https://a.org' },
    ],
    [
      'parseUrl of another server',
      () => util.parseUrl('https://b.org', 'https://a.org'),
      { code: 'BASE_URL_MISMATCH' },
    ],
    [
      'parseUrl of no URL',
      () => util.parseUrl('/a'),
      { message: '"/a" is no whole URL. Give one such as https://example.org/path, or a baseUrl' },
    ],
    [
      'normalizeOauthConfig of both',
      () => util.normalizeOauthConfig({ access_token: 1, accessToken: 1 }),
      { message: expect.stringContaining('access_token only') },
    ],
    ['encode of nothing', () => util.encode(undefined), { message: 'util.encode takes a text, or JSON, not nothing' }],
    [
      'decode of a number',
      () => util.decode(5 as never),
      { message: 'util.decode takes a text in base64, not a value of type number' },
    ],
  ])('%s throws', (_what, act, expected) => {
    expect(act).toThrow(expect.objectContaining(expected))
  })

  test('assertRelativeUrl lets a path through', () => {
    expect(util.assertRelativeUrl('/a/b')).toBeUndefined()
  })

  test('logResponse prints what a response was', () => {
    const response = { method: 'GET', url: 'https://a.org', statusCode: 200, duration: 5, query: { a: 'b c' } }
    expect(util.logResponse(response)).toBe(response)
    util.logResponse(Object.assign(new Error('no'), { ...response, statusCode: 500, body: { a: 1 } }) as never)
    util.logResponse({})
    expect(host.printed).toEqual([
      ['log', 'GET https://a.org?a=b%20c - 200 in 5ms'],
      ['error', 'GET https://a.org?a=b%20c - 500 in 5ms\n{"a":1}'],
    ])
  })
})

test('dateFns reads and writes dates', () => {
  const date = dateFns.parse('21.11.2026', 'dd.MM.yyyy', new Date(0))
  expect(dateFns.format(dateFns.addDays(date, 1), 'yyyy-MM-dd')).toBe('2026-11-22')
})
