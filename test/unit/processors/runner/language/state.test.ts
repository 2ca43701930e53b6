import { expect, test } from 'vitest'
import { stateText } from '../../../../../processors/runner/language/state.ts'

test('a body becomes data, beside the request and empty references', () => {
  const body = Buffer.from('{"a": 1.0, "b": 9007199254740993}\n')
  expect(stateText({ kind: 'body', body, request: '{"method":"POST"}' })).toBe(
    '{"data":{"a": 1.0, "b": 9007199254740993}\n,"request":{"method":"POST"},"references":[]}',
  )
})

test('a byte order mark is no part of the body', () => {
  const body = Buffer.from('\ufeff[1]')
  expect(JSON.parse(stateText({ kind: 'body', body, request: '{}' }))).toEqual({
    data: [1],
    request: {},
    references: [],
  })
})

test('a state is taken as it is', () => {
  expect(stateText({ kind: 'state', state: '{"n": 1}' })).toBe('{"n": 1}')
})
