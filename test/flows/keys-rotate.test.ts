import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { openCatalogue } from '../../infra/catalogue/open.ts'
import { openKafka } from '../../infra/kafka/open.ts'
import { keyIdOf, openSecrets } from '../../infra/secrets/open.ts'
import { contentOf } from '../../topology/project/sealed-credential.ts'
import { houseName, settingsOf, startHouse } from '../fixtures/house.ts'
import { startProgram } from '../fixtures/penstock.ts'
import { silent } from '../fixtures/silent.ts'

type Env = Readonly<Record<string, string>>

const body = { token: 'k7Vb-2mPq' }
const [old, fresh] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [string, string]
const both = { SECRET_KEY: fresh, SECRET_KEY_PREVIOUS: old }

const begun = async (name: string, env: Env) => {
  const house = await startHouse({ env }, name)
  onTestFinished(() => house[Symbol.asyncDispose]())
  return house
}

const rotate = async (env: Env): Promise<Readonly<{ code: number | null; printed: string }>> => {
  const program = startProgram(['bin/penstock', 'keys', 'rotate'], env)
  return { code: await program.ended(), printed: program.printed() }
}

/** What the log holds, for somebody who has only this key. */
const openedWith = async (key: string, name: string): Promise<unknown> => {
  const kafka = { brokers: settingsOf(name)['KAFKA_BROKERS']?.split(',') ?? [], clientId: 'asks', prefix: `${name}.` }
  const topics = { replication: 1, partitions: { intake: 1, job: 1 }, embedded: false }
  await using log = await openKafka({ ...kafka, ...topics, logger: silent })
  await using catalogue = await openCatalogue(log, { logger: silent })
  const credential = catalogue.credentials().get('district')
  return credential && contentOf(openSecrets({ key }), credential).body
}

test('keys are rotated while a house works, and the old key is of no use then', { timeout: 240_000 }, async () => {
  const name = houseName()
  const first = await begun(name, { SECRET_KEY: old })
  const sent = await first.api('/api/credentials/district', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'raw', body }),
  })
  expect(sent.status).toBe(200)
  await first.stop()
  expect(await openedWith(old, name)).toEqual(body)

  const second = await begun(name, both)
  expect(await rotate({ ...settingsOf(name), SECRET_KEY: fresh })).toMatchObject({
    code: 1,
    printed: expect.stringContaining('SECRET_KEY_PREVIOUS to the one before'),
  })
  for (const said of ['1 of 1 credentials; 0 were before.', '0 of 1 credentials; 1 were before.'])
    expect(await rotate({ ...settingsOf(name), ...both })).toMatchObject({
      code: 0,
      printed: expect.stringContaining(`Now under the key ${keyIdOf(fresh)}: ${said}`),
    })
  expect(await second.json('/api/credentials/district')).toMatchObject({ body, version: 2 })
  expect(await openedWith(fresh, name)).toEqual(body)
  await expect(openedWith(old, name)).rejects.toThrow(`sealed with the SECRET_KEY ${keyIdOf(fresh)}`)
})
