import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openKafka } from '../../infra/kafka/open.ts'
import type { MessageLog } from '../../topology/flow/ports.ts'
import { definitionsTopic } from '../../topology/topics.ts'
import { parseDefinition, projectRecord } from '../../topology/wire/definitions.ts'
import { all } from '../contracts/message-log.ts'
import { deploy, endedRuns, houseName, post, put, type Run, startHouse } from '../fixtures/house.ts'
import { openRegistry } from '../fixtures/npm-registry.ts'
import { type Penstock, until } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

const shop = '@openfn/language-shop'
const source = '018f2b1c-0000-7000-8000-0000000ada90'
const documentOf = (adaptor: string, expression = 'order(5)') => ({
  name: 'shop',
  sources: { orders: { type: 'webhook', id: source } },
  triggers: { all: { type: 'message', filter: {} } },
  jobs: { take: { trigger: 'all', adaptor, expression } },
})

// One story: each test begins where the one before it ended.
describe('jobs of an adaptor of npm', () => {
  const name = houseName()
  const nobody = 'http://127.0.0.1:1'
  let npm = ''
  let house: Penstock
  let log: MessageLog
  let registry: Awaited<ReturnType<typeof openRegistry>>

  beforeAll(async () => {
    npm = await mkdtemp(join(tmpdir(), 'npm-'))
    const text = 'export const order = (n) => (state) => ({ ordered: n, of: state.data.n })'
    registry = await openRegistry([{ name: shop, version: '1.2.3', text }])
    const env = { npm_config_registry: registry.url, npm_config_cache: npm }
    house = await startHouse({ env }, name)
    log = await openKafka({
      brokers: [inject('kafkaBrokers')],
      ...{ clientId: 'adaptors', prefix: `${name}.`, replication: 1, partitions: { intake: 2, job: 1 } },
      ...{ embedded: true, logger: silent },
    })
  })
  afterAll(async () => {
    await house?.[Symbol.asyncDispose]()
    await log?.[Symbol.asyncDispose]()
    await registry?.[Symbol.asyncDispose]()
    await rm(npm, { recursive: true, force: true })
  })

  const runOf = async (n: number): Promise<Run & Readonly<{ adaptor: string }>> => {
    const message = await post(house, source, JSON.stringify({ n }))
    const [run] = await endedRuns(house, 'shop', { message, count: 1 })
    return run as Run & Readonly<{ adaptor: string }>
  }
  const keys = async (): Promise<readonly string[]> =>
    (await all(log, definitionsTopic)).map(({ key }) => `${key}`.replace(/\/.*/, ''))

  test('name latest only in what is deployed: the document, each run and its first line have the version', async () => {
    await deploy(house, documentOf(`${shop}@latest`))
    expect(await house.json('/api/projects/shop')).toMatchObject({ jobs: { take: { adaptor: `${shop}@1.2.3` } } })
    const run = await runOf(1)
    expect(run).toMatchObject({ status: 'success', adaptor: `${shop}@1.2.3`, final_state: { ordered: 5, of: 1 } })
    expect(run.log[0]?.message).toMatch(/^Penstock .*, adaptor @openfn\/language-shop@1\.2\.3$/)
    const { items } = await house.json<{ items: readonly object[] }>('/api/projects/shop/runs')
    expect(items).toMatchObject([{ adaptor: `${shop}@1.2.3` }])
  })

  test('are deployed without npm where the version is there, and else refused with their place, and nothing is kept', async () => {
    await registry[Symbol.asyncDispose]()
    expect((await put(house, documentOf(`${shop}@1.2.3`, 'order(6)'))).status).toBe(200)
    const before = await keys()
    for (const wanted of ['@openfn/language-other@1.0.0', '@openfn/language-other@latest']) {
      const refused = await put(house, documentOf(wanted, 'order(7)'))
      expect(refused.status).toBe(422)
      const { problems } = (await refused.json()) as { problems: readonly object[] }
      expect(problems).toMatchObject([
        {
          path: 'jobs.take.adaptor',
          message: expect.stringMatching(/^npm cannot reach its registry 127\.0\.0\.1:\d+/),
        },
      ])
    }
    expect(await keys()).toEqual(before)
    expect(await runOf(2)).toMatchObject({ status: 'success', final_state: { ordered: 6 } })
  })

  test('run after a start without npm and without what was kept on disk, and are deployed there, too', async () => {
    await house[Symbol.asyncDispose]()
    house = await startHouse({ env: { npm_config_registry: nobody, npm_config_cache: npm } }, name)
    expect(await runOf(3)).toMatchObject({ status: 'success', adaptor: `${shop}@1.2.3`, final_state: { of: 3 } })
    await deploy(house, documentOf(`${shop}@1.2.3`, 'order(8)'))
    expect(await runOf(4)).toMatchObject({ status: 'success', final_state: { ordered: 8 } })
  })

  test('whose script is lost from the definitions crash with ImportError', async () => {
    const last = (await all(log, definitionsTopic)).findLast(({ key }) => `${key}` === 'project/shop')
    const record = last && parseDefinition(last)
    if (record?.kind !== 'project') return expect.fail('a project is deployed')
    const { code } = (record.document as { jobs: { take: { adaptor: { code: string } } } }).jobs.take.adaptor
    const { kind: _, ...deployed } = record
    const document = JSON.parse(JSON.stringify(record.document).replace(code, 'f'.repeat(64)))
    const next = { ...deployed, document, basedOn: record.deploy, deploy: record.deploy + 1, token: 'lost' }
    await log.append([projectRecord(next)])
    await until(async () => {
      const { items } = await house.json<{ items: readonly { deploy: number }[] }>('/api/projects')
      return items[0]?.deploy === next.deploy
    }, 'the API knows of it')
    const run = await until(async () => {
      const made = await runOf(5)
      return made.status === 'success' ? undefined : made // roles read the definitions each for itself
    }, 'a run has the lost script')
    expect(run).toMatchObject({
      ...{ status: 'crashed', exit_code: 1, adaptor: `${shop}@1.2.3` },
      error: { name: 'ImportError', message: expect.stringMatching(/^The script of .* is not in the definitions/) },
    })
  })
})
