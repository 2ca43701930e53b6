import { describe, expect, test } from 'vitest'
import { differenceOf } from '../../../../topology/project/difference.ts'
import { codeIdOf } from '../../../../topology/project/schema.ts'
import type { JsonObject } from '../../../../topology/words/json.ts'
import { checked, newLog } from './deploys.ts'

const id = '54804f1a-4a70-4392-97cb-1f350e98e9c8'
const jobs = (...entries: string[]): string => `name: p\njobs:\n${entries.map((entry) => `  ${entry}`).join('\n')}`
const sources = (...entries: string[]): string =>
  `name: p\nsources:\n${entries.map((entry) => `  ${entry}`).join('\n')}`

const none = { added: [], changed: [], removed: [] }
const nothing = { settings: [], sources: none, triggers: none, jobs: none }

describe('a deploy', () => {
  test('counts the versions of each job, and only when something of it changed', () => {
    const log = newLog()
    const versions = (): object =>
      Object.fromEntries(
        [...(log.fold.projects().get('p')?.project.jobs ?? [])].map(([name, job]) => [name, job.version]),
      )
    log.deploy(jobs('a: { expression: x }', 'b: { expression: x }'))
    expect(versions()).toEqual({ a: 1, b: 1 })
    log.deploy(jobs('a: { expression: y }', 'b: { expression: x, concurrency: 10, order: key }'))
    expect(versions()).toEqual({ a: 2, b: 1 })
    log.deploy(jobs('b: { expression: x, timeout: 20s }'))
    expect(versions()).toEqual({ b: 2 })
    log.deploy(jobs('a: { expression: z }', 'b: { expression: x, timeout: 20s }'))
    expect(versions()).toEqual({ a: 3, b: 2 })
    log.remove()
    log.deploy(jobs('a: { expression: z }', 'b: { expression: y }'))
    expect(versions()).toEqual({ a: 3, b: 3 })
    expect(log.fold.jobVersion('p', 'a', 1)?.code).toBe('x')
    expect(log.fold.jobVersion('p', 'a', 2)?.code).toBe('y')
    expect(log.fold.jobVersion('p', 'b', 2)).toMatchObject({ code: 'x', timeoutMs: 20_000, version: 2 })
    expect(log.fold.jobVersion('p', 'b', 4)).toBeUndefined()
  })

  test('gives sources ids, and leaves them theirs for ever', () => {
    const log = newLog()
    const idOf = (source: string): string | undefined => log.fold.projects().get('p')?.project.sources.get(source)?.id
    log.deploy(sources('a: { type: webhook }', `b: { type: webhook, id: ${id.toUpperCase()} }`))
    const first = idOf('a')
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(idOf('b')).toBe(id)
    log.deploy(sources('a: { type: webhook, enabled: false }', 'b: { type: webhook }'))
    expect([idOf('a'), idOf('b')]).toEqual([first, id])
    log.deploy('name: p')
    expect(log.fold.sourceById(id)).toBeUndefined()
    log.deploy(sources('a: { type: webhook }'))
    expect(idOf('a')).toBe(first)
    expect(log.fold.sourceById(first ?? '')).toMatchObject({ source: { name: 'a' }, project: { deploy: 4 } })
  })

  test('gives nobody an id that another source has now', () => {
    const log = newLog()
    log.deploy(sources(`a: { type: webhook, id: ${id} }`))
    log.deploy(sources(`door: { type: webhook, id: ${id} }`, 'a: { type: webhook }'))
    expect(log.fold.sourceById(id)?.source.name).toBe('door')
    expect(log.fold.projects().get('p')?.project.sources.get('a')?.id).not.toBe(id)
    log.deploy('name: p')
    log.deploy(`name: q\nsources:\n  other: { type: webhook, id: ${id} }`, 'q')
    log.deploy(sources('door: { type: webhook }'))
    expect(log.fold.sourceById(id)?.project.project.name).toBe('q')
  })

  test('writes code, and what it became, once, and the project last', () => {
    const log = newLog()
    const { records, topics } = log.prepare(
      jobs('a: { expression: x }', 'b: { expression: x }', 'c: { expression: y }'),
    )
    expect(records.map(({ key }) => key.replace(/[0-9a-f]{60}$/, ''))).toEqual([
      'code/2d71',
      'compiled/ca89',
      'code/a1fc',
      'compiled/f71c',
      'project/p',
    ])
    expect(topics.map(({ name }) => name)).toEqual(['intake.p', 'job.p.a', 'job.p.b', 'job.p.c'])
    log.write(records)
    const { records: next } = log.prepare(jobs('a: { expression: y }', 'b: { expression: z }'))
    expect(next.map(({ key }) => key.replace(/[0-9a-f]{60}$/, ''))).toEqual(['code/594e', 'compiled/9318', 'project/p'])
  })

  test('is understood without what its code became: that is made where it runs, and by the next deploy', () => {
    const log = newLog()
    const { records } = log.prepare(jobs('a: { expression: x }'))
    log.write(records.filter(({ key }) => !key.startsWith('compiled/')))
    expect(log.fold.projects().get('p')?.project.jobs.get('a')).toMatchObject({ code: 'x', compiled: null })
    const again = log.prepare(jobs('a: { expression: x }'))
    expect(again.difference.jobs.changed).toEqual([])
    log.write(again.records)
    const compiled = { id: codeIdOf('compiled: x'), text: 'compiled: x' }
    expect(log.fold.projects().get('p')?.project.jobs.get('a')).toMatchObject({ version: 1, compiled })
  })

  test('keeps the document as it was sent, with its digits, its code and the ids', () => {
    const log = newLog()
    const text = `name: p
sources: { inbox: { type: webhook, id: ${id} } }
triggers: { t: { type: message, filter: { id: 9007199254740993, f: 1.50, __proto__: 1 }, not: null-ish } }
jobs: { j: { trigger: t, expression: "fn(s => s) // \\ud83d\\ude00 \\ud800" } }
`
    log.deploy(text)
    const sent = checked(text)
    const deployed = log.fold.projects().get('p')
    expect(JSON.stringify(deployed?.document)).toBe(JSON.stringify(sent.value).replace('\\ud800', '\ufffd'))
    expect(JSON.stringify(deployed?.project.triggers.get('t'))).toBe(
      '{"kind":"message","name":"t","filter":{"id":9007199254740993,"f":1.5,"__proto__":1},"not":"null-ish","sources":null}',
    )
    const again = log.prepare(text)
    expect(again.records).toHaveLength(1)
    expect(again.difference).toEqual(nothing)
    expect(again.next).toMatchObject({ deploy: 2, document: sent.value as JsonObject })
  })

  test('is deployed again from the document that was got, and nothing changes', () => {
    const log = newLog()
    log.deploy(sources('a: { type: webhook }'))
    const got = JSON.stringify(log.fold.projects().get('p')?.document)
    expect(log.prepare(got).difference).toEqual(nothing)
  })
})

describe('the difference', () => {
  const log = newLog()
  log.deploy(`name: p
sources: { a: { type: webhook, id: ${id} }, b: { type: webhook } }
triggers: { t: { type: message, filter: { n: 9007199254740993 } }, u: { type: message }, v: { type: fail, job: j } }
jobs: { j: { expression: x }, k: { expression: x }, l: { expression: x, trigger: t } }`)

  test('names what was added, removed and changed, and its keys as the document calls them', () => {
    expect(
      log.prepare(`name: p
description: new
egress: { allow: [api.example] }
limits: { loop_limit: 5 }
sources: { a: { type: webhook, path: in, max_body_bytes: 1mb, key: $.id }, c: { type: webhook } }
triggers: { t: { type: message, filter: { n: 9007199254740992 }, source: a }, u: { type: flow, job: j }, v: { type: fail, job: l } }
jobs: { j: { expression: y, credential: d, memory_mb: 64, log_limit: 5, test_mode: true, timeout: 1s }, l: { expression: x, triggers: [t], order: key }, m: { expression: x } }`)
        .difference,
    ).toEqual({
      settings: ['description', 'egress', 'limits'],
      sources: { added: ['c'], changed: [{ name: 'a', keys: ['path', 'max_body_bytes', 'key'] }], removed: ['b'] },
      triggers: {
        added: [],
        changed: [
          { name: 't', keys: ['filter', 'source'] },
          { name: 'u', keys: ['type', 'source', 'job'] },
          { name: 'v', keys: ['job'] },
        ],
        removed: [],
      },
      jobs: {
        added: ['m'],
        changed: [{ name: 'j', keys: ['expression', 'credential', 'timeout', 'memory_mb', 'log_limit', 'test_mode'] }],
        removed: ['k'],
      },
    })
  })

  test('of a first deploy is that everything is new', () => {
    const project = log.fold.projects().get('p')?.project
    if (project === undefined) throw new Error('not deployed')
    expect(differenceOf(undefined, project)).toEqual({
      settings: [],
      sources: { added: ['a', 'b'], changed: [], removed: [] },
      triggers: { added: ['t', 'u', 'v'], changed: [], removed: [] },
      jobs: { added: ['j', 'k', 'l'], changed: [], removed: [] },
    })
  })
})
