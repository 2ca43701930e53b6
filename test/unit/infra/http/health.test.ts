import { expect, test } from 'vitest'
import { askChecks, healthRoutes } from '../../../../infra/http/health.ts'
import { openMeter } from '../../../../infra/metrics/open.ts'
import { serve } from './serving.ts'

const meter = openMeter()

test('this process lives, whatever it needs', async () => {
  await using http = await serve(healthRoutes({ meter, checks: [{ name: 'kafka', check: async () => 'is away' }] }))
  expect((await fetch(`${http.url}/livez`)).status).toBe(200)
})

test('ready is asked anew each time, and says what is missing', async () => {
  let complaint: string | null = 'is away'
  const checks = [
    { name: 'kafka', check: async () => complaint },
    { name: 'clickhouse', check: () => (complaint ? Promise.reject(new Error('refused')) : Promise.resolve(null)) },
    { name: 'catalogue', check: async () => null },
  ]
  await using http = await serve(healthRoutes({ meter, checks }))
  const not = await fetch(`${http.url}/readyz`)
  expect([not.status, await not.json()]).toEqual([
    503,
    { status: 'not ready', not_ready: { kafka: 'is away', clickhouse: 'refused' } },
  ])
  complaint = null
  expect((await fetch(`${http.url}/readyz`)).status).toBe(200)
})

test('a check that never answers is not ready', async () => {
  const checks = [{ name: 'kafka', check: () => new Promise<null>(() => {}) }]
  await using http = await serve(healthRoutes({ meter, checks, checkMs: 10 }))
  const answer = await fetch(`${http.url}/readyz`)
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { status: 'not ready', not_ready: { kafka: 'did not answer within 0.01 s' } },
  ])
})

test('a check is asked once at a time, however many want to know', async () => {
  let asked = 0
  const answer = Promise.withResolvers<null>()
  const check = {
    name: 'kafka',
    check: () => {
      asked++
      return answer.promise
    },
  }
  const waiting = [askChecks([check]), askChecks([check]), askChecks([check])]
  expect(asked).toBe(1)
  answer.resolve(null)
  expect(await Promise.all(waiting)).toEqual([[['kafka', null]], [['kafka', null]], [['kafka', null]]])
  await askChecks([check])
  expect(asked).toBe(2)
})

test('metrics are in the text format of Prometheus', async () => {
  await using http = await serve(healthRoutes({ meter, checks: [] }))
  const answer = await fetch(`${http.url}/metrics`)
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  expect(await answer.text()).toContain('# TYPE penstock_http_requests_total counter')
})

test('who can read OpenMetrics gets it', async () => {
  await using http = await serve(healthRoutes({ meter, checks: [] }))
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const answer = await fetch(`${http.url}/metrics`, { headers: { accept } })
  expect(answer.headers.get('content-type')).toContain('application/openmetrics-text; version=1.0.0')
  expect(await answer.text()).toContain('# TYPE penstock_http_requests counter')
})
