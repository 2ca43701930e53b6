import { expect, test } from 'vitest'
import { finalState } from '../../../../../../processors/runner/sandbox/realm/final-state.ts'

const configuration = { token: 'secret' }
const bringing = new Proxy(
  { a: 1 },
  {
    ownKeys: () => ['a', 'configuration'],
    has: (_, key) => key === 'a',
    get: (_, key) => (key === 'configuration' ? configuration : key === 'a' ? 1 : undefined),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }),
  },
)

test.each<[string, unknown]>([
  ['as its own key', { a: 1, configuration }],
  ['of its prototype', Object.assign(Object.create({ configuration }), { a: 1 })],
  ['by its toJSON', { toJSON: () => ({ a: 1, configuration }) }],
  ['by a toJSON beside it', { configuration, a: 1, toJSON: () => ({ a: 1, configuration }) }],
  ['by a proxy that hides it', bringing],
])('configuration is never kept: the state has it %s', (_, state) => {
  expect(finalState(state)).toEqual({ kind: 'state', json: '{"a":1}' })
})

test('what is called configuration further down, and in a text, stays', () => {
  for (const state of [
    { a: { configuration: 1 } },
    { a: '{"configuration":1}' },
    [{ configuration: 1 }],
    'configuration',
  ])
    expect(finalState(state)).toEqual({ kind: 'state', json: JSON.stringify(state) })
})

test('keys named like prototypes are keys as all others', () => {
  const state = JSON.parse('{"__proto__":{"configuration":1},"constructor":2,"configuration":3}')
  expect(finalState(state)).toEqual({ kind: 'state', json: '{"__proto__":{"configuration":1},"constructor":2}' })
})
