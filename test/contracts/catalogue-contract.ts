import { describe, expect, test } from 'vitest'
import { deployProject } from '../../infra/catalogue/deploy.ts'
import { type OpenCatalogue, openCatalogue } from '../../infra/catalogue/open.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import { checkDocument } from '../../topology/project/check.ts'
import { type Deployment, deletionOf, deploymentOf, sourceIdsOfOthers } from '../../topology/project/deployment.ts'
import { parseDocument } from '../../topology/project/document.ts'
import { fixedTopics, intakeTopic } from '../../topology/topics.ts'
import { anyCode } from '../fixtures/any-code.ts'
import { silent } from '../fixtures/silent.ts'

/** What a catalogue promises on any message log. `openLog` gives an empty one. */
export const catalogueContract = (name: string, openLog: () => Promise<MessageLog>): void => {
  const opened = async (): Promise<MessageLog> => {
    const log = await openLog()
    await log.ensureTopics(fixedTopics)
    return log
  }

  describe(`a catalogue on ${name}`, () => {
    test('a deploy is in force when its writer is answered, and everywhere from its offset on', async () => {
      await using log = await opened()
      await using mine = await openCatalogue(log, { logger: silent })
      await using theirs = await openCatalogue(log, { logger: silent })
      expect(mine.offset()).toBe(-1n)
      const signal = AbortSignal.timeout(30_000)
      const outcome = await deployProject(prepared(mine, everything), { log, catalogue: mine, signal })
      if (outcome.kind !== 'accepted') throw new Error(outcome.kind)
      expect(mine.projects().get('p')?.deploy).toBe(1)
      expect(mine.offset()).toBe(outcome.offset)
      await theirs.reached(outcome.offset, signal)
      expect(theirs.projects()).toEqual(mine.projects())
      expect(theirs.sourceById(id)?.project.project.name).toBe('p')
      expect(JSON.stringify(theirs.projects().get('p')?.project.triggers.get('t'))).toContain('9007199254740993')
      expect(theirs.jobVersion('p', 'j', 1)?.code).toBe('fn(s => s)')
    })

    test('a role that starts later has read all that was deployed when it opens', async () => {
      await using log = await opened()
      await using first = await openCatalogue(log, { logger: silent })
      const signal = AbortSignal.timeout(30_000)
      for (const description of ['one', 'two', 'three']) {
        await deployProject(
          prepared(first, `name: p\ndescription: ${description}\njobs: { j: { expression: ${description} } }`),
          { log, catalogue: first, signal },
        )
      }
      await using later = await openCatalogue(log, { logger: silent })
      expect(later.projects()).toEqual(first.projects())
      expect(later.offset()).toBe(first.offset())
      expect([1, 2, 3].map((version) => later.jobVersion('p', 'j', version)?.code)).toEqual(['one', 'two', 'three'])
    })

    test('of deploys that build on the same one is accepted, and the others are told', async () => {
      await using log = await opened()
      await using here = await openCatalogue(log, { logger: silent })
      await using there = await openCatalogue(log, { logger: silent })
      const signal = AbortSignal.timeout(30_000)
      const outcomes = await Promise.all(
        [here, there, here, there].map((catalogue, index) =>
          deployProject(prepared(catalogue, `name: p\ndescription: '${index}'`), { log, catalogue, signal }),
        ),
      )
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['accepted', 'stale', 'stale', 'stale'])
      const winner = outcomes.findIndex(({ kind }) => kind === 'accepted')
      expect(here.projects().get('p')).toMatchObject({ deploy: 1, project: { description: String(winner) } })
    })

    test('an id of a source goes to the first project that has it', async () => {
      await using log = await opened()
      await using catalogue = await openCatalogue(log, { logger: silent })
      const signal = AbortSignal.timeout(30_000)
      const late = prepared(catalogue, everything.replace('name: p', 'name: q'), 'q')
      await deployProject(prepared(catalogue, everything), { log, catalogue, signal })
      expect(await deployProject(late, { log, catalogue, signal })).toEqual({ kind: 'source-taken', id })
    })

    test('a deletion takes the sources away and leaves what was written readable', async () => {
      await using log = await opened()
      await using catalogue = await openCatalogue(log, { logger: silent })
      const signal = AbortSignal.timeout(30_000)
      await deployProject(prepared(catalogue, everything), { log, catalogue, signal })
      const changes: string[] = []
      using _listening = catalogue.onChange((project) => changes.push(project))
      const deletion = deletionOf('p', { history: catalogue.history('p'), by: 'ann' })
      expect(await deployProject(deletion, { log, catalogue, signal })).toMatchObject({ kind: 'accepted' })
      expect(changes).toEqual(['p'])
      expect(catalogue.projects().size).toBe(0)
      expect(catalogue.sourceById(id)).toBeUndefined()
      expect(catalogue.jobVersion('p', 'j', 1)?.code).toBe('fn(s => s)')
      expect([...(catalogue.known().get('p') ?? [])]).toEqual(['j'])
    })

    test('the topics of a project are there when its deploy is', async () => {
      await using log = await opened()
      await using catalogue = await openCatalogue(log, { logger: silent })
      await deployProject(prepared(catalogue, everything), { log, catalogue, signal: AbortSignal.timeout(30_000) })
      await log.append([{ topic: intakeTopic('p'), key: 'k', value: '{}', headers: {} }])
    })

    test('what is no definition is told to the logger, and passed over', async () => {
      await using log = await opened()
      const warned: string[] = []
      await using catalogue = await openCatalogue(log, { logger: { ...silent, warn: (_, text) => warned.push(text) } })
      const [record] = prepared(catalogue, 'name: p').records.slice(-1)
      if (record === undefined) throw new Error('nothing to write')
      await log.append([{ ...record, value: '{' }])
      const outcome = await deployProject(prepared(catalogue, everything), {
        log,
        catalogue,
        signal: AbortSignal.timeout(30_000),
      })
      expect(outcome.kind).toBe('accepted')
      expect(warned).toEqual([expect.stringContaining('not JSON')])
    })

    test('a thousand jobs are deployed at once', async () => {
      await using log = await opened()
      await using catalogue = await openCatalogue(log, { logger: silent })
      const code = `// ${'x'.repeat(9_000)}\n`
      const jobs = Object.fromEntries(
        Array.from({ length: 1_000 }, (_, index) => [`j${index}`, { expression: `${code}${index}` }]),
      )
      const deployment = { ...prepared(catalogue, JSON.stringify({ name: 'p', jobs })), topics: [] }
      const outcome = await deployProject(deployment, { log, catalogue, signal: AbortSignal.timeout(50_000) })
      expect(outcome.kind).toBe('accepted')
      expect(catalogue.projects().get('p')?.project.jobs.size).toBe(1_000)
    })
  })
}

/** A deploy of a document that is right, on what the catalogue knows now. */
export const prepared = (catalogue: OpenCatalogue, text: string, project = 'p'): Deployment => {
  const parsed = parseDocument(text, text.startsWith('{') ? 'json' : 'yaml')
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  const result = checkDocument(parsed.document, { project, othersSourceIds: new Set(), compile: anyCode })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  const othersSourceIds = sourceIdsOfOthers(catalogue.projects(), project)
  return deploymentOf(result.checked, { history: catalogue.history(project), othersSourceIds, by: 'ann' })
}

const id = '54804f1a-4a70-4392-97cb-1f350e98e9c8'
const everything = `name: p
sources: { s: { type: webhook, id: ${id} } }
triggers: { t: { type: message, filter: { id: 9007199254740993 } } }
jobs: { j: { trigger: t, expression: fn(s => s) } }`
