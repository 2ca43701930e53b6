import { expect, test } from 'vitest'
import { type Cancels, openCancels } from '../../../../topology/flow/cancels.ts'
import { controlTopic } from '../../../../topology/topics.ts'
import { type Cancel, cancelDone, cancelRecord, parseCancel } from '../../../../topology/wire/control.ts'
import type { RunId } from '../../../../topology/words/ids.ts'
import { asRead, type MemoryHouse, never, openMemoryHouse } from '../../../fixtures/memory-house.ts'
import { silent } from '../../../fixtures/silent.ts'

const at = '2026-11-21T09:00:00.000Z'
const wish = (run: string, some: Partial<Cancel> = {}): Cancel => ({
  run: run as RunId,
  project: 'clinic',
  by: 'admin',
  at,
  ...some,
})
const open = (house: MemoryHouse): Promise<Cancels> => openCancels(house.log, { logger: silent, signal: never })
/** Resolves when all that lies in the topic has been told. */
const told = (cancels: Cancels, run: string): Promise<void> => new Promise((resolve) => cancels.watch(run, resolve))

test('a wish comes back as it was written, and so does its end; whatever else lies there says nothing', () => {
  expect(parseCancel(asRead(cancelRecord(wish('r'))))).toEqual({ run: 'r', cancel: wish('r') })
  expect(parseCancel(asRead(cancelDone('r')))).toEqual({ run: 'r', cancel: null })
  for (const [key, value] of [
    ['rewind/r', JSON.stringify(wish('r'))],
    ['cancel/r', JSON.stringify(wish('other'))],
    ['cancel/r', '{"run":"r"}'],
    ['cancel/r', 'null'],
    ['cancel/r', 'no JSON'],
  ] as const)
    expect(parseCancel(asRead({ topic: controlTopic, key, value, headers: {} }))).toBeUndefined()
})

test('knows what was wished before, tells what is wished from then on, and forgets what is done', async () => {
  await using house = await openMemoryHouse()
  await house.log.append([cancelRecord(wish('old')), cancelRecord(wish('done')), cancelDone('done')])
  await using cancels = await open(house)
  expect(['old', 'done', 'new'].map((run) => cancels.of(run)?.by)).toEqual(['admin', undefined, undefined])
  await told(cancels, 'old')

  const heard: string[] = []
  using _first = cancels.watch('new', () => heard.push('first'))
  cancels.watch('new', () => heard.push('gone'))[Symbol.dispose]()
  const second = told(cancels, 'new')
  await house.log.append([cancelRecord(wish('new', { by: 'nurse' })), cancelRecord(wish('new', { by: 'late' }))])
  await second
  expect([heard, cancels.of('new')?.by]).toEqual([['first'], 'nurse'])
  await house.log.append([cancelDone('old'), cancelRecord(wish('last'))])
  await told(cancels, 'last')
  expect(cancels.of('old')).toBeUndefined()
})

test('names what is older than anything it could mean', async () => {
  await using house = await openMemoryHouse()
  await house.log.append([cancelRecord(wish('old')), cancelRecord(wish('never', { at: 'nonsense' }))])
  await using cancels = await open(house)
  expect(cancels.outdated(Date.parse(at) + 13 * 86_400_000)).toEqual(['never'])
  expect(cancels.outdated(Date.parse(at) + 14 * 86_400_000)).toEqual(['old', 'never'])
})

test('what waits for it is told when it cannot be read, and when it is to stop', async () => {
  const failing = { tail: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('no')) }) }) }
  await expect(openCancels(failing, { logger: silent, signal: never })).rejects.toThrow('no')
  await using house = await openMemoryHouse()
  const reason = new Error('stopped')
  await expect(openCancels(house.log, { logger: silent, signal: AbortSignal.abort(reason) })).rejects.toThrow('stopped')
})
