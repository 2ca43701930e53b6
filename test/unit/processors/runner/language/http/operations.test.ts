import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { fetchWithErrorsOf } from '../../../../../../processors/runner/language/http/fetch-with-errors.ts'
import { httpOperations } from '../../../../../../processors/runner/language/http/operations.ts'
import type { State } from '../../../../../../processors/runner/language/operation.ts'
import { FormData } from '../../../../../../processors/runner/language/web/form-data.ts'
import { openTarget, runHost, type Seen } from '../../../../../fixtures/run-host.ts'

type Given = Readonly<{ data?: unknown; references?: readonly unknown[]; configuration?: object }>

/** A server that says what it saw, but for the paths below, and the operations of a run that knows it as base URL. */
const open = async () => {
  const target = await openTarget((seen, to) => (answers[seen.url.split('?')[0] ?? ''] ?? echo)(to, seen))
  const host = runHost()
  const operations = httpOperations(host)
  const state = (given: Given = {}): State => ({
    data: {},
    references: [],
    ...given,
    configuration: { baseUrl: target.url, ...given.configuration },
  })
  return { target, host, ...operations, state, [Symbol.asyncDispose]: () => target[Symbol.asyncDispose]() }
}

const json = { 'content-type': 'application/json' }
const echo = (to: ServerResponse, { method, url, headers, body }: Seen): void => {
  const { authorization, cookie, 'content-type': type } = headers
  to.writeHead(200, json).end(JSON.stringify({ method, url, authorization, cookie, type, body }))
}

const answers: Readonly<Record<string, (to: ServerResponse, seen: Seen) => void>> = {
  '/text': (to) => to.writeHead(200, { 'content-type': 'text/plain' }).end('{"not":"parsed"}'),
  '/plain': (to) => to.writeHead(200, { 'content-type': 'text/plain' }).end('just text'),
  '/latin1': (to) =>
    to.writeHead(200, { 'content-type': 'text/plain; charset=ISO-8859-1' }).end(Buffer.from('Zoë', 'latin1')),
  '/bytes': (to) => to.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.from([137, 80, 255])),
  '/broken': (to) => to.writeHead(200, json).end('{"a":'),
  '/nothing': (to) => to.writeHead(204).end(),
  '/missing': (to) => to.writeHead(404, json).end('{"why":"gone"}'),
  '/moved': (to) => to.writeHead(302, { location: '/there' }).end(),
  '/round': (to) => to.writeHead(302, { location: '/round' }).end(),
  '/login': (to) =>
    to
      .writeHead(200, { ...json, 'set-cookie': ['session=1; Path=/; HttpOnly', 'other=2; Path=/deep'] })
      .end('{"in":true}'),
  '/logout': (to) => to.writeHead(200, { ...json, 'set-cookie': 'session=; Path=/; Max-Age=0' }).end('{}'),
}

const failure = (act: unknown): Promise<Record<string, unknown>> =>
  Promise.resolve(act).then(
    () => ({ none: true }),
    (error: Record<string, unknown>) => error,
  )

describe('what a request does to the state', () => {
  test('the body becomes data, what was there the newest reference, and the rest is response', async () => {
    await using run = await open()
    const next = (await run.get('/a', { query: { b: [1, 'ü'], c: undefined } })(
      run.state({ data: { old: 1 }, references: ['older'] }),
    )) as Record<string, never>
    expect(next['data']).toMatchObject({ method: 'GET', url: '/a?b=1&b=%C3%BC', type: 'application/json' })
    expect(next['references']).toEqual([{ old: 1 }, 'older'])
    expect(next['response']).toMatchObject({
      method: 'GET',
      statusCode: 200,
      statusMessage: 'OK',
      url: `${run.target.url}/a`,
      query: { b: [1, 'ü'] },
    })
    expect(next['response']).toHaveProperty('headers.content-type', 'application/json')
    expect(next['response']).toHaveProperty('duration', expect.any(Number))
  })

  test('the body can be read from the response, and is not stored twice', async () => {
    await using run = await open()
    const { response, data } = (await run.get('/a')(run.state())) as Record<string, Record<string, unknown>>
    expect(response?.['body']).toBe(data)
    expect(JSON.stringify(response)).not.toContain('body')
  })

  test('a callback goes on with the new state, and its result is the state', async () => {
    await using run = await open()
    expect(await run.get('/a', {}, ({ data }) => ({ got: data }))(run.state())).toMatchObject({ got: { url: '/a' } })
  })

  test('path, options and data may be functions of the state, deep inside, too', async () => {
    await using run = await open()
    const state = run.state({ data: { id: 7 } })
    const id = (s: State): unknown => (s['data'] as { id: number }).id
    expect(
      await run.get(
        (s: State) => `/p/${id(s)}`,
        (s) => ({ query: { id: id(s) } }),
      )(state),
    ).toMatchObject({ data: { url: '/p/7?id=7' } })
    expect(await run.post('/x', { deep: [id] })(state)).toMatchObject({ data: { body: '{"deep":[7]}' } })
    expect(await run.post('/x', id, (s) => ({ query: { id: id(s) } }))(state)).toMatchObject({
      data: { body: '7', url: '/x?id=7' },
    })
  })

  test('a request that nobody answers has its line, too, with the code, and its error says what was asked', async () => {
    const run = await open()
    await run[Symbol.asyncDispose]()
    const error = await failure(run.get('/a', { query: { key: 'hidden' } })(run.state()))
    expect(run.host.lines).toEqual([expect.stringMatching(/^error GET http:\/\/127\.0\.0\.1:\d+\/a - \S+ in \d+ ms$/)])
    expect(error).toMatchObject({ method: 'GET', url: expect.stringMatching(/\/a/), duration: expect.any(Number) })
  })

  test('a line of the log tells method, path, status and time, without the query', async () => {
    await using run = await open()
    await run.get('/a', { query: { key: 'secret' } })(run.state())
    expect(run.host.lines).toEqual([expect.stringMatching(/^log GET http:\/\/127\.0\.0\.1:\d+\/a - 200 in \d+ ms$/)])
  })
})

describe('both ways to call post', () => {
  test.each([
    ['data', { name: 'x' }, undefined, { body: '{"name":"x"}', type: 'application/json' }],
    ['data that looks like a description, with options beside it', { body: 'x' }, {}, { body: '{"body":"x"}' }],
    [
      'data with a query, as search engines want it',
      { query: { match: 1 } },
      undefined,
      { body: '{"query":{"match":1}}' },
    ],
    ['text', '<a/>', { contentType: 'xml' }, { body: '<a/>', type: 'application/xml' }],
    ['a list', [1], { headers: { 'content-type': 'application/x+json' } }, { body: '[1]', type: 'application/x+json' }],
    ['a description with a body', { body: { a: 1 }, query: { q: 1 } }, undefined, { body: '{"a":1}', url: '/x?q=1' }],
    [
      'a description with a form',
      { form: { a: 1, b: { c: 2 }, d: null } },
      undefined,
      { type: expect.stringMatching(/^multipart\/form-data; boundary=/), body: expect.stringContaining('{"c":2}') },
    ],
    ['nothing', undefined, undefined, { body: '' }],
  ])('%s', async (_, data, options, seen) => {
    await using run = await open()
    for (const method of ['post', 'put', 'patch'] as const)
      expect(await run[method]('/x', data, options)(run.state())).toMatchObject({
        data: { method: method.toUpperCase(), url: '/x', ...seen },
      })
  })

  test('a description with a callback is 1.x, although it says no body', async () => {
    await using run = await open()
    const made = run.post('/x', { query: { a: 1 } }, ({ data }) => ({ got: data }))
    expect(await made(run.state())).toMatchObject({ got: { url: '/x?a=1', body: '' } })
    expect(await run.post('/x', undefined as never, (s) => ({ ...s, done: true }))(run.state())).toMatchObject({
      done: true,
    })
  })

  test('a callback may stand behind the options', async () => {
    await using run = await open()
    expect(await run.post('/x', { a: 1 }, {}, ({ data }) => ({ got: data }))(run.state())).toMatchObject({
      got: { body: '{"a":1}' },
    })
  })

  test('a callback is a function that does its work when it is called', async () => {
    await using run = await open()
    expect(() => run.get('/x', {}, 5 as never)).toThrow('is a function of state, not a value of type number')
    expect(() => run.post('/x', {}, {}, function* () {})).toThrow(
      'not a generator function, whose body would never run',
    )
  })

  test('a form of fields and objects goes out as multipart', async () => {
    await using run = await open()
    const form = new FormData()
    form.append('a', 'b')
    for (const made of [
      run.post('/x', { a: 'b' }, { contentType: 'form' }),
      run.post('/x', form),
      run.post('/x', form, { headers: { 'Content-Type': 'multipart/form-data' } }),
    ])
      expect(await made(run.state())).toMatchObject({
        data: {
          type: 'multipart/form-data; boundary=----penstock-form-0',
          body: expect.stringContaining('name="a"\r\n\r\nb\r\n'),
        },
      })
  })

  test('bytes go out as they are', async () => {
    await using run = await open()
    expect(
      await run.post('/x', new Uint8Array([1, 255]), { headers: { 'Content-Type': 'a/b' } })(run.state()),
    ).toMatchObject({ data: { body: '\x01\xff', type: 'a/b' } })
  })
})

describe('where a request goes, and with which credential', () => {
  test.each([
    ['/a', '/api', '/api/a'],
    ['a', '/api/', '/api/a'],
    ['', '/api', '/api'],
    ['a?x=http://b//c', '', '/a?x=http://b//c'],
  ])('%j behind base %j is %j', async (path, base, url) => {
    await using run = await open()
    const state = run.state({ configuration: { baseUrl: `${run.target.url}${base}` } })
    expect(await run.get(path)(state)).toMatchObject({ data: { url } })
  })

  test.each([
    [{ username: 'ü', password: 'p' }, {}, `Basic ${Buffer.from('ü:p').toString('base64')}`],
    [{ access_token: 't', username: 'u', password: 'p' }, {}, 'Bearer t'],
    [{ token: 't' }, {}, 'Bearer t'],
    [{ token: 't' }, { headers: { authorization: 'Own' } }, 'Own'],
    [{ token: 't' }, { authentication: { username: 'a', password: 'b' } }, 'Basic YTpi'],
    [{}, { auth: { user: 'a', pass: 'b' } }, 'Basic YTpi'],
    [{ username: 'u' }, {}, undefined],
  ])('credential %j and options %j say %j', async (configuration, options, authorization) => {
    await using run = await open()
    const { data } = (await run.get('/a', options)(run.state({ configuration }))) as {
      data: { authorization?: string }
    }
    expect(data.authorization).toBe(authorization)
  })

  test('a credential goes to no other server than its own', async () => {
    await using run = await open()
    const configuration = { baseUrl: 'https://elsewhere.example', token: 'secret' }
    expect(await failure(run.get(`${run.target.url}/a`)(run.state({ configuration })))).toMatchObject({
      code: 'BASE_URL_MISMATCH',
    })
    const host = await run.get(`${run.target.url}/a`)({
      configuration: { host: 'https://elsewhere.example', token: 'secret' },
    })
    const none = await run.get(`${run.target.url}/a`)({ configuration: { token: 'secret' } })
    for (const state of [host, none]) expect((state as { data: object }).data).not.toHaveProperty('authorization')
  })

  test('in the style of 1.x a credential without a base URL goes to absolute URLs', async () => {
    await using run = await open()
    const state = { configuration: { username: 'a', password: 'b' } }
    expect(await run.get(`${run.target.url}/a`, {}, (s) => s)(state)).toMatchObject({
      data: { authorization: 'Basic YTpi' },
    })
  })

  test('a password in a URL becomes a header and is seen nowhere else', async () => {
    await using run = await open()
    const url = run.target.url.replace('//', '//a:s%40crat@')
    const { response, data } = (await run.get(`${url}/x`)({})) as Record<string, Record<string, unknown>>
    expect(data?.['authorization']).toBe(`Basic ${Buffer.from('a:s@crat').toString('base64')}`)
    expect(JSON.stringify([response, run.host.lines])).not.toContain('crat')
  })

  test('hostUrl, host and url serve as base URL, if they are URLs', async () => {
    await using run = await open()
    for (const name of ['hostUrl', 'host', 'url'])
      expect(await run.get('/a')({ configuration: { [name]: run.target.url } })).toMatchObject({ data: { url: '/a' } })
    expect(await failure(run.get('/a')({ configuration: { host: 'localhost' } }))).toMatchObject({
      code: 'NO_BASE_URL',
      name: 'AdaptorError',
    })
  })

  test('cookies are kept for the run when a request asks for it, and given to the job', async () => {
    await using run = await open()
    const state = run.state()
    await run.get('/login')(state)
    expect(await run.get('/a')(state)).not.toHaveProperty('data.cookie')
    const login = (await run.get('/login', { keepCookie: true })(state)) as { data: Record<string, unknown> }
    expect(login.data).toMatchObject({
      in: true,
      __cookie: ['session=1', 'other=2'],
      __headers: { 'content-type': 'application/json' },
    })
    expect(await httpOperations(run.host).get('/a')(state)).toMatchObject({ data: { cookie: 'session=1' } })
    expect(await run.get('/deep/er')(state)).toMatchObject({ data: { cookie: 'session=1; other=2' } })
    expect(await httpOperations(runHost()).get('/a')(state)).not.toHaveProperty('data.cookie')
    await run.get('/logout', { keepCookie: true })(state)
    expect(await run.get('/a')(state)).not.toHaveProperty('data.cookie')
  })
})

describe('how an answer is read', () => {
  test.each([
    ['/text', {}, '{"not":"parsed"}'],
    ['/text', { parseAs: 'json' }, { not: 'parsed' }],
    ['/missing', { errors: false, parseAs: 'text' }, '{"why":"gone"}'],
    ['/latin1', {}, 'Zoë'],
    ['/bytes', { parseAs: 'base64' }, 'iVD/'],
    ['/plain', { parseAs: 'base64' }, Buffer.from('just text').toString('base64')],
    ['/nothing', {}, undefined],
  ])('%s with %j', async (path, options, data) => {
    await using run = await open()
    expect(((await run.get(path, options)(run.state())) as State)['data']).toEqual(data)
  })

  test('in the style of 1.x any answer is tried as JSON, and text is put into body', async () => {
    await using run = await open()
    const data = (path: string) => run.get(path, {}, (state) => state['data'])(run.state())
    expect(await data('/text')).toEqual({ not: 'parsed' })
    expect(await data('/plain')).toEqual({ body: 'just text' })
  })

  test.each([
    ['/broken', {}, { code: 'BODY_NOT_JSON', statusCode: 200, details: { body: '{"a":' } }],
    ['/plain', { parseAs: 'json' }, { code: 'BODY_NOT_JSON' }],
    ['/a', { parseAs: 'stream' }, { code: 'NO_STREAMS' }],
    ['/a', { parseAs: 'yaml' }, { code: 'BAD_OPTION' }],
    ['/a', { timeout: '5' }, { code: 'BAD_OPTION' }],
    ['/a', { tls: { cert: 'x' } }, { code: 'TLS_OPTION' }],
  ])('%s with %j is an error with a code', async (path, options, error) => {
    await using run = await open()
    expect(await failure(Promise.resolve().then(() => run.get(path, options)(run.state())))).toMatchObject({
      name: 'AdaptorError',
      ...error,
    })
  })
})

describe('what is an error', () => {
  test('400 and above, with all that was said, and without secrets in the message', async () => {
    await using run = await open()
    const error = await failure(run.get('/missing?key=secret', {})(run.state()))
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'AdaptorError', code: 'HTTP_404', statusCode: 404, body: { why: 'gone' } })
    expect(error['message']).toBe(`GET to ${run.target.url}/missing returned 404: Not Found`)
    expect(error['details']).toEqual({
      code: 'HTTP_404',
      method: 'GET',
      url: `${run.target.url}/missing`,
      statusCode: 404,
      statusMessage: 'Not Found',
      duration: expect.any(Number),
      body: { why: 'gone' },
    })
    expect(run.host.lines).toEqual([
      expect.stringMatching(/^error GET .*\/missing - 404 in/),
      'error Body of the answer: {"why":"gone"}',
    ])
  })

  test.each([
    ['/missing', { errors: false }, undefined],
    ['/missing', { errors: { 404: false } }, undefined],
    ['/missing', { options: { successCodes: [404] } }, undefined],
    ['/missing', { errors: { 404: 'no such thing' } }, 'no such thing'],
    ['/missing', { errors: { 404: ({ body }: { body: { why: string } }) => `it is ${body.why}` } }, 'it is gone'],
    ['/missing', { errors: { 500: 'other' } }, 'returned 404'],
    ['/a', { errors: { 200: 'too good' } }, 'too good'],
  ])('%s with %j', async (path, options, message) => {
    await using run = await open()
    const error = await failure(run.get(path, options)(run.state()))
    if (message === undefined) expect(error).toEqual({ none: true })
    else expect(error['message']).toContain(message)
  })

  test('no answer keeps the code of whoever says why', async () => {
    await using run = await open()
    expect(await failure(run.get('http://127.0.0.1:1/')({}))).toMatchObject({
      name: 'AdaptorError',
      code: 'ECONNREFUSED',
    })
  })

  test('redirects are followed, five of them, or as many as the job says', async () => {
    await using run = await open()
    expect(await run.get('/moved')(run.state())).toMatchObject({ data: { url: '/there' } })
    expect(await run.get('/moved', { maxRedirections: 0 })(run.state())).toMatchObject({
      response: { statusCode: 302 },
    })
    expect(await run.get('/moved', { followAllRedirects: false })(run.state())).toMatchObject({
      response: { statusCode: 302 },
    })
    expect(await failure(run.get('/round', { maxRedirections: 50 })(run.state()))).toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
    })
    expect(run.target.seen.filter(({ url }) => url === '/round')).toHaveLength(6)
  })
})

describe('the other methods', () => {
  test('del, head, options and request', async () => {
    await using run = await open()
    const state = run.state()
    expect(await run.del('/a', { body: { x: 1 } })(state)).toMatchObject({
      data: { method: 'DELETE', body: '{"x":1}' },
    })
    expect(await run.head('/a')(state)).toMatchObject({ response: { method: 'HEAD', statusCode: 200 } })
    expect(await run.options('/a')(state)).toMatchObject({ data: { method: 'OPTIONS' } })
    expect(await run.request('patch', '/a', { body: 'x' })(state)).toMatchObject({
      data: { method: 'PATCH', body: 'x' },
    })
    expect(await failure(Promise.resolve().then(() => run.request(5, '/a')(state)))).toMatchObject({
      code: 'BAD_METHOD',
    })
  })

  test('fetchWithErrors posts what it got, and what it did not get, too', async () => {
    await using run = await open()
    const state = run.state({ configuration: { username: 'a', password: 'b' } })
    const fetch = fetchWithErrorsOf(run.host)
    const postUrl = `${run.target.url}/inbox`
    const next = await fetch({ getEndpoint: 'missing', query: { a: () => 1 }, externalId: 5, postUrl })(state)
    expect(next).toMatchObject({ response: { body: { why: 'gone' } }, data: {} })
    await fetch({ getEndpoint: 'http://127.0.0.1:1/', postUrl })({})
    const [got, first, second] = run.target.seen
    expect([got?.url, got?.headers.authorization, first?.headers.authorization]).toEqual([
      '/missing?a=1',
      'Basic YTpi',
      undefined,
    ])
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      externalId: 5,
      response: { statusCode: 404, body: { why: 'gone' } },
    })
    expect(JSON.parse(second?.body ?? '')).toMatchObject({ response: { error: { code: 'ECONNREFUSED' } } })
    expect(await failure(fetch({ getEndpoint: 'a', postUrl: `${run.target.url}/missing` })(state))).toMatchObject({
      code: 'HTTP_404',
    })
  })
})
