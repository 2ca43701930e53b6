import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { deploy, endedRuns, post, startHouse } from '../fixtures/house.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'
import { filesWith, formsOf } from '../fixtures/traces.ts'

const code = (url: string) => `fn(async state => {
  const { token } = state.configuration
  const init = { method: 'POST', headers: { authorization: 'Bearer ' + token, 'x-token': token }, body: token }
  const answer = await fetch('${url}/' + token + '?q=' + encodeURIComponent(token), init)
  return { ...state, echo: await answer.text() }
})
get('/read/' + state.configuration.token, { errors: false })
fn(state => {
  console.log(state.configuration)
  console.log(JSON.stringify(state))
  return { ...state, kept: state.configuration, text: JSON.stringify(state) }
})
fn(state => { throw Object.assign(new Error('with ' + JSON.stringify(state)), { name: state.configuration.token }) })`

test('a secret that a job was given and told everybody is nowhere but in the answer to its owner', {
  timeout: 240_000,
}, async () => {
  const house = await startHouse()
  onTestFinished(() => house[Symbol.asyncDispose]())
  const echo = await echoServer()
  onTestFinished(() => void echo.close())
  const url = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`
  const canary = `canary-${randomUUID()}`
  const seen = `seen-${randomUUID()}`
  const credential = { kind: 'raw', body: { baseUrl: url, token: canary } }
  await send(house, '/api/credentials/district', credential)
  const id = randomUUID()
  await deploy(house, {
    name: 'canary',
    sources: { inbox: { type: 'webhook', id } },
    triggers: { all: { type: 'message' }, failed: { type: 'fail', job: 'tell' } },
    egress: { allow: [url] },
    jobs: {
      tell: { trigger: 'all', credential: 'district', expression: code(url), retry: { attempts: 2, backoff: ['1s'] } },
      again: { trigger: 'failed', credential: 'district', expression: code(url) },
    },
  })
  const message = await post(house, id, JSON.stringify({ seen }))
  const runs = await endedRuns(house, 'canary', { message, count: 2 })
  expect(runs.map(({ status }) => status)).toEqual(['failed', 'failed'])

  const { broker, store } = dirs()
  await until(async () => (await filesWith(store, [seen])).length > 0, 'what was sent is in the files of the store')
  expect(await filesWith(broker, [seen])).not.toEqual([])
  const forms = formsOf(canary)
  expect(await filesWith(broker, forms)).toEqual([])
  expect(await filesWith(store, forms)).toEqual([])
  expect(await filesWith(house.dataDir, forms)).toEqual([])

  const whole = await Promise.all(runs.map((run) => textOf(house, `/api/projects/canary/runs/${run.id}`)))
  for (const run of whole) for (const part of ['"name":"***"', `${url}/***?q=***`]) expect(run).toContain(part)
  const told = [...whole, house.printed(), ...(await Promise.all(addresses.map((path) => textOf(house, path))))]
  expect(told.join('\n')).toContain(seen)
  for (const form of forms) expect(told.filter((text) => text.includes(form))).toEqual([])
  expect(await textOf(house, '/api/credentials/district')).toContain(canary)
})

/** Tells whoever asks what he has said. */
const echoServer = async (): Promise<Server> => {
  const server = createServer((request, response) => {
    response.write(`${request.url} ${JSON.stringify(request.headers)} `)
    request.pipe(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Where the run's servers keep what they are given. */
const dirs = () => {
  const dir = inject('serversDir')
  return { broker: join(dir, 'kafka'), store: join(dir, 'clickhouse') }
}

const addresses = [
  '/metrics',
  '/openapi.json',
  '/api/info',
  '/api/credentials',
  '/api/projects',
  '/api/projects/canary',
  '/api/projects/canary/messages',
  '/api/projects/canary/messages.csv',
  '/api/projects/canary/runs',
  '/api/projects/canary/runs.csv',
  '/api/projects/canary/runs.ndjson',
  '/api/projects/canary/dead-letters',
]

const textOf = async (house: Penstock, path: string): Promise<string> => {
  const answer = await house.api(path)
  expect([path, answer.status]).toEqual([path, 200])
  return await answer.text()
}

const send = async (house: Penstock, path: string, body: object): Promise<void> => {
  const headers = { 'content-type': 'application/json' }
  const answer = await house.api(path, { method: 'PUT', headers, body: JSON.stringify(body) })
  expect([answer.status, await answer.text()]).toEqual([200, expect.not.stringContaining('canary')])
}
