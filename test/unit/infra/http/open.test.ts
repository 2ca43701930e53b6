import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHttp } from '../../../../infra/http/open.ts'
import { urlOf } from '../../../../infra/http/url-of.ts'
import { openMeter } from '../../../../infra/metrics/open.ts'
import { StartProblem } from '../../../../infra/start-problem.ts'
import type { Route } from '../../../../topology/http.ts'
import { adminToken, echo, exchange, guarded, listeningLogger, type Serving, serve } from './serving.ts'

const broken: Route = {
  method: 'GET',
  path: '/broken',
  access: 'open',
  summary: 'Throws',
  bodyLimit: 0,
  handle: () => {
    throw new Error('the secret of the house')
  },
}
const picky: Route = {
  ...echo,
  path: '/picky',
  headers: { 'x-always': 'here' },
  bodyLimit: (head) => Number(head.headers['x-limit']),
  admit: (head) => (head.headers['x-refuse'] === undefined ? undefined : { status: 418, body: 'no' }),
}

const post = 'POST /echo/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n'

let http: Serving
beforeAll(async () => {
  http = await serve([echo, guarded, broken, picky])
})
afterAll(() => http[Symbol.asyncDispose]())

const problemOf = async (response: Response): Promise<Record<string, unknown>> => {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body = (await response.json()) as Record<string, unknown>
  expect(body).toMatchObject({ type: 'about:blank', status: response.status })
  expect(body['title']).toBeTypeOf('string')
  return body
}

test('the body arrives as the bytes that were sent, whatever the content type says', async () => {
  const bytes = Buffer.from([0, 255, 254, 10, 13])
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'image/png', 'text/plain;charset=x']) {
    const response = await fetch(`${http.url}/echo/a%20b?x=1`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': type },
    })
    expect(await response.json()).toEqual({
      body: bytes.toString('base64'),
      params: { name: 'a b' },
      query: { x: '1' },
    })
  }
})

test('a body without a content type arrives too, and so does none', async () => {
  const typeless = await exchange(
    http.port,
    'POST /echo/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi',
  )
  expect(typeless).toContain('"body":"aGk="')
  expect(await (await fetch(`${http.url}/echo/a`, { method: 'POST' })).json()).toMatchObject({ body: '' })
})

test.each([
  ['with a length', Buffer.alloc(20_000_000)],
  ['in chunks', new Blob([Buffer.alloc(20_000_000)]).stream()],
])('a body of 20 MB %s gets its 413', async (_how, body) => {
  const response = await fetch(`${http.url}/echo/a`, { method: 'POST', body, duplex: 'half' } as RequestInit)
  expect(response.status).toBe(413)
  expect(await problemOf(response)).toMatchObject({
    instance: '/echo/a',
    detail: 'The body is larger than the 1000 bytes that are taken here.',
  })
})

test('a client that first sends all and then listens gets its 413, also when it asked to close', async () => {
  const head = 'POST /echo/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 20000000\r\n\r\n'
  expect(await exchange(http.port, head, Buffer.alloc(20_000_000))).toMatch(/^HTTP\/1.1 413 .*"status": 413/s)
})

test('a declared length over the limit is refused before the body is sent', async () => {
  const head = 'POST /echo/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 20000000\r\n\r\n'
  expect(await exchange(http.port, head)).toMatch(/^HTTP\/1.1 413 /)
})

test('a client that asks whether to go on is told to, once its head is fine', async () => {
  const head =
    'POST /echo/a HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n'
  expect(await exchange(http.port, head, 'hi')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
})

test('the limit and the admission are asked with the head; headers of the route are on every answer', async () => {
  const post = (headers: Record<string, string>) => fetch(`${http.url}/picky`, { method: 'POST', body: 'abc', headers })
  const answers = await Promise.all([post({ 'x-limit': '3' }), post({ 'x-limit': '2' }), post({ 'x-refuse': '' })])
  expect(answers.map(({ status }) => status)).toEqual([200, 413, 418])
  expect(answers.map(({ headers }) => headers.get('x-always'))).toEqual(['here', 'here', 'here'])
})

test('a compressed body is refused with the remedy', async () => {
  const response = await fetch(`${http.url}/echo/a`, {
    method: 'POST',
    body: 'x',
    headers: { 'content-encoding': 'gzip' },
  })
  expect(response.status).toBe(415)
  expect((await problemOf(response))['detail']).toContain('send it uncompressed')
})

test('without the token, or with a wrong one, the answer is 401 and says which scheme', async () => {
  for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic dGhlLWFkbWluLXRva2Vu', `Bearer ${adminToken}x`]) {
    const response = await fetch(`${http.url}/guarded`, { headers: { authorization } })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm=/)
    await problemOf(response)
  }
})

test('a query arrives as the types of its schema', async () => {
  const response = await ask('limit=10&dry_run=true&status=failed&id=xx')
  expect(await response.json()).toEqual({ limit: 10, dry_run: true, status: 'failed', id: 'xx' })
})

test.each([
  ['limit=ten', 'The query parameter "limit" is "ten"; allowed: a whole number from 1 to 1000.'],
  ['limit=0', 'The query parameter "limit" is "0"; allowed: a whole number from 1 to 1000.'],
  ['limit=1.5', 'The query parameter "limit" is "1.5"; allowed: a whole number from 1 to 1000.'],
  ['dry_run=maybe', 'The query parameter "dry_run" is "maybe"; allowed: true, false.'],
  ['status=x', 'The query parameter "status" is "x"; allowed: success, failed.'],
  ['id=y', 'The query parameter "id" is "y"; allowed: one or more x.'],
  ['id=x&id=x', 'The query parameter "id" is given 2 times; once is allowed.'],
  ['lmit=1', 'The query parameter "lmit" is not known here; there are: limit, dry_run, status, id.'],
  ['__proto__=1', 'The query parameter "__proto__" is not known here; there are: limit, dry_run, status, id.'],
])('the query %s is refused with what is wrong and what is allowed', async (query, detail) => {
  const response = await ask(query)
  expect(response.status).toBe(400)
  expect((await problemOf(response))['detail']).toBe(detail)
})

test('HEAD answers as GET does, without the body', async () => {
  const response = await ask('limit=1', 'HEAD')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-length')).toBe(String('{"limit":1}'.length))
  expect(await response.text()).toBe('')
})

test('an unknown address is a 404, an unknown method a 405 that names the known ones', async () => {
  const nowhere = await fetch(`${http.url}/nowhere?secret=1`)
  expect(nowhere.status).toBe(404)
  expect(await problemOf(nowhere)).toMatchObject({ instance: '/nowhere' })
  const patched = await fetch(`${http.url}/guarded`, { method: 'PATCH' })
  expect([patched.status, patched.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  expect((await fetch(`${http.url}/echo/a/b`, { method: 'PATCH' })).status).toBe(404)
})

test('a bug is answered without its details and logged with the id that the answer names', async () => {
  const response = await fetch(`${http.url}/broken`)
  const body = await problemOf(response)
  expect(response.status).toBe(500)
  expect(JSON.stringify(body)).not.toContain('secret')
  const said = http.logger.said.find(({ fields }) => 'request' in fields && fields.request === body['request_id'])
  expect(said).toMatchObject({ level: 'error', fields: { route: '/broken' } })
})

test.each([
  ['a bad escape in the address', 'GET /echo/%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 400],
  ['headers of 20 kB', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ['headers of 2 MB', `GET / HTTP/1.1\r\nhost: x\r\n${`x: ${'a'.repeat(100)}\r\n`.repeat(20_000)}\r\n`, 431],
  ['a method that is none', 'FOO / HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00', 400],
  ['a chunk whose size is none', `${post}transfer-encoding: chunked\r\n\r\nzz\r\nhi\r\n0\r\n\r\n`, 400],
  ['a length and chunks at once', `${post}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['two lengths', `${post}content-length: 2\r\ncontent-length: 3\r\n\r\nhi`, 400],
  ['a negative length', `${post}content-length: -2\r\n\r\nhi`, 400],
  ['a media type that is none', `${post}content-type: blah\r\ncontent-length: 2\r\n\r\nhi`, 415],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n', 400],
])('%s is refused, and the server goes on', async (_what, bytes, status) => {
  const answer = await exchange(http.port, bytes)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(answer).toContain('application/problem+json')
  expect((await fetch(`${http.url}/echo/a`, { method: 'POST' })).status).toBe(200)
})

test('a client that goes away in the middle of its body harms nobody', async () => {
  const { connect } = await import('node:net')
  const socket = connect(http.port, '127.0.0.1')
  socket.write(`${post}content-length: 100\r\n\r\nhi`)
  await once(socket, 'ready')
  socket.resetAndDestroy()
  expect((await fetch(`${http.url}/echo/a`, { method: 'POST' })).status).toBe(200)
})

test('bodies that are being received or worked on hold no more bytes than all may together', async () => {
  const entered = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const slow: Route = {
    ...echo,
    path: '/slow',
    handle: async () => {
      entered.resolve()
      await done.promise
      return { status: 200 }
    },
  }
  await using own = await serve([echo, slow], { mostBodyBytes: 1_000 })
  const send = (path: string, bytes: number) => fetch(own.url + path, { method: 'POST', body: 'x'.repeat(bytes) })
  const first = send('/slow', 600)
  await entered.promise

  const refused = await send('/echo/a', 500)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await problemOf(refused))['detail']).toContain('nothing of it was kept')
  const chunks = `${post}transfer-encoding: chunked\r\n\r\n1f4\r\n${'x'.repeat(500)}\r\n0\r\n\r\n`
  expect(await exchange(own.port, chunks)).toMatch(/^HTTP\/1.1 503 /)
  expect((await send('/echo/a', 400)).status).toBe(200)

  done.resolve()
  expect((await first).status).toBe(200)
  expect((await send('/echo/a', 500)).status).toBe(200)
  expect(await exchange(own.port, chunks)).toMatch(/^HTTP\/1.1 200 /)
})

test('an answer that cannot be written is a 500', async () => {
  await using own = await serve([{ ...echo, handle: () => ({ status: 200, body: { n: 1n } }) }])
  expect((await fetch(`${own.url}/echo/a`, { method: 'POST' })).status).toBe(500)
})

test('requests are counted by the pattern of their route', async () => {
  await using own = await serve([echo])
  await fetch(`${own.url}/echo/a`, { method: 'POST' })
  await fetch(`${own.url}/nowhere`)
  const text = await own.meter.text()
  expect(text).toContain('penstock_http_requests_total{route="/echo/:name",status="200"} 1')
  expect(text).toContain('penstock_http_requests_total{route="(none)",status="404"} 1')
})

test('closing lets requests in hand finish, sends those who come meanwhile elsewhere, and then takes no new one', async () => {
  const begun = Promise.withResolvers<void>()
  const mayEnd = Promise.withResolvers<void>()
  const slow: Route = {
    ...echo,
    path: '/slow',
    handle: async () => {
      begun.resolve()
      await mayEnd.promise
      return { status: 200, body: 'done' }
    },
  }
  const quick: Route = { ...echo, path: '/quick', handle: async () => ({ status: 200, body: 'quick' }) }
  const own = await serve([slow, quick])
  const answer = fetch(`${own.url}/slow`, { method: 'POST' })
  await begun.promise
  const closed = own[Symbol.asyncDispose]()
  const connections = new Set<string | null>()
  while (!connections.has('close')) {
    const response = await fetch(`${own.url}/quick`, { method: 'POST' })
    expect(await response.text()).toBe('quick')
    connections.add(response.headers.get('connection'))
  }
  mayEnd.resolve()
  expect(await (await answer).text()).toBe('done')
  await closed
  await expect(fetch(`${own.url}/slow`, { method: 'POST' })).rejects.toThrow()
})

test('a handler hears that its caller has gone', async () => {
  const begun = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const waiting: Route = {
    ...echo,
    path: '/wait',
    handle: async ({ signal }) => {
      signal.addEventListener('abort', () => gone.resolve())
      begun.resolve()
      await gone.promise
      return { status: 200 }
    },
  }
  await using own = await serve([waiting])
  const caller = new AbortController()
  const answer = fetch(`${own.url}/wait`, { method: 'POST', body: 'x', signal: caller.signal })
  await begun.promise
  caller.abort()
  await expect(answer).rejects.toThrow()
  await gone.promise
})

test('a port that is taken is said in one sentence with the setting to change', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const options = { host: '127.0.0.1', port, routes: [], adminToken, meter: openMeter(), logger: listeningLogger() }
  await expect(openHttp(options)).rejects.toThrow(
    new StartProblem(`port ${port} on 127.0.0.1 is taken by another program: set PORT to a free port`),
  )
  await expect(openHttp({ ...options, setting: 'METRICS_PORT' })).rejects.toThrow('set METRICS_PORT to a free port')
  await expect(openHttp({ ...options, host: '192.0.2.1' })).rejects.toThrow(
    new StartProblem('192.0.2.1 is not an address of this machine: set HOST to one that is'),
  )
  other.close()
})

test.each([
  ['127.0.0.1', 'http://127.0.0.1:4000'],
  ['pipes.example.org', 'http://pipes.example.org:4000'],
  ['0.0.0.0', 'http://127.0.0.1:4000'],
  ['::', 'http://[::1]:4000'],
  ['::1', 'http://[::1]:4000'],
])('who listens on %s is reached at %s', (host, url) => {
  expect(urlOf(host, 4_000)).toBe(url)
})

const ask = (query: string, method = 'GET'): Promise<Response> =>
  fetch(`${http.url}/guarded?${query}`, { method, headers: { authorization: `Bearer ${adminToken}` } })

test('a body that never ends is sent as the client takes it, and ends when the client has gone', async () => {
  const left = Promise.withResolvers<void>()
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(1_000_000, 'x')
    } finally {
      left.resolve()
    }
  }
  await using own = await serve([
    { ...echo, method: 'GET', path: '/endless', handle: () => ({ status: 200, body: endless() }) },
  ])
  const caller = new AbortController()
  const answer = await fetch(`${own.url}/endless`, { signal: caller.signal })
  expect((await answer.body?.getReader().read())?.value?.length).toBeGreaterThan(0)
  caller.abort()
  await left.promise
})

test('a body that breaks in its middle is cut, not ended', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('half of it')
    throw new Error('the other half is lost')
  }
  await using own = await serve([
    { ...echo, method: 'GET', path: '/broken', handle: () => ({ status: 200, body: broken() }) },
  ])
  const answer = await exchange(own.port, 'GET /broken HTTP/1.1\r\nhost: x\r\n\r\n')
  expect(answer).toMatch(/transfer-encoding: chunked/i)
  expect(answer).toContain('half of it')
  expect(answer).not.toContain('\r\n0\r\n')
  expect((await fetch(`${own.url}/broken`, { method: 'HEAD' })).status).toBe(200)
})
