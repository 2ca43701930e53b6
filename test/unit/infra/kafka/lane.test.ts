import fc from 'fast-check'
import { expect, it } from 'vitest'
import { messageOf } from '../../../../infra/kafka/batch-bytes.ts'
import { type Batch, type Entry, openLane } from '../../../../infra/kafka/lane.ts'
import type { Producer } from '../../../../infra/kafka/produce.ts'

/** What the broker and the network may do with a request. */
const outcomes = fc.constantFrom(
  'answered',
  'answered',
  'answered',
  'answer lost',
  'request lost',
  'producer forgotten',
)
const steps = fc.array(
  fc.record({ push: fc.nat(4), outcome: outcomes, bad: fc.boolean(), bars: fc.option(fc.nat(3)) }),
  {
    maxLength: 60,
  },
)

it('writes each record once and in order, whatever is lost on the way, and tells each what came of it', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const { told, written, pushed } = play(script, { barLate: false })
      expect(written).toEqual([...written].sort((a, b) => a - b))
      expect(new Set(written).size).toBe(written.length)
      for (let n = 0; n < pushed; n++) expect(told.get(n)).toBe(written.includes(n) ? 'written' : 'failed')
    }),
    { numRuns: 500 },
  )
})

it('never says that a record is written when it is not, even if others were barred when they were on their way', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const { told, written } = play(script, { barLate: true })
      for (const [n, outcome] of told) if (outcome === 'written') expect(written).toContain(n)
    }),
    { numRuns: 500 },
  )
})

type Script = readonly Readonly<{ push: number; outcome: string; bad: boolean; bars: number | null }>[]

const play = (script: Script, { barLate }: Readonly<{ barLate: boolean }>) => {
  const broker = openBroker()
  const lane = openLane({ topic: 't', partition: 0 })
  let producer: Producer = { id: 0n, epoch: 0 }
  const told = new Map<number, string>()
  const barred = new Set<number>()
  let pushed = 0

  const attempt = (outcome: string): void => {
    const tell = (entry: Entry): void => void told.set(numberOf(entry), 'failed')
    let batch = lane.next(producer, tell)
    if (!batch && lane.spent === producer) {
      producer = { id: producer.id + 1n, epoch: 0 }
      batch = lane.next(producer, tell)
    }
    if (!batch) return
    for (const entry of batch.entries) expect(barred.has(numberOf(entry))).toBe(false)
    if (outcome === 'request lost') return
    if (outcome === 'producer forgotten' && !broker.has(batch)) broker.forget(batch.producer)
    const answer = broker.take(batch)
    if (outcome === 'answer lost') return
    if (answer === 'written') {
      lane.written()
      for (const entry of batch.entries) told.set(numberOf(entry), 'written')
    } else if (answer === 'too large') {
      if (!lane.halve()) for (const entry of lane.drop()) told.set(numberOf(entry), 'failed')
    } else {
      if (batch.producer === producer) producer = { id: producer.id + 1n, epoch: 0 }
      lane.dissolve()
    }
  }

  for (const { push, outcome, bad, bars } of script) {
    for (let n = 0; n < push; n++) lane.push(entryOf(pushed++, { bad: bad && n === 1, barred }))
    const barring = bars === null ? -1 : pushed - 1 - bars
    // Once the broker may have it, nobody can say of a barred record whether it is written.
    if (barLate || !broker.log.includes(barring)) barred.add(barring)
    attempt(outcome)
  }
  while (lane.length > 0) attempt('answered')

  return { told, written: broker.log, pushed }
}

const entryOf = (n: number, { bad, barred }: { bad: boolean; barred: ReadonlySet<number> }): Entry => {
  const record = { topic: bad ? 'bad' : 't', key: String(n), value: null, headers: {} }
  return {
    topic: record.topic,
    message: messageOf(record),
    bytes: 1,
    permit() {
      if (barred.has(n)) throw new Error('barred')
    },
    done() {},
    failed() {},
    state: 'waiting',
  }
}

const numberOf = (entry: Entry): number => Number(entry.message.key.toString())

/** As a broker keeps count of an idempotent producer (KIP-98). */
const openBroker = () => {
  const log: number[] = []
  const producers = new Map<bigint, { next: number; last: string }>()
  const textOf = (batch: Batch): string => `${batch.sequence}+${batch.entries.length}`
  return {
    log,
    has: (batch: Batch): boolean => producers.get(batch.producer.id)?.last === textOf(batch),
    forget: (producer: Producer): void => void producers.delete(producer.id),
    take(batch: Batch): 'written' | 'too large' | 'producer lost' {
      const known = producers.get(batch.producer.id)
      if (known?.last === textOf(batch)) return 'written'
      if (batch.sequence !== (known?.next ?? batch.sequence)) return 'producer lost'
      if (!known && batch.sequence !== 0) return 'producer lost'
      if (batch.entries.some(({ topic }) => topic === 'bad')) return 'too large'
      log.push(...batch.entries.map(numberOf))
      producers.set(batch.producer.id, { next: batch.sequence + batch.entries.length, last: textOf(batch) })
      return 'written'
    },
  }
}
