import { describe, expect, test } from 'vitest'
import { httpOf } from '../../../../../../processors/runner/language/http/http-object.ts'
import { httpUtilOf } from '../../../../../../processors/runner/language/http/util-part.ts'
import type { State } from '../../../../../../processors/runner/language/operation.ts'
import { openTarget, runHost } from '../../../../../fixtures/run-host.ts'

const open = async () => {
  const target = await openTarget(({ method, url, headers, body }, to) => {
    if (url === '/moved') return void to.writeHead(301, { location: '/there' }).end()
    const { authorization, 'content-type': type } = headers
    to.writeHead(url === '/missing' ? 404 : 200, { 'content-type': 'application/json' })
    to.end(JSON.stringify({ method, url, authorization, type, body }))
  })
  const host = runHost()
  return {
    target,
    url: target.url,
    http: httpOf(host),
    util: httpUtilOf(host),
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  }
}

type Answer = Readonly<{ statusCode: number; body: Readonly<Record<string, unknown>> }>

describe('http', () => {
  test('data and response are new, references stay, and no credential goes along', async () => {
    await using run = await open()
    const state = { data: 1, references: [2], configuration: { token: 'secret' }, own: 3 }
    const next = await run.http.get(`${run.url}/a`, { query: { b: 1 } })(state)
    expect(next).toMatchObject({
      data: { method: 'GET', url: '/a?b=1' },
      references: [2],
      own: 3,
      response: { statusCode: 200 },
    })
    expect((next as typeof state).data).not.toHaveProperty('authorization')
    expect((next as { response: object }).response).not.toHaveProperty('body')
  })

  test('a path goes to the base URL of the credential, with it', async () => {
    await using run = await open()
    const state = { configuration: { baseUrl: run.url, token: 't' } }
    expect(await run.http.get('/a')(state)).toMatchObject({ data: { url: '/a', authorization: 'Bearer t' } })
  })

  test('options are built with words, which may wait for the state', async () => {
    await using run = await open()
    const { http, url } = run
    const token = (state: State): unknown => state['token']
    const ask = async (options: unknown) =>
      ((await http.post(url, { a: 1 }, options)({ token: 't' })) as { data: object }).data
    expect(await ask(http.options().json().basic('u', 'p'))).toMatchObject({
      type: 'application/json',
      authorization: 'Basic dTpw',
    })
    expect(await ask(http.options({ query: { a: 1 } }).bearer('x'))).toMatchObject({
      url: '/?a=1',
      authorization: 'Bearer x',
    })
    expect(await ask(http.options((state) => ({ query: { a: token(state) } })).oauth(token))).toMatchObject({
      url: '/?a=t',
      authorization: 'Bearer t',
    })
    expect(http.options({ query: 1 }).json()).toEqual({ query: 1, headers: { 'Content-Type': 'application/json' } })
  })

  test('a redirect is an error unless the job says how many it wants', async () => {
    await using run = await open()
    const ask = (options: object) => run.http.get(`${run.url}/moved`, options)({}) as Promise<unknown>
    await expect(ask({})).rejects.toThrow('Set maxRedirections to follow it')
    expect(await ask({ maxRedirections: 1 })).toMatchObject({ data: { url: '/there' } })
    expect(await ask({ maxRedirections: 0 })).toMatchObject({ response: { statusCode: 301 } })
    expect(await ask({ errors: false })).toMatchObject({ response: { statusCode: 301 } })
  })

  test('the other methods send what they are given', async () => {
    await using run = await open()
    for (const [method, name] of [
      ['put', 'PUT'],
      ['patch', 'PATCH'],
      ['post', 'POST'],
    ] as const)
      expect(await run.http[method](run.url, { a: 1 })({})).toMatchObject({
        data: { method: name, body: '{"a":1}', type: 'application/json' },
      })
    for (const method of ['del', 'delete'] as const)
      expect(await run.http[method](run.url)({})).toMatchObject({ data: { method: 'DELETE' } })
    expect(await run.http.request('get', run.url)({})).toMatchObject({ data: { method: 'GET' } })
  })

  test('in the style of 1.x it takes one description and gives the answer', async () => {
    await using run = await open()
    const answer = await run.http.post({ url: `${run.url}/a`, data: { x: 1 }, params: { q: 2 } })({ data: 'kept' })
    expect(answer).toMatchObject({
      status: 200,
      statusText: 'OK',
      data: { method: 'POST', url: '/a?q=2', body: '{"x":1}' },
    })
  })
})

describe('util', () => {
  test('gives answers, not states', async () => {
    await using run = await open()
    const call = (name: string, ...args: unknown[]) =>
      (run.util[name] as (...args: unknown[]) => Promise<Answer>)(...args)
    expect(await call('request', 'GET', '/a', { baseUrl: run.url })).toMatchObject({
      statusCode: 200,
      body: { url: '/a' },
    })
    expect((await call('get', run.url, { query: { a: 1 } })).body).toMatchObject({ method: 'GET', url: '/?a=1' })
    for (const name of ['post', 'put', 'patch', 'del'])
      expect((await call(name, run.url, { a: 1 })).body).toMatchObject({ body: '{"a":1}' })
    await expect(call('get', `${run.url}/missing`)).rejects.toMatchObject({ code: 'HTTP_404' })
    expect(() => call('enableMockClient', 'x')).toThrow('test_mode')
  })
})
