import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deletionOf, deploymentOf, sourceIdsOfOthers } from '../../../../topology/project/deployment.ts'
import { type DefinitionsFold, foldDefinitions } from '../../../../topology/project/fold.ts'
import type { Incoming, Outgoing } from '../../../../topology/words/record.ts'
import { checked, newLog, recordAt } from './deploys.ts'

const id = '54804f1a-4a70-4392-97cb-1f350e98e9c8'

/** Everything that a fold says, in one value to compare. */
const told = (fold: DefinitionsFold): unknown => ({
  projects: fold.projects(),
  known: fold.known(),
  histories: ['p', 'q'].map((project) => ({ ...fold.history(project), has: null })),
  source: fold.sourceById(id),
})

const edited = (record: Outgoing | undefined, change: (value: Record<string, unknown>) => void): Outgoing => {
  const value = JSON.parse(String(record?.value)) as Record<string, unknown>
  change(value)
  return { ...(record as Outgoing), value: JSON.stringify(value) }
}

describe('the fold of definitions', () => {
  test('takes the first of two deploys that build on the same, and no other role sees it otherwise', () => {
    const log = newLog()
    log.deploy('name: p')
    const [mine, theirs] = [log.prepare('name: p\ndescription: mine'), log.prepare('name: p\ndescription: theirs')]
    expect(log.write(theirs.records)).toEqual([{ kind: 'accepted', project: 'p', token: theirs.token }])
    expect(log.write(mine.records)).toEqual([{ kind: 'stale', project: 'p', token: mine.token }])
    expect(log.write(theirs.records)).toEqual([{ kind: 'stale', project: 'p', token: theirs.token }])
    expect(log.fold.projects().get('p')).toMatchObject({ deploy: 2, project: { description: 'theirs' } })
  })

  test.each<[string, (value: Record<string, unknown>) => void]>([
    ['builds on another than the one in force', (value) => Object.assign(value, { based_on: null })],
    ['does not come next after the one in force', (value) => Object.assign(value, { deploy: 3 })],
    ['is of a later version and stale', (value) => Object.assign(value, { v: 2, deploy: 5, based_on: 4 })],
  ])('leaves all as it is for a deploy that %s', (_what, change) => {
    const log = newLog()
    log.deploy('name: p')
    const before = told(log.fold)
    log.write([edited(log.prepare('name: p\ndescription: new').records.at(-1), change)])
    expect(told(log.fold)).toEqual(before)
  })

  test('a deletion takes sources out, and leaves the versions of jobs and the topics', () => {
    const log = newLog()
    log.deploy(`name: p\nsources: { s: { type: webhook, id: ${id} } }\njobs: { j: { expression: x } }`)
    expect(log.remove()).toMatchObject({ kind: 'accepted' })
    expect(log.fold.projects().size).toBe(0)
    expect(log.fold.sourceById(id)).toBeUndefined()
    expect(log.fold.jobVersion('p', 'j', 1)?.code).toBe('x')
    expect(log.fold.known()).toEqual(new Map([['p', new Set(['j'])]]))
    expect(log.deploy('name: p\njobs: { k: { expression: x } }')).toMatchObject({ kind: 'accepted' })
    expect(log.fold.projects().get('p')?.deploy).toBe(3)
    expect(log.fold.known().get('p')).toEqual(new Set(['j', 'k']))
  })

  test('the first project with an id of a source keeps it', () => {
    const log = newLog()
    const source = `sources: { s: { type: webhook, id: ${id} } }`
    const late = log.prepare(`name: q\n${source}`, 'q')
    log.deploy(`name: p\n${source}`)
    expect(log.write(late.records)).toEqual([{ kind: 'source-taken', project: 'q', token: late.token, id }])
    expect(log.fold.projects().has('q')).toBe(false)
    log.remove()
    expect(log.write(late.records)).toMatchObject([{ kind: 'accepted' }])
  })

  test('what it gives is never changed afterwards', () => {
    const log = newLog()
    log.deploy('name: p\njobs: { j: { expression: x } }')
    const [projects, known] = [log.fold.projects(), log.fold.known()]
    log.deploy('name: p\njobs: { k: { expression: x } }')
    log.deploy('name: q', 'q')
    expect([...projects.keys()]).toEqual(['p'])
    expect(projects.get('p')?.deploy).toBe(1)
    expect(known).toEqual(new Map([['p', new Set(['j'])]]))
  })

  test.each<[string, (record: Outgoing | undefined) => Outgoing]>([
    ['no JSON', (record) => ({ ...(record as Outgoing), value: '{' })],
    ['JSON that is no object', (record) => ({ ...(record as Outgoing), value: '[]' })],
    ['a tombstone', (record) => ({ ...(record as Outgoing), value: null })],
    ['another key', (record) => ({ ...(record as Outgoing), key: 'secret/p' })],
    ['no key', (record) => ({ ...(record as Outgoing), key: '' })],
    ['the key of another project', (record) => ({ ...(record as Outgoing), key: 'project/q' })],
    ['a deploy that is no number', (record) => edited(record, (value) => Object.assign(value, { deploy: '1' }))],
    ['a deploy without a token', (record) => edited(record, (value) => delete value['token'])],
    ['no document', (record) => edited(record, (value) => delete value['document'])],
    [
      'code under an id that is not its own',
      () => ({ topic: 'd', key: `code/${'0'.repeat(64)}`, value: 'x', headers: {} }),
    ],
  ])('skips what it cannot read: %s', (_what, make) => {
    const log = newLog()
    const { records } = log.prepare('name: p')
    expect(log.write([make(records.at(-1))])).toMatchObject([{ kind: 'unreadable' }])
    expect(log.fold.projects().size).toBe(0)
    expect(log.write(records)).toMatchObject([{ kind: 'accepted' }])
  })

  test.each<[string, (value: Record<string, unknown>) => void]>([
    ['of a later version', (value) => Object.assign(value, { v: 2, document: 'another form' })],
    ['with a key that it does not know', (value) => Object.assign(value['document'] as object, { workflows: {} })],
    [
      'whose code is missing',
      (value) =>
        Object.assign(value['document'] as object, { jobs: { j: { expression: { code: 'no', version: 1 } } } }),
    ],
  ])('counts a deploy that only another release understands, and leaves the last one in force: %s', (_what, change) => {
    const log = newLog()
    log.deploy('name: p\ndescription: before')
    const late = log.prepare('name: p\ndescription: late')
    const other = log.prepare('name: p')
    expect(log.write([edited(other.records.at(-1), change)])).toMatchObject([{ kind: 'unreadable' }])
    expect(log.fold.projects().get('p')).toMatchObject({ deploy: 1, project: { description: 'before' } })
    expect(log.write(late.records)).toMatchObject([{ kind: 'stale' }])
    expect(log.deploy('name: p\ndescription: after')).toMatchObject({ kind: 'accepted' })
    expect(log.fold.projects().get('p')).toMatchObject({ deploy: 3, project: { description: 'after' } })
  })

  test('comes to the same everywhere, however writers that know little come between each other', () => {
    const document = fc.record({
      source: fc.boolean(),
      jobs: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y', 'z'), { maxKeys: 3 }),
    })
    const step = fc.record({
      writer: fc.nat(2),
      project: fc.constantFrom('p', 'q'),
      action: fc.oneof({ weight: 4, arbitrary: document }, { weight: 1, arbitrary: fc.constant('delete' as const) }),
      /** How much of the log the writer has read when it writes. */
      reads: fc.nat(10),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const log: Incoming[] = []
        const writers = [0, 1, 2].map(() => ({ fold: foldDefinitions(), read: 0 }))
        const versions = new Map<string, unknown>()
        const reference = foldDefinitions()
        for (const { writer, project, action, reads } of steps) {
          const own = writers[writer]
          if (own === undefined) continue
          const upTo = Math.min(log.length, own.read + reads)
          for (; own.read < upTo; own.read++) own.fold.apply(log[own.read] as Incoming)
          const history = own.fold.history(project)
          const deployment =
            action === 'delete'
              ? deletionOf(project, { history, by: 'ann' })
              : deploymentOf(checked(JSON.stringify(documentOf(project, action)), { project, format: 'json' }), {
                  history,
                  othersSourceIds: sourceIdsOfOthers(own.fold.projects(), project),
                  by: 'ann',
                })
          for (const record of deployment.records) {
            log.push(recordAt(record, log.length))
            const before = reference.history(project).deploy
            const { kind } = reference.apply(log.at(-1) as Incoming)
            expect(reference.history(project).deploy).toBe(before + (kind === 'accepted' ? 1 : 0))
            expect(kind).not.toBe('unreadable')
            for (const job of reference.projects().get(project)?.project.jobs.values() ?? []) {
              const version = `${project}/${job.name}/${job.version}`
              versions.set(version, versions.get(version) ?? job)
              expect(job).toEqual(versions.get(version)) // a version is one thing for ever
            }
          }
        }
        for (const own of writers) {
          for (; own.read < log.length; own.read++) own.fold.apply(log[own.read] as Incoming)
          expect(told(own.fold)).toEqual(told(reference))
        }
      }),
    )
  })
})

const documentOf = (name: string, { source, jobs }: { source: boolean; jobs: Record<string, string> }): object => ({
  name,
  ...(source && { sources: { s: { type: 'webhook', id } } }),
  jobs: Object.fromEntries(Object.entries(jobs).map(([job, expression]) => [job, { expression }])),
})
