import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { RunId } from '../../../../../topology/words/ids.ts'
import { answerOf, callOf, contextOf, echo, failureOf, lookupIn, openAt, run, serve } from './calls.ts'

/** A server that answers when it is told to, and knows who waits. */
const waiting = async () => {
  const held: (() => void)[] = []
  let changed = Promise.withResolvers<void>()
  const server = await serve((_request, response) => {
    held.push(() => response.end('done'))
    changed.resolve()
    changed = Promise.withResolvers()
  })
  /** Resolves when so many wait. */
  const holds = async (count: number): Promise<void> => {
    while (held.length < count) await changed.promise
  }
  return { ...server, held, holds, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('time', () => {
  test.each([
    ['the call says', 50, 30_000],
    ['the run has left', 60_000, 50],
    ['the run has left, when the call says nothing', null, 50],
    ['the run has left, when the call says nothing with a zero', 0, 50],
  ])('is what %s', async (_what, timeoutMs, left) => {
    await using server = await waiting()
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url, { timeoutMs }), contextOf({ timeoutMs: left }))).toEqual({
      code: 'ETIMEDOUT',
      message: 'There was no whole answer within 50 ms',
    })
  })

  test('ends for who drips, too', async () => {
    await using server = await serve((_request, response) => {
      const drip = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(drip))
    })
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url, { timeoutMs: 100 }))).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('ends while a name is looked up', async () => {
    await using egress = openAt({ lookup: () => new Promise(() => {}) })
    expect(await failureOf(egress, callOf('http://slow.example/', { timeoutMs: 20 }))).toMatchObject({
      code: 'ETIMEDOUT',
    })
  })

  test.each([0, -1])('that is over before it begins is over: %i', async (timeoutMs) => {
    await using server = await serve(echo)
    await using egress = openAt()
    expect(await failureOf(egress, callOf(server.url), contextOf({ timeoutMs }))).toMatchObject({ code: 'ETIMEDOUT' })
    expect(server.connections()).toBe(0)
  })
})

describe('a run that is cut off', () => {
  test('closes the connections of its calls, and gets its reason', async () => {
    await using server = await waiting()
    await using egress = openAt()
    const cut = new AbortController()
    const call = egress.request(callOf(server.url), contextOf({ signal: cut.signal }))
    const [socket] = await once(server.server, 'connection')
    const closed = once(socket, 'close')
    await server.holds(1)
    cut.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    await closed
  })

  test('makes no call', async () => {
    await using server = await serve(echo)
    await using egress = openAt()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(egress.request(callOf(server.url), contextOf({ signal }))).rejects.toThrow('enough')
    expect(server.connections()).toBe(0)
  })
})

describe('number', () => {
  test('a run makes so many calls', async () => {
    await using server = await serve(echo)
    await using egress = openAt({ limits: { calls: 3 } })
    expect((await answerOf(egress, callOf(server.url), contextOf({ number: 3 }))).status).toBe(200)
    expect(await failureOf(egress, callOf(server.url), contextOf({ number: 4 }))).toEqual({
      code: 'TOO_MANY_CALLS',
      message: 'A run may make 3 calls at most',
    })
  })

  const runs = ['a', 'b', 'c'].map((digit) => `018f2b1c-0000-7000-8000-00000000000${digit}` as RunId)

  const hosts = ['a.example', 'b.example', 'c.example', 'd.example'] as const
  const lookupHere = () => lookupIn(Object.fromEntries(hosts.map((host) => [host, [['127.0.0.1']]])))

  test('so many calls of a run are made at once, and others do not wait for them', async () => {
    await using server = await waiting()
    const lookup = lookupHere()
    await using egress = openAt({ lookup, limits: { callsOfRun: 2 } })
    const asks = hosts.map((host, index) => {
      const context = contextOf({ run: (index < 3 ? runs[0] : runs[1]) ?? run })
      return answerOf(egress, callOf(`http://${host}:${server.port}/`), context)
    })
    await server.holds(3)
    expect(lookup.asked).toEqual(['a.example', 'b.example', 'd.example'])
    for (const release of server.held.splice(0)) release()
    await server.holds(1)
    server.held[0]?.()
    expect((await Promise.all(asks)).map(({ body }) => body)).toEqual(['done', 'done', 'done', 'done'])
  })

  test('so many calls of all runs are made at once', async () => {
    await using server = await waiting()
    const lookup = lookupHere()
    await using egress = openAt({ lookup, limits: { callsAtOnce: 2 } })
    const asks = runs.map((run, index) =>
      answerOf(egress, callOf(`http://${hosts[index]}:${server.port}/`), contextOf({ run })),
    )
    await server.holds(2)
    expect(lookup.asked).toEqual(['a.example', 'b.example'])
    server.held.shift()?.()
    await server.holds(2)
    for (const release of server.held) release()
    expect(await Promise.all(asks)).toHaveLength(3)
  })

  test('a call that waits for its place is cut off with its run', async () => {
    await using server = await waiting()
    await using egress = openAt({ limits: { callsOfRun: 1 } })
    const cut = new AbortController()
    const first = answerOf(egress, callOf(server.url))
    const second = egress.request(callOf(server.url), contextOf({ signal: cut.signal }))
    await server.holds(1)
    cut.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
    server.held[0]?.()
    await first
    expect(server.connections()).toBe(1)
  })
})

test('closing ends what is under way', async () => {
  await using server = await waiting()
  const egress = openAt()
  const call = failureOf(egress, callOf(server.url))
  await server.holds(1)
  await egress[Symbol.asyncDispose]()
  expect(await call).toMatchObject({ code: 'EGRESS_CLOSED' })
})
