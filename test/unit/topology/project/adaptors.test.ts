import { describe, expect, test } from 'vitest'
import { type FoundAdaptor, isUpstream, type UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import type { Compile } from '../../../../topology/project/check.ts'
import { upstreamIn } from '../../../../topology/project/check.ts'
import { parseDocument } from '../../../../topology/project/document.ts'
import { codeIdOf } from '../../../../topology/project/schema.ts'
import { checked, newLog, problemsOf, recordAt } from './deploys.ts'

const found = (adaptor: UpstreamAdaptor, code: string): FoundAdaptor => ({
  adaptor,
  bundle: { id: codeIdOf(code), names: ['fn', 'create'], code },
})
const first = found('@openfn/language-shop@1.2.3', 'first')
const adaptors = new Map<UpstreamAdaptor, FoundAdaptor>([
  ['@openfn/language-shop', first],
  ['@openfn/language-shop@latest', first],
  ['@openfn/language-shop@1.2.3', first],
  ['@openfn/language-shop@1.3.0', found('@openfn/language-shop@1.3.0', 'second')],
])
const withAdaptor = (...names: readonly string[]): string =>
  `name: p\njobs:\n${names.map((name, at) => `  j${at}: { adaptor: '${name}', expression: create() }`).join('\n')}`

describe('an upstream adaptor of a job', () => {
  test.each([
    ['@openfn/language-shop', true],
    ['@openfn/language-shop@latest', true],
    ['@openfn/language-shop-2@1.2.3-rc.1', true],
    ...[
      '@openfn/language-shop@^1.2.3',
      '@openfn/language-shop@1',
      '@openfn/language-shop@file:..',
      '@openfn/cli@1.2.3',
    ].map((name): [string, boolean] => [name, false]),
    ...[
      '@openfn/language-../x@1.2.3',
      '@openfn/language-Shop',
      '@other/language-shop',
      '@openfn/language-shop@1.2.3 --force',
    ].map((name): [string, boolean] => [name, false]),
  ])('is named by its package and one version: %s', (name, right) => {
    expect(isUpstream(name)).toBe(right)
  })

  test('is asked for once, by the name that the document has for it', () => {
    const parsed = parseDocument(withAdaptor('@openfn/language-shop', 'http', '@openfn/language-shop'), 'yaml')
    expect('document' in parsed && upstreamIn(parsed.document)).toEqual(['@openfn/language-shop'])
  })

  test('has its exact version in the job and in the document, so the next deploy changes nothing', () => {
    const { value, draft } = checked(withAdaptor('@openfn/language-shop@latest'), { adaptors })
    expect(value).toMatchObject({ jobs: { j0: { adaptor: '@openfn/language-shop@1.2.3' } } })
    expect(draft.jobs.get('j0')).toMatchObject({ ...first })
  })

  test('is what the code is checked against', () => {
    const seen: unknown[] = []
    const compile: Compile = (text, { bundle }) => {
      seen.push(bundle)
      return { kind: 'compiled', text }
    }
    checked(withAdaptor('@openfn/language-shop'), { adaptors, compile })
    expect(seen).toEqual([{ id: codeIdOf('first'), names: ['fn', 'create'], code: 'first' }])
  })

  test('that cannot be had is a problem of its own place, and nothing is said of the code', () => {
    expect(problemsOf(withAdaptor('@openfn/language-shop@1.2.3').replace('create()', 'oops'))).toEqual([
      '3:9 jobs.j0.adaptor: Adaptors cannot be fetched here: take one that is built in.',
    ])
    expect(problemsOf(withAdaptor('@openfn/language-shop@1'))).toEqual([
      '3:9 jobs.j0.adaptor: "@openfn/language-shop@1" is no adaptor: write @openfn/language-name@1.2.3, or @latest, or no version.',
    ])
  })

  test('is written once, before the project that names it, and is read again from there', () => {
    const log = newLog()
    const deploy = log.prepare(withAdaptor('@openfn/language-shop', '@openfn/language-shop@1.2.3'), 'p', adaptors)
    const keys = deploy.records.map(({ key }) => key)
    expect(keys).toEqual([
      `code/${codeIdOf('create()')}`,
      `compiled/${codeIdOf('compiled: create()')}`,
      `adaptor/${codeIdOf('first')}`,
      'project/p',
    ])
    expect(log.write(deploy.records).at(-1)).toMatchObject({ kind: 'accepted' })
    expect(log.fold.projects().get('p')?.project).toEqual(deploy.next?.project)
    expect(log.fold.projects().get('p')?.document).toEqual(deploy.next?.document)

    const next = log.prepare(withAdaptor('@openfn/language-shop', '@openfn/language-shop@1.3.0'), 'p', adaptors)
    expect(next.records.map(({ key }) => key)).toEqual([`adaptor/${codeIdOf('second')}`, 'project/p'])
    expect(next.difference.jobs.changed).toEqual([{ name: 'j1', keys: ['adaptor'] }])
    expect(next.next?.project.jobs.get('j1')?.version).toBe(2)
  })

  test('whose script is not there, or is not the one of its name, is none for its job until the next deploy', () => {
    const log = newLog()
    const { records } = log.prepare(withAdaptor('@openfn/language-shop'), 'p', adaptors)
    const [code, compiled, adaptor, project] = records
    if (!code || !compiled || !adaptor || !project) return expect.fail('four records')
    expect(log.fold.apply(recordAt({ ...adaptor, value: 'other' }, 0))).toMatchObject({
      detail: 'adaptor under an id that is not its own',
    })
    expect(log.write([code, compiled, project]).at(-1)).toMatchObject({ kind: 'accepted' })
    const job = log.fold.projects().get('p')?.project.jobs.get('j0')
    expect(job).toMatchObject({ adaptor: '@openfn/language-shop@1.2.3', bundle: null })

    const again = log.prepare(withAdaptor('@openfn/language-shop'), 'p', adaptors)
    expect(again.records.map(({ key }) => key)).toEqual([adaptor.key, 'project/p'])
    expect(again.next?.project.jobs.get('j0')).toMatchObject({ version: 2, bundle: { code: 'first' } })
  })
})
