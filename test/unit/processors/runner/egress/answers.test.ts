import { createSecureServer } from 'node:http2'
import { createServer, type Socket } from 'node:net'
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { makeAuthority, makeIdentity } from '../../../../fixtures/certificates.ts'
import { answerOf, callOf, contextOf, echo, failureOf, lookupIn, openAt, serve } from './calls.ts'

describe('an answer', () => {
  test('is given as it came, whatever its status', async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(503, 'Later', [
        ...['Set-Cookie', 'a=1'],
        ...['Set-Cookie', 'b=2; Path=/'],
        ...['X-Latin', 'gr\xfcn'],
        ...['Content-Type', 'text/plain'],
      ])
      response.end('später')
    })
    await using egress = openAt()
    const answer = await answerOf(egress, callOf(`${server.url}/x?y=1#z`))
    expect(answer).toMatchObject({ status: 503, statusText: 'Later', body: 'später', encoding: 'utf8' })
    expect(answer.url).toBe(`${server.url}/x?y=1`)
    expect(answer.headers.slice(0, 4)).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2; Path=/'],
      ['x-latin', 'grün'],
      ['content-type', 'text/plain'],
    ])
  })

  test('may have many headers', async () => {
    await using server = await serve((_request, response) => {
      for (let n = 0; n < 500; n++) response.appendHeader('x-many', `value ${n}`)
      response.end()
    })
    await using egress = openAt()
    const { headers } = await answerOf(egress, callOf(server.url))
    expect(headers.filter(([name]) => name === 'x-many').map(([, value]) => value)).toHaveLength(500)
  })

  test.each([
    ['to HEAD', 'HEAD', 200],
    ['204', 'POST', 204],
    ['304', 'GET', 304],
  ])('%s has no body, time after time', async (_what, method, status) => {
    await using server = await serve((_request, response) => {
      response.writeHead(status, { 'content-encoding': 'gzip', ...(method === 'HEAD' && { 'content-length': 99_999 }) })
      response.end()
    })
    await using egress = openAt({ limits: { responseBytes: 1_000 } })
    for (let times = 0; times < 5; times++) {
      expect(await answerOf(egress, callOf(server.url, { method }))).toMatchObject({
        status,
        body: '',
        encoding: 'utf8',
      })
    }
  })

  test('that is not UTF-8 comes as base64', async () => {
    const bytes = Buffer.from([0x47, 0xfc, 0x6e])
    await using server = await serve((_request, response) => void response.end(bytes))
    await using egress = openAt()
    expect(await answerOf(egress, callOf(server.url))).toMatchObject({
      body: bytes.toString('base64'),
      encoding: 'base64',
    })
  })

  test.each([
    ['a fifth of which JSON would write as six characters each', `${'\0'.repeat(21)}${'x'.repeat(79)}`, 'base64'],
    ['with fewer of those', `${'\0'.repeat(20)}${'x'.repeat(80)}`, 'utf8'],
    ['of lines, tabs and quotes', '\t"\r\n'.repeat(100), 'utf8'],
    ['with nothing in it', '', 'utf8'],
  ] as const)('%s comes as what is shorter', async (_what, text, encoding) => {
    await using server = await serve((_request, response) => void response.end(text))
    await using egress = openAt()
    expect(await answerOf(egress, callOf(server.url))).toMatchObject({
      body: Buffer.from(text).toString(encoding),
      encoding,
    })
  })

  test('that is small as received, and large in JSON, is small for whoever passes it on', async () => {
    const bomb = gzipSync(Buffer.alloc(9_900_000))
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    })
    await using egress = openAt()
    const answer = await answerOf(egress, callOf(server.url))
    expect(Buffer.from(answer.body, 'base64')).toHaveLength(9_900_000)
    expect(JSON.stringify(answer).length).toBeLessThan(14_000_000)
  })

  const text = 'a text that comes again and again, '.repeat(100)
  test.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)],
    ['unheard-of', Buffer.from(text)],
    ['gzip,gzip,gzip,gzip', Buffer.from(text)],
  ])('is decoded: %s', async (encoding, body) => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(body)
    })
    await using egress = openAt()
    expect((await answerOf(egress, callOf(server.url))).body).toBe(text)
  })

  test.each([
    ['cut off', gzipSync(text).subarray(0, 60)],
    ['something else', Buffer.from(text)],
  ])('whose encoding is %s is none', async (_what, body) => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body)
    })
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'BAD_ANSWER' })
  })

  test('is as large as may be, and no larger', async () => {
    await using server = await serve((request, response) => {
      const size = Number(request.url?.slice(1))
      if (request.headers['x-chunked']) response.writeHead(200, { 'transfer-encoding': 'chunked' })
      else response.writeHead(200, { 'content-length': size })
      response.end('x'.repeat(size))
    })
    await using egress = openAt({ limits: { responseBytes: 100_000 } })
    for (const headers of [[], [['x-chunked', '1']]] as const) {
      expect((await answerOf(egress, callOf(`${server.url}/100000`, { headers }))).body).toHaveLength(100_000)
      expect(await failureOf(egress, callOf(`${server.url}/100001`, { headers }))).toEqual({
        code: 'RESPONSE_TOO_LARGE',
        message: 'The body of an answer may have 100000 bytes at most',
      })
    }
  })

  test('without end is cut off', async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await serve((_request, response) => {
      response.on('close', closed.resolve)
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more)
      }
      more()
    })
    await using egress = openAt({ limits: { responseBytes: 1_000_000 } })
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'RESPONSE_TOO_LARGE' })
    await closed.promise
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(11_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(11_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(11_000_000)))],
  ])('that swells when it is decoded is too large: %s', async (encoding, bomb) => {
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb)
    })
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'RESPONSE_TOO_LARGE' })
  })

  test('from which nothing ever comes when it is decoded is too large all the same', async () => {
    const emptyBlock = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]) // RFC 1951, 3.2.4
    const endless = Buffer.concat([gzipSync('').subarray(0, 10), ...Array.from({ length: 40_000 }, () => emptyBlock)])
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(endless)
    })
    await using egress = openAt({ limits: { responseBytes: 100_000 } })
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'RESPONSE_TOO_LARGE' })
  })

  test('counts as large as it is when it is decoded', async () => {
    const packed = gzipSync(Buffer.alloc(90_000))
    await using server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    })
    await using egress = openAt({ limits: { heldBytes: 80_000 } })
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'EGRESS_BUSY' })
    await using roomy = openAt({ limits: { heldBytes: 90_000 } })
    for (let times = 0; times < 3; times++) expect((await answerOf(roomy, callOf(server.url))).status).toBe(200)
  })

  test('whose connection ends within its encoding says so', async () => {
    await using server = await serve((request, response) => {
      response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-length': 999 })
        .write(gzipSync(text).subarray(0, 30))
      setImmediate(() => request.socket.destroy())
    })
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'ECONNRESET' })
  })

  test('has no room when all that are being received are too large together, and others have', async () => {
    const go = Promise.withResolvers<void>()
    await using server = await serve(async (request, response) => {
      if (request.url === '/small') return void response.end('x')
      response.writeHead(200, { 'content-length': 80_000 }).write('x'.repeat(60_000))
      await go.promise
      response.end('x'.repeat(20_000))
    })
    await using egress = openAt({ limits: { heldBytes: 100_000 } })
    const large = callOf(`${server.url}/large`)
    const both = [1, 2].map((number) => egress.request(large, contextOf({ number })))
    const { record } = await Promise.race(both)
    expect(record.error).toBe('EGRESS_BUSY')
    expect((await answerOf(egress, callOf(`${server.url}/small`))).body).toBe('x')
    go.resolve()
    const came = (await Promise.all(both)).map(({ record }) => record.error ?? record.bytes)
    expect(new Set(came)).toEqual(new Set(['EGRESS_BUSY', 80_000]))
    expect((await answerOf(egress, large)).body).toHaveLength(80_000)
  })
})

describe('there is no answer', () => {
  const raw = async (talk: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => talk(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    return {
      url: `http://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
    }
  }

  test.each<[string, string, (socket: Socket) => void]>([
    ['when the server hangs up', 'ECONNRESET', (socket) => socket.destroy()],
    [
      'when it hangs up within the body',
      'ECONNRESET',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx'),
    ],
    ['when it does not speak HTTP', 'BAD_ANSWER', (socket) => socket.end('220 mail ready\r\n')],
    [
      'when it speaks it twice',
      'BAD_ANSWER',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'),
    ],
    [
      'when its headers are too large',
      'HEADERS_TOO_LARGE',
      (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`),
    ],
  ])('%s: %s', async (_what, code, talk) => {
    await using server = await raw(talk)
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url))).toEqual({
      code,
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ /),
    })
  })

  test('when something breaks that nobody foresaw, and that is told', async () => {
    const bug = new TypeError('x is not a function')
    const told: unknown[] = []
    await using egress = openAt({ lookup: () => Promise.reject(bug), onBug: (error) => told.push(error) })
    expect(await failureOf(egress, callOf('http://host.example/'))).toMatchObject({ code: 'EGRESS_FAILED' })
    expect(told).toEqual([bug])
  })

  test('when nobody listens', async () => {
    const server = await serve(echo)
    await server[Symbol.asyncDispose]()
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url))).toEqual({
      code: 'ECONNREFUSED',
      message: `127.0.0.1:${server.port} refused the connection`,
    })
  })
})

describe('over TLS', () => {
  const authority = makeAuthority('an authority')
  const identity = makeIdentity(authority, { name: 'api', hosts: ['api.example'] })
  const lookup = lookupIn({ 'api.example': [['127.0.0.1']], 'other.example': [['127.0.0.1']] })

  test('the server is known by the name of the URL, with or without a dot at its end', async () => {
    const names: unknown[] = []
    await using server = await serve(echo, identity)
    server.server.on('secureConnection', ({ servername }: { servername: unknown }) => names.push(servername))
    await using egress = openAt({ lookup, ca: [authority.certificate] })
    expect((await answerOf(egress, callOf(`https://api.example:${server.port}/`))).status).toBe(200)
    const { status, url } = await answerOf(egress, callOf(`https://API.example.:${server.port}/`))
    expect([status, url]).toEqual([200, `https://api.example:${server.port}/`])
    expect([...new Set(names)]).toEqual(['api.example'])
  })

  test('it is HTTP/1.1, whatever else the server speaks', async () => {
    const options = { allowHTTP1: true, cert: identity.certificate, key: identity.key }
    const server = createSecureServer(options, (request, response) => void response.end(request.httpVersion))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    {
      await using egress = openAt({ lookup, ca: [authority.certificate] })
      expect((await answerOf(egress, callOf(`https://api.example:${port}/`))).body).toBe('1.1')
    }
    await new Promise((resolve) => server.close(resolve))
  })

  test('a certificate for another name is refused', async () => {
    await using server = await serve(echo, identity)
    await using egress = openAt({ lookup, ca: [authority.certificate] })
    expect(await failureOf(egress, callOf(`https://other.example:${server.port}/`))).toEqual({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      message: `other.example:${server.port} has no certificate that can be trusted (ERR_TLS_CERT_ALTNAME_INVALID)`,
    })
  })

  test('a certificate of nobody known is refused, and one that is over', async () => {
    const old = makeIdentity(authority, { name: 'api', hosts: ['api.example'], until: new Date('2025-01-01') })
    await using server = await serve(echo, identity)
    await using late = await serve(echo, old)
    await using stranger = openAt({ lookup })
    await using egress = openAt({ lookup, ca: [authority.certificate] })
    const failure = await failureOf(stranger, callOf(`https://api.example:${server.port}/`))
    expect(failure.message).toMatch(/^api\.example:\d+ has no certificate that can be trusted/)
    expect(await failureOf(egress, callOf(`https://api.example:${late.port}/`))).toMatchObject({
      code: 'CERT_HAS_EXPIRED',
    })
  })

  test('what does not speak it is no answer', async () => {
    await using server = await serve(echo)
    await using egress = openAt({ lookup, ca: [authority.certificate] })
    const { code } = await failureOf(egress, callOf(`https://api.example:${server.port}/`), contextOf())
    expect(code).toMatch(/SSL|TLS|EPROTO|ECONNRESET/)
  })
})
