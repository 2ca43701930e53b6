import { expect, test } from 'vitest'
import { lostIn } from '../../../../../../processors/runner/sandbox/realm/lost-values.ts'

const said = (state: unknown): string | undefined => lostIn(state, JSON.stringify(state))

test.each<[unknown, string, string]>([
  [{ data: { byId: new Map([[1, 2]]) } }, 'Map', 'data.byId'],
  [{ data: {}, list: [1, [{ a: new Set([1]) }]] }, 'Set', 'list.1.0.a'],
  [{ error: new TypeError('no') }, 'Error', 'error'],
  [{ answer: Promise.resolve(1) }, 'Promise', 'answer'],
  [new Map(), 'Map', 'the root'],
])('what JSON shows as {} is told with its place: %o', (state, kind, path) => {
  expect(said(state)).toMatch(`JSON shows the ${kind} at ${path} of the final state as {}, so what it holds is lost`)
})

test.each([
  { data: {}, references: [], request: { query: {} } },
  { text: '{}', when: new Date(0), of: new URL('http://a/') },
  { configuration: new Map() },
  { shown: Object.assign(new Map(), { toJSON: () => ({}) }) },
  { none: Object.create(null), made: new (class Visit {})() },
])('what loses nothing is not told: %o', (state) => {
  expect(said(state)).toBeUndefined()
})

test('neither a long state nor one that cannot be read twice is looked at to its end', () => {
  const looked = Array.from({ length: 5_000 }, () => ({}))
  expect(said({ looked, last: new Map() })).toContain('at last')
  expect(said({ first: { looked }, last: { a: { map: new Map() } } })).toBeUndefined()
  const once = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('read')
      },
    },
  )
  expect(lostIn(once, '{"a":{}}')).toBeUndefined()
})
