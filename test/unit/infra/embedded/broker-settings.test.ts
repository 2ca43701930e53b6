import { expect, test } from 'vitest'
import { brokerSettings } from '../../../../infra/embedded/broker-settings.ts'

const settings = new Map(
  brokerSettings({ port: 1, controllerPort: 2, logDir: '/data' })
    .trim()
    .split('\n')
    .map((line) => line.split('=', 2) as [string, string]),
)

test('the appends of one message, each of which holds a thread until it is synced, leave threads to the requests of others', () => {
  const appends = ['intake', 'job', 'matched', 'finished'].length
  expect(Number(settings.get('num.io.threads'))).toBeGreaterThan(appends)
})

test('what is synced before it is acknowledged is said by each topic: commits and the state of groups do not wait for the disk', () => {
  expect([...settings.keys()].filter((name) => name.startsWith('log.flush'))).toEqual([])
})
