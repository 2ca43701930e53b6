import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Scope } from '../../../../../processors/runner/language/scope.ts'
import { carryOut, compiled, scopeWith } from '../../../../fixtures/compiled-job.ts'

const folder = resolve(import.meta.dirname, '../../../../fixtures/jobs')
const jobs = readdirSync(folder)
const textOf = (job: string): string => readFileSync(resolve(folder, job), 'utf8')

/** What destinations and the other families of helpers bring. */
const scope: Scope = {
  ...scopeWith(
    ...[
      'get',
      'post',
      'parseCsv',
      'dateFns',
      'beta',
      'fields',
      'field',
      'dataValue',
      'dataPath',
      'sourceValue',
      'merge',
    ],
    ...['lastReferenceValue', 'create', 'upsert', 'relationship', 'event', 'person', 'patient', 'query'],
  ),
  packages: ['@openfn/language-common', '@openfn/language-http', '@openfn/language-salesforce'],
}

describe('jobs as people wrote them', () => {
  test('compile as they are, in either dialect', () => {
    const found = jobs.map((job) => {
      const { operations } = compiled(textOf(job), scope)
      return `${job}: ${operations.map(({ name, line }) => `${name} ${line}`).join(', ')}`
    })
    expect(found).toEqual([
      'accounts.js: create 5, fn 7, each 9, query 14, fn 17',
      'children.js: create 2, each 6',
      'clean-up.js: get 1, alterState 2, alterState 8',
      'clinic.js: fn 3, post 5, each 7',
      'csv.js: fn 3, parseCsv 5, fn 10',
      'cursor.js: get 2',
      'events.js: event 1',
      'listed.js: step 6, each 7, step 8',
      'new-style.js: get 9, each 16, fn 22',
      'person.js: person 1, patient 2',
      'registration.js: upsert 1, beta.each 14, beta.each 18',
    ])
  })

  test('see the state that the run began with, where they name it outside of functions', async () => {
    const asked: unknown[] = []
    const own = {
      get: (_path: string, options: { query: unknown }, then?: (state: object) => unknown) => {
        asked.push(options.query)
        return (state: object) => {
          const answered = { ...state, data: [{ id: 3 }, { id: 9 }, { id: 4 }] }
          return then ? then(answered) : answered
        }
      },
    }
    expect(await carryOut(textOf('cursor.js'), { state: { lastId: 2 }, own })).toMatchObject({ lastId: 9 })
    expect(asked).toEqual([{ kind: 'urgent', after: 2 }])
    expect(compiled('const state = 1\nfn(() => state)').uses).toEqual([])
    expect(compiled('fn(state => state)').uses).toEqual([])
    expect(compiled('fn(() => { state.seen = true; return state })').uses).toEqual(['state'])
  })

  test('mix the dialects and do the same', async () => {
    const post = (_path: string, body: (state: unknown) => unknown) => (state: object) => ({
      ...state,
      data: body(state),
    })
    const state = { data: { values: [{ code: 'a', value: 1 }] } }
    expect(await carryOut(textOf('listed.js'), { state, own: { post } })).toEqual({ count: 1 })
  })
})
