import { createHash } from 'node:crypto'
import { Fault, isBurial } from '../../topology/flow/fault.ts'
import type { Delivery, Logger, Store } from '../../topology/flow/ports.ts'
import type { Retry } from '../../topology/flow/retry.ts'
import { turns } from '../../topology/flow/turns.ts'
import type { Meter } from '../../topology/metrics.ts'
import { deadLettersTopic, parseTopic, runsTopic } from '../../topology/topics.ts'
import { deadLetterRecord } from '../../topology/wire/dead-letters.ts'
import { parseIntake } from '../../topology/wire/intake.ts'
import { parseRunTexts } from '../../topology/wire/runs.ts'
import type { DeadLetter } from '../../topology/words/dead-letter.ts'
import { headerOf, type Incoming } from '../../topology/words/record.ts'
import { type Table, tables } from './columns.ts'
import { nativeBlock } from './native.ts'
import { deadLetterRow, messageRows, type Row, runEventRows } from './rows.ts'

export type BatchWork = Readonly<{ store: Store; meter: Meter; logger: Logger; retry: Retry; signal: AbortSignal }>

/**
 * Stores what a batch of records says, then settles each of them. What cannot be read, and what the store refuses by itself, becomes a dead
 * letter; all else goes in. Throws only when `signal` aborts, or for a bug.
 */
export async function takeBatch(work: BatchWork, deliveries: readonly Delivery[]): Promise<void> {
  const refused = new Map<Delivery, Fault>()
  const rows = new Map<Table, Map<string, Held>>()
  const turn = turns(sliceMs)
  for (const delivery of deliveries) {
    const rest = turn()
    if (rest) await rest
    try {
      for (const row of rowsOf(delivery.record)) hold(rows, { row, delivery })
    } catch (error) {
      refused.set(delivery, faultOf(error))
    }
  }
  const onRefused = ({ delivery }: Held, fault: Fault): void => void refused.set(delivery, fault)
  await Promise.all([...rows].map(([table, held]) => insert({ ...work, table, onRefused }, [...held.values()])))
  measure(work.meter, { deliveries, refused, rows })
  for (let at = 0; at < deliveries.length; at += settledAtOnce) {
    await turn()
    const some = deliveries.slice(at, at + settledAtOnce)
    await Promise.all(some.map((delivery) => settle(work, { delivery, fault: refused.get(delivery) })))
  }
}

const settledAtOnce = 256

/** A batch may be tens of milliseconds of work, and requests are answered in the same process. */
const sliceMs = 2

type Stored = Readonly<{
  deliveries: readonly Delivery[]
  refused: ReadonlyMap<Delivery, Fault>
  rows: ReadonlyMap<Table, ReadonlyMap<string, Held>>
}>

const measure = (meter: Meter, { deliveries, refused, rows }: Stored): void => {
  const now = Date.now()
  meter.observe(
    'penstock_sink_batch_bytes',
    {},
    deliveries.reduce((bytes, { record }) => bytes + (record.value?.length ?? 0), 0),
  )
  for (const held of rows.values())
    for (const { row, delivery } of held.values()) {
      if (!row.arrival || refused.has(delivery)) continue
      const { kind, at, traceId } = row.arrival
      meter.observe('penstock_sink_visible_seconds', { kind }, { value: Math.max(0, now - at) / 1_000, traceId })
    }
}

/** `before`: the newest row of the same id that this one makes needless. */
type Held = Readonly<{ row: Row; delivery: Delivery; before?: Held }>
type Insert = BatchWork & Readonly<{ table: Table; onRefused: (held: Held, fault: Fault) => void }>

const rowsOf = (record: Incoming): readonly Row[] => {
  if (record.topic === runsTopic) return runEventRows(parseRunTexts(record), record)
  if (record.topic === deadLettersTopic) return [deadLetterRow(record)]
  return messageRows(parseIntake(record))
}

/** Of several rows with one id only the newest goes in: an end makes the queued row of the same batch needless. */
const hold = (rows: Map<Table, Map<string, Held>>, held: Held): void => {
  const { table, id, version } = held.row
  const ofTable = rows.get(table) ?? new Map<string, Held>()
  rows.set(table, ofTable)
  const other = ofTable.get(id)
  if (!other) return void ofTable.set(id, held)
  const [newer, older] = other.row.version < version ? [held, other] : [other, held]
  const before = newer.before && newer.before.row.version > older.row.version ? newer.before : older
  ofTable.set(id, { ...newer, before })
}

/** Takes what the store takes: a refused batch is halved until the row that it refuses is found. */
const insert = async (work: Insert, held: readonly Held[]): Promise<void> => {
  try {
    await insertAll(work, held)
  } catch (error) {
    if (!isBurial(error)) throw error
    const [only, ...others] = held
    if (only && others.length === 0) return refuse(work, { only, fault: error })
    const middle = held.length >> 1
    await insert(work, held.slice(0, middle))
    await insert(work, held.slice(middle))
  }
}

const insertAll = async ({ store, meter, retry, signal, table }: Insert, held: readonly Held[]): Promise<void> => {
  const token = tokenOf(held)
  const block = await nativeBlock(
    tables[table],
    held.map(({ row }) => row.columns),
  )
  const began = performance.now()
  await retry(() => store.insert(table, block, token), signal)
  meter.observe('penstock_sink_batch_duration_seconds', {}, (performance.now() - began) / 1_000)
  meter.observe('penstock_sink_batch_rows', {}, held.length)
  meter.add('penstock_sink_rows_total', { table }, held.length)
}

/** What the refused row would have replaced goes in instead. A dead letter makes no second one: it is shown without what was not taken. */
const refuse = async (work: Insert, { only, fault }: Readonly<{ only: Held; fault: Fault }>): Promise<void> => {
  work.meter.add('penstock_sink_refusals_total', { table: work.table })
  if (only.before) await insert(work, [only.before])
  if (work.table !== 'dead_letter_rows') return work.onRefused(only, fault)
  const row = deadLetterRow(only.delivery.record, { plain: true })
  await insertAll(work, [{ ...only, row }]).catch((error: unknown) => {
    if (!isBurial(error)) throw error
    work.logger.error({ row: row.id, fault: error.message }, 'a dead letter cannot be shown')
  })
}

const settle = async (
  { meter, logger, retry, signal }: BatchWork,
  { delivery, fault }: Readonly<{ delivery: Delivery; fault: Fault | undefined }>,
): Promise<void> => {
  if (fault) {
    const { topic, partition, offset } = delivery.record
    logger.warn({ topic, partition, offset: String(offset), reason: fault.code }, 'buried')
    meter.add('penstock_dead_letters_total', { stage: 'sink', reason: fault.code })
  }
  try {
    await retry(() => delivery.settle(fault && [[deadLetterRecord(letterOf(delivery.record, fault))]]), signal)
  } catch (error) {
    if (!delivery.lost.aborted) throw error // a partition that went is somebody else's to settle
  }
}

const letterOf = (record: Incoming, fault: Fault): DeadLetter => {
  const topic = parseTopic(record.topic)
  return {
    reason: fault.code,
    detail: fault.message,
    stage: 'sink',
    project: topic?.project ?? headerOf(record, 'penstock-project') ?? null,
    message: headerOf(record, 'penstock-message-id') ?? null,
    run: headerOf(record, 'penstock-run-id') ?? null,
    record,
  }
}

const faultOf = (error: unknown): Fault =>
  isBurial(error) ? error : new Fault('message-unreadable', String(error), { cause: error })

/** The same rows of the same records have the same token: sent again, they are taken once. */
const tokenOf = (held: readonly Held[]): string => {
  const hash = createHash('sha256')
  for (const { row, delivery } of held) {
    const { topic, partition, offset } = delivery.record
    hash.update(`${row.id} ${topic}/${partition}/${offset}\n`)
  }
  return hash.digest('hex')
}
