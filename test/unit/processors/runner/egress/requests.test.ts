import { describe, expect, test } from 'vitest'
import type { HttpCall } from '../../../../../processors/runner/egress/http-call.ts'
import { answerOf, callOf, contextOf, echo, echoed, failureOf, openAt, run, serve } from './calls.ts'

describe('a request', () => {
  test('says who sends it, for which run, and the same on every execution', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const told = await echoed(egress, callOf(`${server.url}/a/b?c=d#e`), contextOf({ number: 7 }))
    expect(told).toMatchObject({ method: 'GET', url: '/a/b?c=d', httpVersion: '1.1', body: '' })
    expect(told.headers).toEqual({
      host: server.host,
      connection: 'keep-alive',
      'user-agent': 'Penstock/1.2.3',
      accept: '*/*',
      'accept-encoding': 'gzip, deflate, br',
      'idempotency-key': `${run}:7`,
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/),
    })
    const again = await echoed(egress, callOf(server.url), contextOf({ number: 7 }))
    const other = await echoed(egress, callOf(server.url), contextOf({ number: 8 }))
    expect(again.headers['traceparent']).toBe(told.headers['traceparent'])
    expect(other.headers['traceparent']).not.toBe(told.headers['traceparent'])
  })

  test('keeps what the job says itself', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const own = [
      ['Idempotency-Key', 'mine'],
      ['User-Agent', 'curl'],
      ['traceparent', 'own'],
      ['Accept', ' text/plain '],
      ['Accept-Encoding', 'identity'],
      ['X-Umlaut', 'grün'],
      ['X-Twice', '1'],
      ['X-Twice', '2'],
      ['Host', server.host.toUpperCase()],
    ] as const
    const { headers } = await echoed(egress, callOf(server.url, { method: 'post', headers: own }))
    expect(headers).toMatchObject({
      'idempotency-key': 'mine',
      'user-agent': 'curl',
      traceparent: 'own',
      accept: 'text/plain',
      'accept-encoding': 'identity',
      'x-umlaut': 'grün',
      'x-twice': '1, 2',
    })
  })

  test('says itself how long it is and what becomes of the connection', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const headers = [
      ['Content-Length', '1'],
      ['Transfer-Encoding', 'chunked'],
      ['Connection', 'close, x-kept'],
      ['Keep-Alive', 'timeout=9'],
      ['Upgrade', 'websocket'],
      ['Expect', '100-continue'],
      ['TE', 'trailers'],
      ['x-kept', 'yes'],
    ] as const
    const told = await echoed(egress, callOf(server.url, { method: 'PUT', headers, body: 'späte' }))
    expect(Buffer.from(told.body, 'base64').toString()).toBe('späte')
    expect(Object.keys(told.headers).sort()).toEqual(
      'accept accept-encoding connection content-length host idempotency-key traceparent user-agent x-kept'.split(' '),
    )
    expect(told.headers).toMatchObject({ 'content-length': '6', connection: 'keep-alive' })
  })

  test('carries bytes, and a body whatever its method', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const body = Buffer.from([0, 255, 128]).toString('base64')
    for (const method of ['POST', 'PATCH', 'DELETE', 'GET', 'PROPFIND']) {
      expect(await echoed(egress, callOf(server.url, { method, body, encoding: 'base64' }))).toMatchObject({
        method,
        body,
      })
    }
  })

  test('takes the login of its URL along as a header, once', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const url = `http://us%C3%A9r:p%40ss%zz@${server.host}/x`
    const told = await echoed(egress, callOf(url))
    expect(told.url).toBe('/x')
    expect(told.headers['authorization']).toBe(`Basic ${Buffer.from('usér:p%40ss%zz').toString('base64')}`)
    const own = await echoed(egress, callOf(url, { headers: [['authorization', 'Bearer x']] }))
    expect(own.headers['authorization']).toBe('Bearer x')
    expect((await answerOf(egress, callOf(url))).url).toBe(`${server.url}/x`)
  })

  const secret = 'do-not-say-this'
  test.each<[string, Partial<HttpCall>, string]>([
    ['no method', { method: 'G ET' }, 'INVALID_CALL'],
    ['the method of proxies', { method: 'connect' }, 'INVALID_CALL'],
    ['a method that shows what is added', { method: 'TRACE' }, 'INVALID_CALL'],
    ['a header that would be two', { headers: [['x-a', `${secret}\r\nx-b: 1`]] }, 'INVALID_CALL'],
    ['a header with a null', { headers: [['x-a', `${secret}\0`]] }, 'INVALID_CALL'],
    ['a header that is not Latin', { headers: [['x-a', `${secret}€`]] }, 'INVALID_CALL'],
    ['a name with a space', { headers: [['x a', secret]] }, 'INVALID_CALL'],
    ['a name that is empty', { headers: [['', secret]] }, 'INVALID_CALL'],
    ['a host that is another', { headers: [['Host', 'metadata.google.internal']] }, 'INVALID_CALL'],
    ['headers that are too large', { headers: [['x-a', secret.repeat(5_000)]] }, 'REQUEST_TOO_LARGE'],
    ['a body that is too large', { method: 'POST', body: secret.repeat(100) }, 'REQUEST_TOO_LARGE'],
  ])('is not sent with %s', async (_what, changes, code) => {
    await using server = await serve(echo)
    await using egress = openAt({ limits: { requestBytes: 1_000 } })
    const failure = await failureOf(egress, callOf(server.url, changes))
    expect(failure.code).toBe(code)
    expect(failure.message).toMatch(/^The (method|name|header|headers|body) /)
    expect(failure.message).not.toContain(secret)
    expect(server.connections()).toBe(0)
  })

  test.each([
    null,
    'GET /',
    [],
    {},
    { ...callOf('http://a.example/'), headers: { a: 'b' } },
    { ...callOf('http://a.example/'), headers: [['a', 1]] },
    { ...callOf('http://a.example/'), headers: [['a', 'b', 'c']] },
    { ...callOf('http://a.example/'), body: {} },
    { ...callOf('http://a.example/'), encoding: 'hex' },
    { ...callOf('http://a.example/'), redirects: 1.5 },
    { ...callOf('http://a.example/'), timeoutMs: '1' },
    { ...callOf('http://a.example/'), url: 1 },
    { ...callOf('http://a.example/'), method: null },
  ])('must have its form, or is not sent: %j', async (call) => {
    await using egress = openAt()
    const { answer, record } = await egress.request(call, contextOf())
    expect(answer).toEqual({ error: { code: 'INVALID_CALL', message: expect.stringContaining('must have method') } })
    expect(record).toMatchObject({ number: 1, method: '', url: '', status: null, error: 'INVALID_CALL' })
  })

  test('too long a URL is not sent', async () => {
    await using egress = openAt()
    const failure = await failureOf(egress, callOf(`http://127.0.0.1/${'a'.repeat(70_000)}`))
    expect(failure.code).toBe('INVALID_CALL')
    expect(failure.message.length).toBeLessThan(100)
  })
})

describe('in test mode', () => {
  test('nothing leaves, and the answer says so', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const call = callOf(`http://user:secret@${server.host}/items?token=abc&page=2`, { method: 'post', body: 'x' })
    const { answer, record } = await egress.request(call, contextOf({ testMode: true }))
    expect(answer).toMatchObject({ status: 200, statusText: 'OK', headers: [['content-type', 'application/json']] })
    expect('body' in answer && JSON.parse(answer.body)).toEqual({
      test_mode: true,
      message: 'Nothing was sent: the job is in test mode.',
      method: 'POST',
      url: `${server.url}/items?token=***&page=2`,
    })
    expect(record).toMatchObject({ method: 'POST', status: 200, error: null, test_mode: true })
    expect(server.connections()).toBe(0)
  })

  test('no name is looked up, and what could not be sent fails as ever', async () => {
    await using egress = openAt()
    const context = contextOf({ testMode: true })
    expect((await answerOf(egress, callOf('https://unknown.example/'), context)).status).toBe(200)
    expect(await failureOf(egress, callOf('nowhere'), context)).toMatchObject({ code: 'INVALID_CALL' })
  })
})

describe('the record of a call', () => {
  test('has what history shows, without secrets', async () => {
    await using server = await serve((_request, response) => void response.writeHead(404).end('gone'))
    await using egress = openAt()
    const path = '/a/b?q=1&api_key=s3&ACCESS_TOKEN=s3&password=s3&sig=s3&pass%77ord=s3&key=s3&flag&page=2#s3'
    const call = callOf(`http://user:s3@${server.host}${path}`, {
      method: 'delete',
      headers: [['x', 's3']],
      body: 's3',
    })
    const { record } = await egress.request(call, contextOf({ number: 3 }))
    expect(record).toEqual({
      number: 3,
      method: 'DELETE',
      url: `${server.url}/a/b?q=1&api_key=***&ACCESS_TOKEN=***&password=***&sig=***&pass%77ord=***&key=***&flag&page=2`,
      status: 404,
      error: null,
      ms: expect.any(Number),
      bytes: 4,
      test_mode: false,
    })
  })

  test('has the code of a failure', async () => {
    await using egress = openAt({ loopbackAllowed: false })
    const { record } = await egress.request(callOf('http://10.0.0.1/?token=s3'), contextOf())
    expect(record).toMatchObject({ url: 'http://10.0.0.1/?token=***', status: null, error: 'EGRESS_REFUSED', bytes: 0 })
  })
})
