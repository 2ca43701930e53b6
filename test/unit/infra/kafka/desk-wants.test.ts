import fc from 'fast-check'
import { expect, it } from 'vitest'
import { openDesk, placeKey, type Want } from '../../../../infra/kafka/desk.ts'
import type { Delivery } from '../../../../topology/flow/ports.ts'
import type { Incoming } from '../../../../topology/words/record.ts'

const topics = ['a', 'b', 'c', 'd']
const act = fc.oneof(
  fc.record({ kind: fc.constantFrom('gain', 'lose', 'retire', 'move'), topic: fc.constantFrom(...topics) }),
  fc.record({
    kind: fc.constant('offer'),
    topic: fc.constantFrom(...topics),
    sizes: fc.array(fc.nat(400_000), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('settle'), count: fc.nat(4) }),
)

it('what is told to have changed is all that has changed, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      const desk = openDesk({
        budgetBytes: 1_000_000,
        permit: () => {},
        unsure: () => undefined,
        write: async () => {},
        commit: async () => {},
        onSettled: () => {},
        onBegun: () => {},
      })
      const told = new Map<string, Want>()
      for (const one of acts) {
        if ('count' in one) for (let n = 0; n < one.count; n++) await settleNext(desk.take)
        else {
          const place = { topic: one.topic, partition: 0 }
          const from = told.get(placeKey(place))?.position ?? 0n
          if (one.kind === 'gain') desk.gain(place, { offset: 5n, metadata: '', topicId: one.topic })
          else if (one.kind === 'lose') desk.lose(place)
          else if (one.kind === 'retire') desk.retire(place)
          else if (one.kind === 'move') desk.moveTo(place, { from, to: 3n })
          else if ('sizes' in one) {
            const records = one.sizes.map((size, n) => recordOf(place.topic, { offset: from + BigInt(n), size }))
            const next = from + BigInt(records.length)
            desk.offer(place, { from, records, next, end: next })
          }
        }
        for (const { place, want } of desk.newWants())
          if (want) told.set(placeKey(place), want)
          else told.delete(placeKey(place))
        expect(placesOf([...told.values()])).toEqual(placesOf(desk.wants()))
      }
      expect(desk.newWants()).toEqual([])
    }),
  )
})

/** The sizes of what lies nowhere may be older: they depend on what others have. */
const placesOf = (wants: readonly Want[]) => wants.map(({ topic, position }) => `${topic} ${position}`).toSorted()

const settleNext = async (take: (signal: AbortSignal) => Promise<Delivery | undefined>): Promise<void> => {
  const none = new AbortController()
  const taking = take(none.signal)
  none.abort()
  await (await taking)?.settle()
}

const recordOf = (topic: string, { offset, size }: Readonly<{ offset: bigint; size: number }>): Incoming => ({
  topic,
  partition: 0,
  offset,
  timestamp: 0,
  key: Buffer.from('k'),
  value: Buffer.alloc(size),
  headers: new Map(),
})
