import { expect, test } from 'vitest'
import { startFleet } from '../fixtures/fleet.ts'
import { deploy, endedRuns, post } from '../fixtures/house.ts'

const document = {
  name: 'clinic',
  sources: { inbox: { type: 'webhook' } },
  triggers: { all: { type: 'message', source: 'inbox' }, counted: { type: 'flow', job: 'count' } },
  jobs: {
    count: { trigger: 'all', expression: 'fn(state => ({ ...state, data: { n: state.data.n + 1 } }))' },
    after: { trigger: 'counted', expression: 'fn(state => state)' },
  },
}

test('roles in processes of their own, two of each, do what one process does', async () => {
  await using fleet = await startFleet({ counts: { console: 1, ingress: 2, filter: 2, runner: 2, follow: 1, sink: 2 } })
  const { sources } = await deploy(fleet, document)
  const id = await post(fleet, sources['inbox']?.id ?? '', '{"n":1}')
  const runs = await endedRuns(fleet, 'clinic', { message: id, count: 2 })
  expect(runs.map(({ job, status }) => `${job} ${status}`)).toEqual(['count success', 'after success'])
})
