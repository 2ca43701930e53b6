import { describe, expect, test } from 'vitest'
import { AbortController, AbortSignal, abortSignalOf } from '../../../../../../processors/runner/language/web/abort.ts'
import { fetchOf } from '../../../../../../processors/runner/language/web/fetch.ts'
import { FormData } from '../../../../../../processors/runner/language/web/form-data.ts'
import { Request } from '../../../../../../processors/runner/language/web/request.ts'
import { Response } from '../../../../../../processors/runner/language/web/response.ts'
import { URLSearchParams } from '../../../../../../processors/runner/language/web/url.ts'
import { openTarget, runHost } from '../../../../../fixtures/run-host.ts'

const echo = () =>
  openTarget(({ method, url, headers, body }, to) => {
    if (url === '/never') return
    if (url === '/moved') return void to.writeHead(302, { location: '/there' }).end()
    if (url === '/bytes') return void to.writeHead(200).end(Buffer.from([0, 255, 128]))
    to.writeHead(url === '/missing' ? 404 : 200, { 'content-type': 'application/json', 'x-two': ['a', 'b'] })
    to.end(JSON.stringify({ method, url, type: headers['content-type'] ?? null, body }))
  })

describe('fetch', () => {
  test('sends what it is given and reads the answer', async () => {
    await using target = await echo()
    const fetch = fetchOf(runHost())
    const answer = await fetch(`${target.url}/a?b=c`, {
      method: 'post',
      body: '{"ä":1}',
      headers: { 'Content-Type': 'text/x' },
    })
    expect([answer.ok, answer.status, answer.statusText, answer.headers.get('x-two'), answer.redirected]).toEqual([
      true,
      200,
      'OK',
      'a, b',
      false,
    ])
    const copy = answer.clone()
    expect(await answer.json()).toEqual({
      method: 'POST',
      url: '/a?b=c',
      type: 'text/x',
      body: Buffer.from('{"ä":1}').toString('latin1'),
    })
    expect(await copy.text()).toContain('POST')
    await expect(answer.text()).rejects.toThrow('read before')
    expect(() => answer.clone()).toThrow('read before')
  })

  test('knows the type of forms and parameters, and sends bytes as they are', async () => {
    await using target = await echo()
    const fetch = fetchOf(runHost())
    const post = async (body: unknown) => (await fetch(target.url, { method: 'POST', body })).json()
    expect(await post(new URLSearchParams({ a: '1 2' }))).toMatchObject({
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
      body: 'a=1+2',
    })
    expect(await post(new Uint8Array([0, 200, 255]))).toMatchObject({ type: null, body: '\0\xc8\xff' })
    const form = new FormData()
    form.append('a', 'b')
    expect(await post(form)).toMatchObject({
      type: 'multipart/form-data; boundary=----penstock-form-0',
      body: expect.stringContaining('name="a"\r\n\r\nb'),
    })
  })

  test('gives the bytes of an answer that is no text', async () => {
    await using target = await echo()
    expect(await (await fetchOf(runHost())(`${target.url}/bytes`)).bytes()).toEqual(new Uint8Array([0, 255, 128]))
  })

  test('an answer of 404 is an answer; no answer is an error with a code', async () => {
    await using target = await echo()
    const fetch = fetchOf(runHost())
    expect((await fetch(`${target.url}/missing`)).ok).toBe(false)
    const gone = target.url
    await target[Symbol.asyncDispose]()
    await expect(fetch(gone)).rejects.toMatchObject({ name: 'AdaptorError', code: 'ECONNREFUSED' })
  })

  test('follows redirects, gives them or refuses them, as it is told', async () => {
    await using target = await echo()
    const fetch = fetchOf(runHost())
    const followed = await fetch(`${target.url}/moved`)
    expect([followed.redirected, followed.url]).toEqual([true, `${target.url}/there`])
    expect((await fetch(`${target.url}/moved`, { redirect: 'manual' })).status).toBe(302)
    await expect(fetch(`${target.url}/moved`, { redirect: 'error' })).rejects.toThrow('was redirected')
  })

  test('a signal ends the waiting with its reason, before and during the call, and by the clock', async () => {
    await using target = await echo()
    const host = runHost()
    const fetch = fetchOf(host)
    await expect(fetch(target.url, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    const controller = new AbortController()
    const waiting = fetch(`${target.url}/never`, { signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    const timed = fetch(`${target.url}/never`, { signal: abortSignalOf(host).timeout(5) })
    await expect(timed).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  test.each([
    ['/path', 'is no absolute URL'],
    ['https://user:secret@host/', 'password in it is refused'],
  ])('refuses %s', async (url, message) => {
    await expect(fetchOf(runHost())(url)).rejects.toThrow(message)
  })

  test('a request copies another, and GET has no body', () => {
    const first = new Request('https://a.example/x#h', { method: 'put', body: 'b', headers: { a: '1' } })
    const second = new Request(first, { headers: { b: '2' } })
    expect([second.method, second.url, [...second.headers]]).toEqual([
      'PUT',
      'https://a.example/x#h',
      [
        ['b', '2'],
        ['content-type', 'text/plain;charset=UTF-8'],
      ],
    ])
    expect(() => new Request('https://a.example', { body: 'b' })).toThrow('A GET request has no body')
  })

  test('a job can make a response of its own', async () => {
    expect(await Response.json({ a: 1 }).json()).toEqual({ a: 1 })
    expect(Response.error().status).toBe(0)
    expect(() => new Response('', { status: 99 })).toThrow(RangeError)
  })
})

describe('signals', () => {
  test('any stops with the first, listeners hear it once, and a run sees them all as AbortSignal', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const any = AbortSignal.any([one.signal, two.signal])
    const heard: unknown[] = []
    any.addEventListener('abort', ({ type }) => heard.push(type))
    any.onabort = () => heard.push('on')
    two.abort('why')
    two.abort('again')
    one.abort()
    expect([any.aborted, any.reason, heard]).toEqual([true, 'why', ['on', 'abort']])
    expect(() => any.throwIfAborted()).toThrow('why')
    expect(any).toBeInstanceOf(abortSignalOf(runHost()))
  })
})
