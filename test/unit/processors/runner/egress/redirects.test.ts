import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import {
  answerOf,
  callOf,
  contextOf,
  type Echoed,
  echo,
  echoed,
  failureOf,
  lookupIn,
  openAt,
  policyOf,
  serve,
} from './calls.ts'

/** `/<status>/<where>` redirects there, `/n/<count>` as often as it says; all else is echoed. */
const redirecting = (request: IncomingMessage, response: ServerResponse): void => {
  const [, status, ...rest] = request.url?.split('/') ?? []
  const count = Number(rest[0])
  if (status === 'n' && count > 0) return void response.writeHead(302, { location: `/n/${count - 1}` }).end()
  if (!/^3\d\d$/.test(status ?? '')) return void echo(request, response)
  request.resume()
  response.writeHead(Number(status), { location: decodeURIComponent(rest.join('/')) }).end('elsewhere')
}

const to = (status: number, url: string): string => `/${status}/${encodeURIComponent(url)}`

describe('a redirect', () => {
  test.each([
    [301, 'GET', 'GET', false],
    [301, 'POST', 'GET', true],
    [302, 'POST', 'GET', true],
    [302, 'PUT', 'PUT', false],
    [303, 'POST', 'GET', true],
    [303, 'DELETE', 'GET', true],
    [303, 'GET', 'GET', false],
    [307, 'POST', 'POST', false],
    [308, 'PATCH', 'PATCH', false],
  ])('%i makes of %s a %s', async (status, method, after, bodyLost) => {
    await using server = await serve(redirecting)
    await using egress = openAt()
    const headers = [
      ['Content-Type', 'text/plain'],
      ['X-Other', 'kept'],
    ] as const
    const told = await echoed(egress, callOf(server.url + to(status, '/there?x'), { method, headers, body: 'body' }))
    expect(told).toMatchObject({ method: after, url: '/there?x', headers: { 'x-other': 'kept' } })
    expect(Buffer.from(told.body, 'base64').toString()).toBe(bodyLost ? '' : 'body')
    expect('content-type' in told.headers).toBe(!bodyLost)
  })

  test.each([303, 302])('%i of HEAD stays HEAD', async (status) => {
    await using server = await serve(redirecting)
    await using egress = openAt()
    const answer = await answerOf(egress, callOf(server.url + to(status, '/there'), { method: 'HEAD' }))
    expect(answer).toMatchObject({ status: 200, url: `${server.url}/there`, body: '' })
  })

  const secrets = [
    ['Authorization', 'Bearer s'],
    ['Cookie', 's=1'],
    ['Proxy-Authorization', 'Basic s'],
    ['X-API-Key', 's'],
    ['apikey', 's'],
    ['Private-Token', 's'],
    ['X-Auth-Token', 's'],
    ['Ocp-Apim-Subscription-Key', 's'],
    ['X-Amz-Security-Token', 's'],
    ['Webhook-Signature', 's'],
  ] as const
  const secretsIn = ({ headers }: Echoed): readonly string[] =>
    secrets.map(([name]) => name).filter((name) => headers[name.toLowerCase()] !== undefined)

  test('to another origin leaves credentials behind, and to the same takes them along', async () => {
    await using first = await serve(redirecting)
    await using second = await serve(redirecting)
    await using egress = openAt({ lookup: lookupIn({ 'a.example': [['127.0.0.1']] }) })
    const call = (path: string) => callOf(first.url + path, { headers: [...secrets, ['x-plain', '1']] })
    expect(secretsIn(await echoed(egress, call(to(302, '/there'))))).toHaveLength(secrets.length)
    for (const place of [`${second.url}/x`, `http://a.example:${first.port}/x`, `//a.example:${first.port}/x`]) {
      const told = await echoed(egress, call(to(307, place)))
      expect(secretsIn(told)).toEqual([])
      expect(told.headers).toMatchObject({ 'x-plain': '1', 'idempotency-key': expect.any(String) })
    }
    const round = await echoed(egress, call(to(307, `${second.url}${to(307, `${first.url}/x`)}`)))
    expect(secretsIn(round)).toEqual([]) // what was dropped does not come back
  })

  test('leaves the login of the URL behind, too', async () => {
    await using first = await serve(redirecting)
    await using second = await serve(redirecting)
    await using egress = openAt()
    const told = await echoed(egress, callOf(`http://u:p@${first.host}${to(302, `${second.url}/x`)}`))
    expect(told.headers['authorization']).toBeUndefined()
  })

  test.each([
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::ffff:127.0.0.1]/',
    'http://0x7f.1:1/',
    'http://inside.example/',
    '//192.168.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ])('to %s is refused', async (place) => {
    await using server = await serve(redirecting)
    const lookup = lookupIn({ 'front.example': [['127.0.0.1']], 'inside.example': [['10.9.9.9']] })
    await using egress = openAt({ loopbackAllowed: false, lookup })
    const context = contextOf({
      policy: policyOf(['http://front.example:1', `127.0.0.1:${server.port}`, 'https://*', 'http://*']),
    })
    expect(await failureOf(egress, callOf(server.url + to(302, place)), context)).toMatchObject({
      code: 'EGRESS_REFUSED',
    })
  })

  test('to a host that the project does not list is refused', async () => {
    await using first = await serve(redirecting)
    await using second = await serve(redirecting)
    await using egress = openAt()
    const context = contextOf({ policy: policyOf([first.url]) })
    expect(await failureOf(egress, callOf(first.url + to(302, second.url)), context)).toMatchObject({
      code: 'EGRESS_REFUSED',
    })
    expect(second.connections()).toBe(0)
  })

  test('is followed five times at most, or as often as is wished', async () => {
    await using server = await serve(redirecting)
    await using egress = openAt()
    expect((await answerOf(egress, callOf(`${server.url}/n/5`))).url).toBe(`${server.url}/n/0`)
    const failure = { code: 'TOO_MANY_REDIRECTS', message: 'There were more than 5 redirects' }
    expect(await failureOf(egress, callOf(`${server.url}/n/6`))).toEqual(failure)
    expect(await failureOf(egress, callOf(`${server.url}/n/6`, { redirects: 99 }))).toEqual(failure)
    expect((await answerOf(egress, callOf(`${server.url}/n/2`, { redirects: 2 }))).status).toBe(200)
    expect(await failureOf(egress, callOf(`${server.url}/n/3`, { redirects: 2 }))).toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
    })
  })

  test('is the answer when none is to be followed, and when it does not say where to', async () => {
    await using server = await serve((request, response) =>
      request.url === '/bare' ? void response.writeHead(302).end('where?') : redirecting(request, response),
    )
    await using egress = openAt()
    const answer = await answerOf(egress, callOf(server.url + to(302, 'http://10.0.0.1/'), { redirects: 0 }))
    expect(answer).toMatchObject({ status: 302, body: 'elsewhere' })
    expect(answer.headers).toContainEqual(['location', 'http://10.0.0.1/'])
    expect(await answerOf(egress, callOf(`${server.url}/bare`))).toMatchObject({ status: 302, body: 'where?' })
    expect((await answerOf(egress, callOf(server.url + to(304, '/there')))).status).toBe(304)
    expect((await answerOf(egress, callOf(server.url + to(300, '/there')))).status).toBe(300)
  })

  test.each(['file:///etc/passwd', 'http://[', '/there'])('to %s is not read to its end', async (location) => {
    const closed = Promise.withResolvers<void>()
    await using server = await serve((request, response) => {
      if (request.url === '/there') return void response.end('there')
      response.on('close', closed.resolve)
      const more = (): void => {
        while (response.write('x'.repeat(10_000)));
        response.once('drain', more)
      }
      response.writeHead(302, { location })
      more()
    })
    await using egress = openAt()
    const { answer } = await egress.request(callOf(server.url), contextOf())
    expect('error' in answer ? answer.error.code : answer.body).toMatch(/EGRESS_REFUSED|BAD_ANSWER|there/)
    await closed.promise
  })

  test('to what is no URL is no answer; UTF-8 in it is read', async () => {
    await using server = await serve((request, response) => {
      if (request.url?.startsWith('/gr')) return void echo(request, response)
      const location = request.url === '/bad' ? 'http://[' : Buffer.from('/grün').toString('latin1')
      response.writeHead(302, { location }).end()
    })
    await using egress = openAt()
    expect(await failureOf(egress, callOf(`${server.url}/bad`))).toMatchObject({ code: 'BAD_ANSWER' })
    expect((await echoed(egress, callOf(server.url))).url).toBe('/gr%C3%BCn')
  })
})
