import { describe, expect, test } from 'vitest'
import { type Match, matcherOf } from '../../../../processors/filter/matcher.ts'
import { openBody } from '../../../../processors/filter/read-body.ts'
import { openMemoryHouse } from '../../../fixtures/memory-house.ts'

const clinic = `
name: clinic
sources:
  inbox: { type: webhook }
  lab: { type: webhook }
triggers:
  anything: { type: message }
  any-object: { type: message, filter: {} }
  registration: { type: message, filter: { form: registration } }
  not-a-test: { type: message, filter: { form: registration }, not: { test: true } }
  never-red: { type: message, not: { triage: [{ level: red }] } }
  from-the-lab: { type: message, filter: {}, source: lab }
  exact: { type: message, filter: { id: 9007199254740993 } }
  after: { type: flow, job: register }
jobs:
  register: { triggers: [registration, not-a-test], expression: fn(s => s) }
  off: { trigger: registration, enabled: false, expression: fn(s => s) }
  follow: { trigger: after, expression: fn(s => s) }
  lab: { triggers: [from-the-lab, exact], expression: fn(s => s) }
`

const bodyOf = (text: string) => openBody({ contentType: 'application/json', body: Buffer.from(text) })

const openMatch = async () => {
  await using house = await openMemoryHouse(clinic)
  const project = house.catalogue.projects().get('clinic')?.project
  if (!project) throw new Error('clinic is not deployed')
  const matcher = matcherOf(project)
  return (body: string, source: string | null = 'inbox'): Match => matcher.match({ source }, bodyOf(body))
}

describe('a matcher', async () => {
  const match = await openMatch()
  const triggers = (body: string, source?: string | null) => match(body, source).triggers
  const jobs = (body: string, source?: string | null) =>
    match(body, source).jobs.map(({ job, triggers }) => [job.name, ...triggers])

  test('a trigger without a filter matches arrays, scalars, text and tombstones too', () => {
    for (const body of ['[]', '1', '"text"', 'null']) expect(triggers(body)).toEqual(['anything', 'never-red'])
  })

  test('{} matches every object', () => {
    expect(triggers('{}')).toEqual(['anything', 'any-object', 'never-red'])
  })

  test('what `not` describes does not match', () => {
    expect(triggers('{"form":"registration"}')).toContain('not-a-test')
    expect(triggers('{"form":"registration","test":true}')).not.toContain('not-a-test')
    expect(triggers('{"form":"registration","test":false}')).toContain('not-a-test')
    expect(triggers('{"triage":[{"level":"green"},{"level":"red","bed":2}]}')).not.toContain('never-red')
  })

  test('a trigger that names sources hears only those', () => {
    expect(triggers('{}', 'lab')).toContain('from-the-lab')
    expect(triggers('{}', 'inbox')).not.toContain('from-the-lab')
    expect(triggers('{}', null)).not.toContain('from-the-lab')
    expect(triggers('{}', 'no-source-of-ours')).not.toContain('from-the-lab')
  })

  test('several triggers of one job that match give one run, named by the first of them', () => {
    expect(jobs('{"form":"registration"}')).toEqual([['register', 'registration', 'not-a-test']])
    expect(jobs('{"form":"registration","test":true}')).toEqual([['register', 'registration']])
  })

  test('a disabled job gets nothing, and its trigger still matches', () => {
    expect(triggers('{"form":"registration"}')).toContain('registration')
    expect(jobs('{"form":"registration"}').flat()).not.toContain('off')
  })

  test('a trigger that no job has matches, and runs nothing', () => {
    expect(match('[]').jobs).toEqual([])
  })

  test('numbers of a document keep every digit', () => {
    expect(jobs('{"id":9007199254740993.0}')).toEqual([['lab', 'exact']])
    expect(jobs('{"id":9007199254740992}')).toEqual([])
  })

  test('a flow trigger never matches a message', () => {
    expect(triggers('{"form":"registration"}')).not.toContain('after')
  })
})
