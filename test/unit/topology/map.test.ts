import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { map } from '../../../topology/map.ts'
import {
  fixedTopics,
  intakeTopic,
  jobTopic,
  parseTopic,
  retryStepMs,
  retryTopicFor,
  retryTopics,
} from '../../../topology/topics.ts'

const root = resolve(import.meta.dirname, '../../..')

/** Who uses a parser reads the topic, who uses a maker writes it. */
const readers = {
  parseIntake: 'intake',
  parseJobRecord: 'job',
  parseRetryRecord: 'retry',
  parseRunRecord: 'runs',
  parseRunTexts: 'runs',
  parseDeadLetter: 'dead-letters',
  openCancels: 'control',
}
const writers = {
  intakeRecord: 'intake',
  jobRecord: 'job',
  retryRecord: 'retry',
  runRecord: 'runs',
  finishedRecord: 'runs',
  deadLetterRecord: 'dead-letters',
  cancelDone: 'control',
}

const sourcesOf = (part: string): string =>
  readdirSync(join(root, part), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, part, file), 'utf8'))
    .join('\n')

const topicsOf = (source: string, codecs: Readonly<Record<string, string>>): readonly string[] => {
  const used = Object.keys(codecs).filter((name) => new RegExp(`\\b${name}\\b`).test(source))
  return [...new Set(used.map((name) => codecs[name] ?? ''))].toSorted()
}

describe('the map', () => {
  test.each(Object.entries(map))('%s reads and writes what its code does', (part, { reads, writes }) => {
    const source = sourcesOf(part)
    expect({ reads: topicsOf(source, readers), writes: topicsOf(source, writers) }).toEqual({
      reads: reads.toSorted(),
      writes: writes.toSorted(),
    })
  })

  test('names every part that works on topics', () => {
    const parts = ['ingress', 'processors', 'sinks'].flatMap((room) =>
      readdirSync(join(root, room), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${room}/${name}`),
    )
    expect(Object.keys(map).toSorted()).toEqual(parts.toSorted())
  })

  test('knows only topics that there are, each with a reader and a writer', () => {
    const kinds = new Set(Object.values(map).flatMap(({ reads, writes }) => [...reads, ...writes]))
    const fixed = fixedTopics.map(({ name }) => name)
    for (const kind of kinds) expect(['intake', 'job', 'retry', ...fixed]).toContain(kind)
    for (const kind of kinds) {
      expect([kind, Object.values(map).some(({ reads }) => (reads as readonly string[]).includes(kind))]).toEqual([
        kind,
        true,
      ])
      expect([kind, Object.values(map).some(({ writes }) => (writes as readonly string[]).includes(kind))]).toEqual([
        kind,
        true,
      ])
    }
  })
})

test('the name of a topic says what it is, and other names say nothing', () => {
  expect(parseTopic(intakeTopic('clinic'))).toEqual({ kind: 'intake', project: 'clinic' })
  expect(parseTopic(jobTopic('clinic', 'register'))).toEqual({ kind: 'job', project: 'clinic', job: 'register' })
  for (const name of [
    '',
    'intake',
    'intake.',
    'job.clinic',
    'job..x',
    'job.a.b.c',
    'intake.a.b',
    ...fixedTopics.map(({ name }) => name),
  ]) {
    expect([name, parseTopic(name)]).toEqual([name, undefined])
  }
})

test('a request to try again goes to the longest step that it has left, and none is left out', () => {
  const [minute, hour] = [60_000, 3_600_000]
  const waits = [0, 1, 5_000, 29_999, 30_000, 2 * minute, 10 * minute, hour, 6 * hour, 72 * hour]
  expect(waits.map(retryTopicFor)).toEqual(
    ['5s', '5s', '5s', '5s', '30s', '2m', '10m', '1h', '6h', '6h'].map((delay) => `retry.${delay}`),
  )
  expect(new Set(waits.map(retryTopicFor))).toEqual(new Set(retryTopics))
  expect(retryTopics.map(retryStepMs)).toEqual([6 * hour, hour, 10 * minute, 2 * minute, 30_000, 5_000])
  expect(retryStepMs('runs')).toBeUndefined()
})
