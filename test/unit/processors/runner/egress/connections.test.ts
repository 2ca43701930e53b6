import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { openNames } from '../../../../../processors/runner/egress/names.ts'
import { ownPorts } from '../../../../../processors/runner/egress/own-ports.ts'
import { answerOf, callOf, contextOf, echo, failureOf, lookupIn, openAt, policyOf, serve } from './calls.ts'

const named = (...answers: readonly (readonly string[])[]) => lookupIn({ 'host.example': answers })

describe('a connection', () => {
  test('goes to the address that was checked, though the name has another one meanwhile', async () => {
    await using server = await serve(echo)
    await using wrong = await serve(echo, undefined, { host: '127.0.0.2', port: server.port })
    const lookup = named(['127.0.0.1'], ['127.0.0.2'])
    await using egress = openAt({ lookup })
    expect((await answerOf(egress, callOf(`http://host.example:${server.port}/`))).status).toBe(200)
    expect(lookup.asked).toEqual(['host.example'])
    expect([server.connections(), wrong.connections()]).toEqual([1, 0])
  })

  test('is checked anew when the name leads elsewhere later', async () => {
    await using server = await serve(echo)
    const lookup = named(['127.0.0.1'], ['10.0.0.1'])
    await using egress = openAt({ lookup, limits: { namesMs: 0 } })
    const url = `http://host.example:${server.port}/`
    expect((await answerOf(egress, callOf(url))).status).toBe(200)
    expect(await failureOf(egress, callOf(url))).toMatchObject({ code: 'EGRESS_REFUSED' })
  })

  test('is kept and used again', async () => {
    await using server = await serve(echo)
    const lookup = named(['127.0.0.1'])
    await using egress = openAt({ lookup })
    for (let times = 0; times < 9; times++) await answerOf(egress, callOf(`http://host.example:${server.port}/`))
    expect(server.connections()).toBeLessThan(3)
    expect(lookup.asked).toEqual(['host.example']) // asked again some seconds later
  })

  test('that is kept goes only where the name leads now', async () => {
    await using first = await serve(echo)
    await using second = await serve(echo, undefined, { host: '127.0.0.2', port: first.port })
    await using egress = openAt({ lookup: named(['127.0.0.1'], ['127.0.0.2']), limits: { namesMs: 0 } })
    for (let times = 0; times < 2; times++) await answerOf(egress, callOf(`http://host.example:${first.port}/`))
    expect([first.connections(), second.connections()]).toEqual([1, 1])
  })

  test('that is kept serves nobody who may not go there', async () => {
    await using server = await serve(echo)
    await using egress = openAt({ loopbackAllowed: false, lookup: named(['127.0.0.1']) })
    const url = `http://host.example:${server.port}/`
    const trusted = contextOf({ policy: policyOf(['127.0.0.0/8']) })
    expect((await answerOf(egress, callOf(url), trusted)).status).toBe(200)
    expect(await failureOf(egress, callOf(url))).toMatchObject({ code: 'EGRESS_REFUSED' })
    expect((await answerOf(egress, callOf(url), trusted)).status).toBe(200)
    expect(server.connections()).toBeLessThan(3)
  })

  test('is asked of no proxy', async () => {
    await using proxy = await serve(echo)
    await using server = await serve(echo)
    const before = { ...process.env }
    Object.assign(process.env, { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NODE_USE_ENV_PROXY: '1' })
    try {
      await using egress = openAt()
      expect((await answerOf(egress, callOf(server.url))).status).toBe(200)
    } finally {
      process.env = before
    }
    expect([server.connections(), proxy.connections()]).toEqual([1, 0])
  })
})

describe('Penstock itself is never called', () => {
  const machine = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

  test.each([
    ['by its address', '127.0.0.1', 'http://127.0.0.1'],
    ['by another address of the loop', '127.0.0.1', 'http://127.0.0.9'],
    ['in other digits', '127.0.0.1', 'http://0x7f.1'],
    ['when it listens everywhere', '0.0.0.0', 'http://127.0.0.1'],
    ['when it listens everywhere, as IPv6 says it', '::', 'http://127.0.0.1'],
    ['by IPv6', 'localhost', 'http://[::1]'],
    ['by a name', '127.0.0.1', 'http://host.example'],
    ['by its own name', 'kafka', 'http://kafka'],
    ['by another name of the same machine', 'kafka', 'http://alias.example'],
    ['by its address, when it is known by name', 'kafka', 'http://10.5.5.5'],
    ['when nobody knows where it is', 'lost', 'http://93.184.216.34'],
    ['when it is known by that', machine ?? '127.0.0.1', 'http://127.0.0.1'],
  ])('%s', async (_what, host, origin) => {
    const lookup = lookupIn({
      'host.example': [['127.0.0.1']],
      localhost: [['127.0.0.1', '::1']],
      kafka: [['10.5.5.5']],
      'alias.example': [['10.5.5.5']],
    })
    await using server = await serve(echo)
    await using egress = openAt({ lookup, own: [{ host, port: server.port }] })
    const allow = ['0.0.0.0/0', '::/0', 'kafka', 'alias.example', 'host.example']
    const context = contextOf({ policy: policyOf(allow, true) })
    const failure = await failureOf(egress, callOf(`${origin}:${server.port}/`), context)
    expect(failure).toMatchObject({ code: 'EGRESS_REFUSED', message: expect.stringContaining("Penstock's own") })
    expect(server.connections()).toBe(0)
  })

  test('by any address of this machine, whichever it listens at', async () => {
    const names = openNames({ lookup: lookupIn({}), keepMs: 0 })
    const isOwn = ownPorts({ own: [{ host: '127.0.0.1', port: 9092 }], names })
    const addresses = [machine ?? '127.0.0.1']
    expect(await isOwn({ url: new URL('http://host.example:9092'), addresses })).toBe(true)
    expect(await isOwn({ url: new URL('http://host.example:9093'), addresses })).toBe(false)
    expect(await isOwn({ url: new URL('http://host.example:9092'), addresses: ['93.184.216.34'] })).toBe(false)
  })

  test('by its own name, though that leads elsewhere each time', async () => {
    const lookup = lookupIn({ kafka: [['10.5.5.5'], ['10.6.6.6']] })
    await using egress = openAt({ lookup, own: [{ host: 'kafka', port: 9092 }], limits: { namesMs: 0 } })
    const context = contextOf({ policy: policyOf([], true) })
    expect(await failureOf(egress, callOf('http://kafka:9092/'), context)).toMatchObject({ code: 'EGRESS_REFUSED' })
  })

  test('other ports of its machine are', async () => {
    await using server = await serve(echo)
    await using egress = openAt({ own: [{ host: '127.0.0.1', port: server.port + 1 }] })
    expect((await answerOf(egress, callOf(server.url))).status).toBe(200)
  })

  test('nor by a redirect', async () => {
    await using own = await serve(echo)
    await using server = await serve((_request, response) => void response.writeHead(302, { location: own.url }).end())
    await using egress = openAt({
      own: [{ host: 'localhost', port: own.port }],
      lookup: lookupIn({ localhost: [['127.0.0.1']] }),
    })
    expect(await failureOf(egress, callOf(server.url))).toMatchObject({ code: 'EGRESS_REFUSED' })
    expect(own.connections()).toBe(0)
  })
})
