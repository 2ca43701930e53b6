import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openPlaces, type Places, type PlacesLimits } from '../../../../../processors/runner/egress/places.ts'
import type { RunId } from '../../../../../topology/words/ids.ts'

const open = (changes: Partial<PlacesLimits> = {}): Places =>
  openPlaces({ callsOfRun: 16, callsAtOnce: 256, heldBytesOfRun: 100, heldBytes: 1_000, ...changes })

const one = '018f2b1c-0000-7000-8000-00000000000a' as RunId
const other = '018f2b1c-0000-7000-8000-00000000000b' as RunId

/** A call that receives what it is told to, and what it has. */
const call = (places: Places, run: RunId) => {
  const begun = Promise.withResolvers<(bytes: number) => Promise<void>>()
  const end = Promise.withResolvers<void>()
  const seen = { bytes: 0, ended: end.resolve, over: Promise.resolve() }
  seen.over = places.run(run, (hold) => {
    begun.resolve(async (bytes) => {
      await hold(bytes)
      seen.bytes += bytes
    })
    return end.promise
  })
  const receive = async (bytes: number): Promise<void> => (await begun.promise)(bytes)
  return { seen, receive }
}

test('past its bytes a run receives one answer after another, the oldest first; other runs do not wait', async () => {
  const places = open()
  const [first, second, third] = [call(places, one), call(places, one), call(places, one)]
  const neighbour = call(places, other)
  await first.receive(60)
  await second.receive(30)
  const waiting = [second.receive(60), third.receive(60)]
  await first.receive(60)
  await neighbour.receive(100)
  expect([first, second, third, neighbour].map(({ seen }) => seen.bytes)).toEqual([120, 30, 0, 100])
  first.seen.ended()
  await waiting[0]
  await nextTurn()
  expect([second, third].map(({ seen }) => seen.bytes)).toEqual([90, 0])
  second.seen.ended()
  await waiting[1]
  expect(third.seen.bytes).toBe(60)
})

test('what all runs have received counts until it was handed on', async () => {
  const places = open({ heldBytesOfRun: 1_000 })
  const [first, second] = [call(places, one), call(places, other)]
  await first.receive(900)
  first.seen.ended()
  await first.seen.over
  await expect(second.receive(900)).rejects.toMatchObject({ code: 'EGRESS_BUSY' })
  await nextTurn()
  await second.receive(900)
})

test('a call that fails gives back what it held', async () => {
  const places = open({ heldBytes: 100 })
  const failed = places.run(one, async (hold) => {
    await hold(100)
    throw new Error('broken')
  })
  await expect(failed).rejects.toThrow('broken')
  await nextTurn()
  await call(places, one).receive(100)
})
