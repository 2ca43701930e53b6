import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type CallContext,
  type Egress,
  type EgressOptions,
  openEgress,
} from '../../../../../processors/runner/egress/open.ts'
import type { SqlCall } from '../../../../../processors/runner/egress/postgresql/sql-call.ts'
import { message, type OddServer, openOddServer, readyForQuery } from '../../../../fixtures/postgres-wire.ts'
import { contextOf, lookupIn, policyOf } from './calls.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

const openAt = (options: Partial<EgressOptions> = {}): Egress => {
  const egress = openEgress({ version: '1.2.3', own: [], loopbackAllowed: true, lookup: lookupIn({}), ...options })
  opened.push(egress)
  return egress
}
const odd = async (...given: Parameters<typeof openOddServer>): Promise<OddServer> => {
  const server = await openOddServer(...given)
  opened.push(server)
  return server
}

const callTo = (server: Partial<SqlCall['server']>, changes: Partial<SqlCall> = {}): SqlCall => ({
  kind: 'sql',
  server: { host: '127.0.0.1', port: 5432, database: 'd', user: 'u', password: 'p4ssword', tls: null, ...server },
  text: 'SELECT 1',
  values: [],
  ...changes,
})

const told = async (egress: Egress, call: unknown, context: Partial<CallContext> = {}) => {
  const { text, record } = await egress.query(call, contextOf(context))
  return { ...(JSON.parse(text) as { results?: unknown; error?: { code: string; message: string } }), record }
}
const codeOf = async (...given: Parameters<typeof told>): Promise<string | undefined> =>
  (await told(...given)).error?.code

const column = Buffer.concat([
  Buffer.from([0, 1]),
  Buffer.from('n\0'),
  Buffer.alloc(6),
  Buffer.from([0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]),
])
const one = [
  message('T', column),
  message('D', Buffer.from([0, 1, 0, 0, 0, 1, 0x31])),
  message('C', 'SELECT 1\0'),
  readyForQuery,
]

describe('a question to a database', () => {
  let egress: Egress
  beforeEach(() => {
    egress = openAt()
  })

  test('is answered with what the server sent, and recorded without user, password and statement', async () => {
    const server = await odd({ answer: one })
    expect(await told(egress, callTo({ port: server.port, database: 'a b' }))).toEqual({
      results: [{ command: 'SELECT', rowCount: 1, fields: [{ name: 'n', type: 23 }], rows: [['1']] }],
      transaction: 'none',
      record: {
        ...{ number: 1, method: 'SQL', url: `postgresql://127.0.0.1:${server.port}/a%20b`, status: 200, error: null },
        ...{ ms: expect.any(Number), bytes: Buffer.concat(one).length, test_mode: false },
      },
    })
  })

  test('takes nothing from the environment', async () => {
    const names = [
      'PGHOST',
      'PGUSER',
      'PGPASSWORD',
      'PGDATABASE',
      'PGOPTIONS',
      'PGAPPNAME',
      'PGREPLICATION',
      'PGCLIENTENCODING',
      'PGSERVICE',
    ]
    for (const name of names) vi.stubEnv(name, 'from-the-environment')
    vi.stubEnv('PGSSLMODE', 'require')
    vi.stubEnv('PGSSLNEGOTIATION', 'direct')
    vi.stubEnv('PGPASSFILE', import.meta.filename)
    const asksForPassword = [message('R', Buffer.from([0, 0, 0, 3]))]
    const server = await odd({ login: asksForPassword, answer: [message('E', 'SFATAL\0C28P01\0Mno\0\0')] })
    expect(await codeOf(egress, callTo({ port: server.port, password: '' }))).toBe('28P01')
    expect(server.startups()).toEqual([
      'user\0u\0database\0d\0client_encoding\0UTF8\0application_name\0Penstock\0client_encoding\0UTF8\0\0',
    ])
    expect(server.seen().map((said) => said.toString('latin1', 5))).toEqual(['\0'])
  })

  test.each([
    ['no protocol at all', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['a message of no length', [message('Z', '', 0)]],
    ['an error without an end', [message('E', 'SERROR\0C42601')]],
    ['a notice without an end', [message('N', 'SNOTICE\0')]],
    ['a row that says more than it has', [message('T', column), message('D', Buffer.from([0, 2, 0, 0, 0, 1, 0x31]))]],
    ['a row with a length below nothing', [message('T', column), message('D', Buffer.from([0, 1, 255, 255, 255, 0]))]],
    ['a row with columns below nothing', [message('T', column), message('D', Buffer.from([255, 255]))]],
    ['columns below nothing', [message('T', Buffer.from([255, 255]))]],
    ['an error with a code that is none', [message('E', 'Mno\0Cx y\0\0'), readyForQuery]],
    ['a login that nobody knows', [message('R', Buffer.from([0, 0, 0, 99]))]],
  ])('that is answered by %s fails, and hurts nobody', async (_, answer) => {
    const server = await odd({ answer })
    expect(await codeOf(egress, callTo({ port: server.port }))).toBe('BAD_ANSWER')
    const atLogin = await odd({ login: answer })
    expect(['BAD_ANSWER', 'LOGIN_FAILED']).toContain(await codeOf(egress, callTo({ port: atLogin.port })))
    const sound = await odd({ answer: one })
    expect(await codeOf(egress, callTo({ port: sound.port }))).toBeUndefined()
  })

  test.each([
    ['a row', [message('D', 'x', 2_000_000_000)]],
    ['a notice', [message('N', 'x', 10_000_001)]],
  ])('is given up as soon as %s says that it is too large', async (_, login) => {
    const server = await odd({ login })
    expect(await codeOf(egress, callTo({ port: server.port }))).toBe('RESPONSE_TOO_LARGE')
  })

  test('that a server asks a million rounds of hashing for is not made', async () => {
    const first = message('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('SCRAM-SHA-256\0\0')]))
    const server = await odd({ login: [first], answer: [] })
    const asked = told(egress, callTo({ port: server.port }), { timeoutMs: 60_000 })
    await vi.waitUntil(() => server.seen().length > 0)
    const nonce = /r=(.+)$/.exec(server.seen()[0]?.toString('latin1') ?? '')?.[1]
    server.say(
      message('R', Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from(`r=${nonce}x,s=c2FsdA==,i=2000000000`)])),
    )
    expect((await asked).error).toMatchObject({ code: 'LOGIN_FAILED', message: expect.stringContaining('2000000000') })
  })

  test.each([
    ['a server that is not there', { port: 1 }, 'ECONNREFUSED'],
    ['a name that nobody knows', { host: 'nowhere.test' }, 'ENOTFOUND'],
    ['a socket of this machine', { host: '/var/run/postgresql' }, 'INVALID_CALL'],
    ['a socket without a name', { host: '@abstract' }, 'INVALID_CALL'],
    ['several hosts', { host: '127.0.0.1,10.0.0.1' }, 'INVALID_CALL'],
    ['a host with its port', { host: '127.0.0.1:5432' }, 'INVALID_CALL'],
    ['a host with a login', { host: 'a@127.0.0.1' }, 'INVALID_CALL'],
    ['a URL', { host: 'postgresql://127.0.0.1' }, 'INVALID_CALL'],
    ['no host', { host: '' }, 'INVALID_CALL'],
    ['a port that is none', { port: 65_536 }, 'INVALID_CALL'],
    ['a user that is a command', { user: 'x\r\nFLUSHALL\r\n' }, 'INVALID_CALL'],
    ['a database that ends early', { database: 'x\0options\0-c' }, 'INVALID_CALL'],
    ['a password that ends early', { password: 'x\0y' }, 'INVALID_CALL'],
    ['where clouds keep credentials', { host: '169.254.169.254' }, 'EGRESS_REFUSED'],
    ['the same in other numbers', { host: '0xa9fea9fe' }, 'EGRESS_REFUSED'],
    ['the same within IPv6', { host: '[::ffff:169.254.169.254]' }, 'EGRESS_REFUSED'],
    ['a private address', { host: '10.0.0.1' }, 'EGRESS_REFUSED'],
    ['no address of a host', { host: '0.0.0.0' }, 'EGRESS_REFUSED'],
  ])('to %s fails', async (_, server, code) => {
    const { error, record } = await told(egress, callTo(server))
    expect(error?.code).toBe(code)
    expect([record.status, record.error]).toEqual([null, code])
  })

  test.each([
    ['nothing', null],
    ['no server', { kind: 'sql', text: '', values: [] }],
    ['values that are none', callTo({}, { values: [1 as never] })],
    ['too many values', callTo({}, { values: Array.from({ length: 65_536 }, () => '') })],
    ['a statement that ends early', callTo({}, { text: 'SELECT 1\0; DROP' })],
    ['TLS that is none', callTo({ tls: true as never })],
  ])('that has %s is none', async (_, call) => {
    expect(await codeOf(egress, call)).toBe('INVALID_CALL')
  })

  test('that is too long is not sent', async () => {
    const server = await odd({ answer: one })
    const text = `SELECT '${'ä'.repeat(3_000_000)}'`
    expect(await codeOf(egress, callTo({ port: server.port }, { text, values: ['x'.repeat(4_000_000)] }))).toBe(
      'REQUEST_TOO_LARGE',
    )
    expect(server.connections()).toBe(0)
  })
})

describe('the rules of the project', () => {
  const known = { 'db.test': [['127.0.0.1']] }

  test.each([
    ['postgresql://db.test:PORT', undefined],
    ['postgres://DB.test:PORT/', undefined],
    ['db.test', undefined],
    ['*.test', undefined],
    ['127.0.0.0/8', undefined],
    ['postgresql://db.test', 'EGRESS_REFUSED'],
    ['https://db.test:PORT', 'EGRESS_REFUSED'],
    ['postgresql://other.test:PORT', 'EGRESS_REFUSED'],
    ['10.0.0.0/8', 'EGRESS_REFUSED'],
  ])('with %s in its list', async (entry, code) => {
    const server = await odd({ answer: one })
    const policy = policyOf([entry.replace('PORT', String(server.port))])
    const call = callTo({ host: 'DB.test.', port: server.port })
    expect(await codeOf(openAt({ lookup: lookupIn(known) }), call, { policy })).toBe(code)
    expect(server.connections()).toBe(code === undefined ? 1 : 0)
  })

  test('keep this machine closed, and ports of our own whatever a project says', async () => {
    const server = await odd({ answer: one })
    const call = callTo({ host: 'db.test', port: server.port })
    const closed = { loopbackAllowed: false, lookup: lookupIn(known) }
    expect(await codeOf(openAt(closed), call, { policy: policyOf(['db.test'], true) })).toBe('EGRESS_REFUSED')
    expect(await codeOf(openAt(closed), call, { policy: policyOf(['127.0.0.1']) })).toBeUndefined()
    const own = openAt({
      own: [{ host: 'localhost', port: server.port }],
      lookup: lookupIn({ ...known, localhost: [['127.0.0.1']] }),
    })
    expect(await codeOf(own, call)).toBe('EGRESS_REFUSED')
    expect(server.connections()).toBe(1)
  })

  test('are asked of the addresses that are then gone to, however often the name changes', async () => {
    const server = await odd({ answer: one })
    const lookup = lookupIn({ 'db.test': [['127.0.0.1'], ['169.254.169.254']] })
    const egress = openAt({ lookup, limits: { namesMs: 0 } })
    const context = contextOf()
    for (const _ of [1, 2])
      expect(await codeOf(egress, callTo({ host: 'db.test', port: server.port }), context)).toBeUndefined()
    expect(lookup.asked).toEqual(['db.test'])
    expect(await codeOf(egress, callTo({ host: 'db.test', port: server.port }))).toBe('EGRESS_REFUSED')
    const mixed = openAt({ lookup: lookupIn({ 'db.test': [['127.0.0.1', '169.254.169.254']] }) })
    expect(await codeOf(mixed, callTo({ host: 'db.test', port: server.port }))).toBe('EGRESS_REFUSED')
  })
})

describe('the connections of a run', () => {
  const began = (server: OddServer) => vi.waitUntil(() => server.seen().length > 0)

  test('end with it: what is asked at that moment is cut off at the server, at the address that was checked', async () => {
    const server = await odd({})
    const lookup = lookupIn({ 'db.test': [['127.0.0.1'], ['169.254.169.254']] })
    const egress = openAt({ lookup, limits: { namesMs: 0 } })
    const run = new AbortController()
    const asked = egress.query(callTo({ host: 'db.test', port: server.port }), contextOf({ signal: run.signal }))
    await began(server)
    run.abort(new Error('the run is over'))
    await expect(asked).rejects.toThrow('the run is over')
    await vi.waitUntil(() => server.startups().length === 2)
    expect(server.startups()[1]).toBe('\0\0\0\x07\0\0\0\x09') // what the server had said at the login
    await vi.waitUntil(() => server.open() === 0)
    expect(lookup.asked).toEqual(['db.test'])
  })

  test('that is asked nothing says good-bye', async () => {
    const server = await odd({ answer: one })
    const run = new AbortController()
    await told(openAt(), callTo({ port: server.port }), { signal: run.signal })
    run.abort()
    await vi.waitUntil(() => server.open() === 0)
    expect(server.seen().at(-1)).toEqual(Buffer.from([0x58, 0, 0, 0, 4]))
    expect(server.connections()).toBe(1)
  })

  test('are as many as its databases, up to a limit, and of all runs up to another', async () => {
    const server = await odd({ answer: one })
    const egress = openAt({ limits: { sessionsOfRun: 2, sessionsAtOnce: 2 } })
    const [first, second] = [new AbortController(), new AbortController()]
    const ask = (database: string, { signal }: AbortController) =>
      codeOf(egress, callTo({ port: server.port, database }), { signal })
    expect([await ask('a', first), await ask('a', first), await ask('b', first)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(server.connections()).toBe(2)
    expect(await ask('c', first)).toBe('TOO_MANY_CONNECTIONS')
    const waits = ask('a', second)
    await ask('a', first)
    expect(server.connections()).toBe(2)
    first.abort()
    expect(await waits).toBeUndefined()
    expect(server.connections()).toBe(3)
  })

  test('that is lost is not replaced, for what was begun by it is lost, too; one that never was is tried again', async () => {
    const server = await odd({ answer: [message('Z', 'I', 0)] })
    const egress = openAt()
    const { signal } = new AbortController()
    expect(await codeOf(egress, callTo({ port: server.port }), { signal })).toBe('BAD_ANSWER')
    const { error } = await told(egress, callTo({ port: server.port }), { signal })
    expect(error).toEqual({
      code: 'ECONNRESET',
      message: "The run's connection to 127.0.0.1 is gone (BAD_ANSWER), and what its transaction did with it",
    })
    const refusing = await odd({ login: [message('E', 'SFATAL\0C28P01\0Mno\0\0')] })
    for (const _ of [1, 2]) expect(await codeOf(egress, callTo({ port: refusing.port }), { signal })).toBe('28P01')
    expect(refusing.connections()).toBe(2)
  })

  test('end with the egress', async () => {
    const server = await odd({})
    const egress = openAt()
    const asked = codeOf(egress, callTo({ port: server.port }))
    await began(server)
    server.say(readyForQuery) // an answer that is none
    void egress[Symbol.asyncDispose]()
    expect(await asked).toBe('EGRESS_CLOSED')
  })
})
