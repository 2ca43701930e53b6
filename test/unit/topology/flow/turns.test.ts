import { expect, test } from 'vitest'
import { turns } from '../../../../topology/flow/turns.ts'

test('when it has been long enough there is something to wait for, and others have had their turn then', async () => {
  const turn = turns(0)
  let had = false
  setImmediate(() => {
    had = true
  })
  await turn()
  expect(had).toBe(true)
})

test('before that there is nothing to wait for', () => {
  expect(turns(1e9)()).toBeUndefined()
})
