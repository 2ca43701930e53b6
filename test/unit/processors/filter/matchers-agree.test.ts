import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contains } from '../../../../processors/filter/contains.ts'
import { type Match, matcherMaker, matcherOf } from '../../../../processors/filter/matcher.ts'
import { openBody } from '../../../../processors/filter/read-body.ts'
import type { Job, Project, Trigger } from '../../../../topology/project/project.ts'
import { type Json, parseExact } from '../../../../topology/words/json.ts'
import { jsonSet } from '../../../fixtures/json-pairs.ts'
import { openPostgres } from '../../../fixtures/postgres.ts'

const bodyOf = (text: string) => openBody({ contentType: 'application/json', body: Buffer.from(text) })

const projectOf = (
  triggers: readonly Trigger[],
  jobs: readonly Pick<Job, 'name' | 'triggers' | 'enabled'>[],
): Project => ({
  name: 'p',
  description: '',
  sources: new Map(),
  triggers: new Map(triggers.map((trigger) => [trigger.name, trigger])),
  jobs: new Map(jobs.map((job) => [job.name, job as Job])),
  egress: { allow: [], allowPrivate: false },
  limits: { loopLimit: 100 },
})

const finish = <T>(steps: Generator<void, T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** What a matcher has to say, asked filter by filter. */
const oneByOne = ({ triggers, jobs }: Project, source: string | null, body: Json): Match => {
  const wants = (trigger: Trigger): boolean =>
    trigger.kind === 'message' &&
    (trigger.sources === null || (source !== null && trigger.sources.includes(source))) &&
    (trigger.filter === undefined || contains(body, trigger.filter)) &&
    (trigger.not === undefined || !contains(body, trigger.not))
  const matched = [...triggers.values()].filter(wants).map(({ name }) => name)
  const runs = [...jobs.values()].flatMap((job) => {
    const [first, ...others] = job.enabled ? job.triggers.filter((name) => matched.includes(name)) : []
    return first === undefined ? [] : [{ job, triggers: [first, ...others] as const }]
  })
  return { triggers: matched, jobs: runs }
}

const filterTrigger = (name: number, filter: string): Trigger => ({
  kind: 'message',
  name: String(name),
  filter: parseExact(filter),
  sources: null,
})

const sources = ['inbox', 'lab', 'kafka']
/** Filters and bodies that often meet. */
const sets = Array.from({ length: 40 }, (_, seed) => jsonSet(seed, { bodies: 8, filters: 40 }))
const anyName = fc.constantFrom(...Array.from({ length: 30 }, (_, n) => `t${n}`))

const anyTrigger = (anyFilter: fc.Arbitrary<Json>): fc.Arbitrary<Trigger> => {
  const filters = fc.record({ filter: anyFilter, not: anyFilter }, { requiredKeys: [] })
  const heard = fc.option(fc.uniqueArray(fc.constantFrom(...sources)), { nil: null, freq: 2 })
  const message = fc
    .tuple(anyName, filters, heard)
    .map(([name, filters, sources]): Trigger => ({ kind: 'message', name, ...filters, sources }))
  const flow = anyName.map((name): Trigger => ({ kind: 'flow', name, job: 'j' }))
  return fc.oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: flow })
}
const anyJob = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  triggers: fc.uniqueArray(anyName, { maxLength: 12 }),
  enabled: fc.boolean(),
})
const named = { selector: ({ name }: { name: string }) => name, maxLength: 40 }
const anyProject = (anyFilter: fc.Arbitrary<Json>): fc.Arbitrary<Project> =>
  fc
    .tuple(fc.uniqueArray(anyTrigger(anyFilter), named), fc.uniqueArray(anyJob, named))
    .map(([triggers, jobs]) => projectOf(triggers, jobs))

/** Deploys of one project, and messages for each of them. */
const anyStory = fc.constantFrom(...sets).chain(({ bodies, filters }) =>
  fc.record({
    projects: fc.array(anyProject(fc.constantFrom(...filters).map(parseExact)), { minLength: 2, maxLength: 6 }),
    messages: fc.array(
      fc.record({ text: fc.constantFrom(...bodies), source: fc.constantFrom(null, 'elsewhere', ...sources) }),
      { minLength: 1, maxLength: 12 },
    ),
  }),
)

describe('the matchers of a project', () => {
  test('say what its filters say one by one, deploy after deploy, also those that were made before', () => {
    fc.assert(
      fc.property(anyStory, ({ projects, messages }) => {
        const maker = matcherMaker()
        const matchers = projects.map((project) => finish(maker.make(project)))
        for (const { text, source } of messages) {
          const says = matchers.map((matcher) => matcher.match({ source }, bodyOf(text)))
          expect(says).toEqual(projects.map((project) => oneByOne(project, source, parseExact(text))))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('are not disturbed by one that is being made', () => {
    fc.assert(
      fc.property(anyStory, ({ projects, messages }) => {
        const [before, after] = projects as [Project, Project]
        const maker = matcherMaker()
        const serving = finish(maker.make(before))
        const steps = maker.make(after)
        const answers = messages.map(({ text, source }) => oneByOne(before, source, parseExact(text)))
        while (!steps.next().done) {
          expect(messages.map(({ text, source }) => serving.match({ source }, bodyOf(text)))).toEqual(answers)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('forget what is long out of use', () => {
    const maker = matcherMaker()
    for (let n = 0; n < 1_000; n++) {
      const filter = { n: n % 500 }
      const project = projectOf([{ kind: 'message', name: 't', filter, sources: null }], [])
      expect(finish(maker.make(project)).match({ source: null }, bodyOf(`{"n":${n % 500}}`)).triggers).toEqual(['t'])
    }
  })
})

describe('a matcher of many filters', () => {
  test('agrees with PostgreSQL, set after set of 200 filters and 120 bodies', { timeout: 60_000 }, async () => {
    await using postgres = await openPostgres()
    let matching = 0
    for (const seed of [1, 2, 3, 4, 20_261_121]) {
      const { bodies, filters } = jsonSet(seed, { bodies: 120, filters: 200 })
      const matcher = matcherOf(
        projectOf(
          filters.map((filter, at) => filterTrigger(at, filter)),
          [],
        ),
      )
      const says = bodies.map((body) => matcher.match({ source: null }, bodyOf(body)).triggers.map(Number))
      expect(says).toEqual(await postgres.containsEach(bodies, filters))
      matching += says.flat().length
    }
    expect(matching / (5 * 120 * 200)).toBeGreaterThan(0.05)
  })

  test('agrees with one filter after another when each fact is in very many', () => {
    const names = [...'abcdefgh']
    const subsets = Array.from({ length: 256 }, (_, n) => names.filter((_, bit) => (n >> bit) & 1))
    const objectOf = (names: readonly string[], value: boolean): Json =>
      Object.fromEntries(names.map((name) => [name, value]))
    const filters: readonly Json[] = subsets.flatMap((names) => [objectOf(names, true), [objectOf(names, true)], names])
    const anyBody: fc.Arbitrary<Json> = fc.tuple(fc.subarray(names), fc.subarray(names)).chain(([some, others]) => {
      const object: Json = { ...(objectOf(others, false) as object), ...(objectOf(some, true) as object) }
      return fc.constantFrom<Json>(object, [object, objectOf(others, true)], [...some, object, objectOf(names, false)])
    })
    const anyOrder = fc.shuffledSubarray([...filters], { minLength: 600 })
    fc.assert(
      fc.property(anyOrder, fc.array(anyBody, { minLength: 1, maxLength: 20 }), (filters, bodies) => {
        const triggers = filters.map((filter, n): Trigger => ({ kind: 'message', name: `${n}`, filter, sources: null }))
        const project = projectOf(triggers, [])
        const matcher = matcherOf(project)
        for (const body of bodies) {
          expect(matcher.match({ source: null }, { rough: body, exact: () => body })).toEqual(
            oneByOne(project, null, body),
          )
        }
      }),
      { numRuns: 20 },
    )
  })

  test('takes filters that have very many facts in common', () => {
    const facts = Array.from({ length: 40_000 }, (_, n): [string, Json] => [`${n}`, true])
    const shorter = Array.from({ length: 12 }, (_, n) => Object.fromEntries(facts.slice(0, facts.length - n)))
    const triggers = shorter.map((filter, n): Trigger => ({ kind: 'message', name: `${n}`, filter, sources: null }))
    const body = bodyOf(JSON.stringify(shorter[5]))
    expect(matcherOf(projectOf(triggers, [])).match({ source: null }, body).triggers).toEqual(
      triggers.slice(5).map(({ name }) => name),
    )
  })
})
