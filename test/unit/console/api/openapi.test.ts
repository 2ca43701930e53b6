import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operationIdOf, pathsOf, tagOf } from '../../../../console/api/openapi-names.ts'
import { type Document, openDocument, operationsOf } from '../../../fixtures/api-document.ts'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

let doors: Doors
let document: Document
beforeAll(async () => {
  doors = await openDoors()
  document = openDocument(await (await fetch(`${doors.url}/openapi.json`)).json())
})
afterAll(() => doors[Symbol.asyncDispose]())

test('the document is what OpenAPI 3.1 says a document is', async () => {
  expect(await new Validator({ strict: false }).validate(structuredClone(document.whole))).toEqual({ valid: true })
})

test('every route is in it, and nothing else', () => {
  const served = doors.routes.flatMap((route) => pathsOf(route).map((path) => `${route.method} ${path}`))
  const described = operationsOf(document.whole).map(({ method, path }) => `${method} ${path}`)
  expect(described.toSorted()).toEqual(served.toSorted())
})

test('every route says what it answers, and what it takes if it takes something', () => {
  const silent = doors.routes.filter(
    ({ answers, accepts, bodyLimit }) =>
      Object.keys(answers ?? {}).length === 0 || (bodyLimit !== 0 && accepts?.body === undefined),
  )
  expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([])
})

test('each operation has a name of its own, and each parameter and tag a description', () => {
  const operations = operationsOf(document.whole)
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  expect(ids.filter((id) => !/^[a-z]+[A-Za-z0-9]*$/.test(id))).toEqual([])
  const nameless = operations.flatMap(({ operation }) =>
    operation.parameters
      .filter(
        ({ in: where, description, schema }) => where === 'path' && (description ?? schema.description) === undefined,
      )
      .map(({ name }) => `${operation.operationId}: ${name}`),
  )
  expect(nameless).toEqual([])
  expect(document.whole.tags.filter(({ description }) => description === '')).toEqual([])
})

const readme = readFileSync(resolve(import.meta.dirname, '../../../../console/README.md'), 'utf8')

test('the README has a row for each path of the API, and for no other', () => {
  const rows = readme.split('\n').flatMap((line) => /^\| (`[^|]+`) \|/.exec(line)?.slice(1) ?? [])
  const told = rows.flatMap((row) => [...row.matchAll(/(?:[A-Z]+ )?(\/[^`]+)`/g)].map(([, path = '']) => path))
  const described = Object.keys(document.whole.paths).filter((path) => /^\/(api|openapi|docs$)/.test(path))
  const written = described.map((path) => path.replace('{project}', '<p>').replace(/\{([^}]+)\}/g, '<$1>'))
  expect([...new Set(told)].toSorted()).toEqual(written.toSorted())
})

test.each(['messages', 'runs', 'dead-letters'])(
  'the README names each parameter of the list of %s, and no other',
  (list) => {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`GET /api/projects/<p>/${list}\` |`)) ?? ''
    const told = [
      ...row
        .split('|')
        .slice(2)
        .join()
        .matchAll(/`(\w+)`/g),
    ].map(([, name = '']) => name)
    const { parameters } = document.operation('GET', `/api/projects/{project}/${list}`)
    expect(told.toSorted()).toEqual(parameters.flatMap((each) => (each.in === 'query' ? [each.name] : [])).toSorted())
  },
)

test('what needs the token says so, and nothing else does', () => {
  for (const route of doors.routes) {
    for (const path of pathsOf(route)) {
      const { security, responses } = document.operation(route.method, path)
      expect([security, Object.hasOwn(responses, 401)]).toEqual(
        route.access === 'token' ? [[{ bearer: [] }], true] : [[], false],
      )
    }
  }
})

test('every schema is one, and every example is an example of it', () => {
  const { examples, broken } = document.checkExamples()
  expect(broken).toEqual([])
  expect(examples).toBeGreaterThan(10)
})

describe('what comes of a broken world is described too:', () => {
  const history = () => operationsOf(document.whole).filter(({ path }) => path.startsWith('/api/projects/{project}/'))
  const ask = async (house: Doors, { method, path, operation }: ReturnType<typeof history>[number]) => {
    const example = document.exampleOf(operation)
    const real = path.replace('{project}', 'clinic').replace('{id}', '018f2b1c-0000-7000-8000-00000000abcd')
    const answer = await house.api(real, {
      method,
      ...(example !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(example),
      }),
    })
    return [answer.status, await document.complaints({ method, path }, answer)]
  }

  test('while the store is away, history is 503', async () => {
    await doors.deploy({ name: 'clinic' })
    for (const asked of history()) expect([asked.path, ...(await ask(doors, asked))]).toEqual([asked.path, 503, []])
  })

  test('when we are wrong, it is 500 with the id of the request', async () => {
    const wrong = async (): Promise<never> => {
      throw new TypeError('nobody expected this')
    }
    const store = { query: wrong, read: wrong, insert: wrong, command: wrong, [Symbol.asyncDispose]: async () => {} }
    await using broken = await openDoors({ store })
    await broken.deploy({ name: 'clinic' })
    for (const asked of history()) expect([asked.path, ...(await ask(broken, asked))]).toEqual([asked.path, 500, []])
  })
})

test('objects of ours are closed: a key that is not described is none', () => {
  expect(document.openObjects()).toEqual([])
})

describe('names', () => {
  test.each([
    ['GET', '/api/projects', 'getProjects', 'projects'],
    ['PUT', '/api/projects/{project}', 'putProject', 'projects'],
    ['GET', '/api/projects/{project}/dead-letters', 'getProjectDeadLetters', 'dead letters'],
    ['GET', '/api/projects/{project}/messages/{id}/matches', 'getProjectMessageMatches', 'messages'],
    ['GET', '/api/projects/{project}/runs.csv', 'getProjectRunsCsv', 'runs'],
    ['POST', '/i/{project}/{path}', 'postIByPath', 'doors'],
    ['GET', '/openapi.json', 'getOpenapiJson', 'instance'],
  ])('%s %s is %s, of %s', (method, path, id, tag) => {
    expect([operationIdOf(method, path), tagOf(path)]).toEqual([id, tag])
  })
})
