import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileAtDeploy } from '../../../../processors/runner/language/at-deploy.ts'
import type { FoundAdaptor, UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import { codeIdOf } from '../../../../topology/project/schema.ts'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

const bundle = { id: codeIdOf('script'), names: ['fn', 'create'], code: 'script' }
const shop: UpstreamAdaptor = '@openfn/language-shop'
const answers: Readonly<Record<string, FoundAdaptor>> = {
  [shop]: { adaptor: `${shop}@1.2.3`, bundle },
  [`${shop}@1.2.3`]: { adaptor: `${shop}@1.2.3`, bundle },
  [`${shop}@9.9.9`]: { problem: `npm has no ${shop}@9.9.9: take a version that it has, or @latest.` },
}

let doors: Doors
const asked: (readonly UpstreamAdaptor[])[] = []
beforeAll(async () => {
  doors = await openDoors({
    compile: compileAtDeploy,
    findAdaptors: async (names) => {
      asked.push(names)
      return new Map(names.map((name) => [name, answers[name] ?? { problem: 'nobody asked for it' }]))
    },
  })
})
afterAll(() => doors[Symbol.asyncDispose]())

const put = (adaptor: string, expression: string, query = ''): Promise<Response> =>
  doors.api(`/api/projects/p${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'p', jobs: { j: { adaptor, expression } } }),
  })

test('a deploy fetches the adaptors of its jobs, and the document has their exact version then', async () => {
  const answer = await put(shop, "create('x')\nfn((state) => state)")
  expect([answer.status, asked.at(-1)]).toEqual([200, [shop]])
  const document = (await (await doors.api('/api/projects/p')).json()) as { jobs: object }
  expect(document.jobs).toMatchObject({ j: { adaptor: `${shop}@1.2.3` } })

  const again = await put(`${shop}@1.2.3`, "create('x')\nfn((state) => state)")
  expect(await again.json()).toMatchObject({ deploy: 1 })
})

test('what cannot be had is refused with its place, before anything changes, also when nothing is to be changed', async () => {
  for (const query of ['', '?dry_run=true']) {
    const answer = await put(`${shop}@9.9.9`, "create('x')", query)
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({
      problems: [
        {
          path: 'jobs.j.adaptor',
          message: 'npm has no @openfn/language-shop@9.9.9: take a version that it has, or @latest.',
        },
      ],
    })
  }
})

test('a job has in scope what its adaptor exports, and of ours what the web has', async () => {
  const right = `import { create as make } from '${shop}'
make('x').then((state) => state)
fn(async (state) => { console.log(new URL('http://a')); await fetch('http://a'); setTimeout(() => {}, 1); return state })`
  expect((await put(shop, right)).status).toBe(200)
  for (const name of ['get', 'each', 'util.uuid', 'require']) {
    const answer = await put(shop, `${name}('x')`)
    expect([name, answer.status]).toEqual([name, 422])
  }
})
