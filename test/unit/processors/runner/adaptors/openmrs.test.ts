import { expect, test } from 'vitest'
import { dataValue } from '../../../../../processors/runner/language/functions/paths.ts'
import type { State } from '../../../../../processors/runner/language/operation.ts'
import { basicOf } from '../../../../fixtures/fake-destination.ts'
import { openmrsUser, openOpenmrs } from '../../../../fixtures/fake-openmrs.ts'
import { doesOf, rejection } from '../../../../fixtures/operations-of.ts'

const rest = '/openmrs/ws/rest/v1'
const at = (url: string) => ({ instanceUrl: `${url}/openmrs`, ...openmrsUser })
const personOf = (givenName: string) => ({ gender: 'F', names: [{ givenName, familyName: 'B' }] })

test('what OpenFn v1 creates becomes the newest reference, and data stays', async () => {
  await using openmrs = await openOpenmrs()
  const does = doesOf('openmrs', at(openmrs.url))
  const state = await does('person', [{ gender: 'F', names: [{ givenName: dataValue('name') }] }], {
    data: { name: 'A' },
  })
  expect(state).toMatchObject({ data: { name: 'A' }, references: [{ uuid: 'person-1', display: 'A' }] })
  await does('encounter', [{ encounterType: 'visit', patient: 'patient-1' }])
  expect(openmrs.requests()).toEqual([`POST ${rest}/person`, `POST ${rest}/encounter`])
  expect(openmrs.seen[0]?.headers).toMatchObject({
    ...{ 'content-type': 'application/json', accept: 'application/json' },
    authorization: basicOf('clerk', 'Admin-123'),
  })
})

test('a run keeps the session that its first answer began', async () => {
  await using openmrs = await openOpenmrs()
  const does = doesOf('openmrs', at(openmrs.url))
  for (let time = 0; time < 2; time++) await does('get', ['person'])
  expect(openmrs.seen.map(({ headers }) => headers.cookie)).toEqual([undefined, 'JSESSIONID=1A5193DB'])
})

test('a record is created, read, changed, voided and purged; the answer is data, what data was the newest reference', async () => {
  await using openmrs = await openOpenmrs()
  const does = doesOf('openmrs', at(openmrs.url))
  const created = await does('create', [() => 'person', personOf('A')], { data: 1 })
  expect(created).toMatchObject({ data: { uuid: 'person-1' }, references: [1], response: { statusCode: 201 } })
  expect((await does('get', ['person/person-1', { v: 'full', language: 'fr' }]))['data']).toMatchObject({
    gender: 'F',
    language: 'fr',
  })
  expect((await does('update', ['person/person-1', { gender: 'M' }]))['data']).toMatchObject({ gender: 'M' })
  await does('destroy', ['person/person-1'])
  await does('destroy', ['person/person-1', { purge: true }])
  expect(openmrs.requests().slice(1)).toEqual([
    `GET ${rest}/person/person-1?v=full`,
    `POST ${rest}/person/person-1`,
    `DELETE ${rest}/person/person-1`,
    `DELETE ${rest}/person/person-1?purge=true`,
  ])
})

test('a search gives the list of all pages, no more than asked for; with a limit it gives one page', async () => {
  await using openmrs = await openOpenmrs()
  const does = doesOf('openmrs', at(openmrs.url))
  for (let number = 0; number < 5; number++) await does('create', ['person', personOf(`A${number}`)])
  const found = async (options: object) => (await does('get', ['person', options]))['data']
  expect(await found({ query: 'A', pageSize: 2 })).toHaveLength(5)
  expect(await found({ pageSize: 2, max: 3 })).toHaveLength(3)
  expect(await found({ limit: 2, startIndex: 1 })).toHaveLength(2)
  expect(await found({ query: 'A4' })).toMatchObject([{ display: 'A4 B' }])
  const names = ['A1 B', 'A2 B', 'A3 B', 'A4 B'].map((display) => ({ display }))
  expect(await found({ pageSize: 2, startIndex: 1 })).toMatchObject(names)
  expect(openmrs.requests().slice(5)).toEqual([
    `GET ${rest}/person?q=A&limit=2`,
    `GET ${rest}/person?q=A&limit=2&startIndex=2`,
    `GET ${rest}/person?q=A&limit=2&startIndex=4`,
    `GET ${rest}/person?limit=2`,
    `GET ${rest}/person?limit=2&startIndex=2`,
    `GET ${rest}/person?limit=2&startIndex=1`,
    `GET ${rest}/person?q=A4`,
    `GET ${rest}/person?limit=2&startIndex=1`,
    `GET ${rest}/person?limit=2&startIndex=3`,
  ])
  const count = (state: State) => ({ ...state, count: (state['data'] as unknown[]).length })
  expect(await does('get', ['person', {}, count])).toMatchObject({ count: 5 })
})

test('an upsert creates what a query does not find, changes what it finds, and does nothing for several', async () => {
  await using openmrs = await openOpenmrs()
  const does = doesOf('openmrs', at(openmrs.url))
  const upsert = (q: string) => does('upsert', ['person', personOf('Ada'), { q }])
  for (let time = 0; time < 2; time++) await upsert('Ada')
  await does('upsert', ['person/person-1', { gender: 'M' }])
  await does('upsert', ['/person/none/', personOf('Eve')])
  expect(openmrs.requests().filter((request) => request.startsWith('POST'))).toEqual([
    `POST ${rest}/person`,
    `POST ${rest}/person/person-1`,
    `POST ${rest}/person/person-1`,
    `POST ${rest}/person`,
  ])
  expect(await rejection(does('upsert', ['person', {}, {}]))).toMatchObject({ code: 'NOT_UNIQUE' })
})

test.each([
  ['get', ['person/none'], /^Object with given uuid doesn't exist/],
  ['create', ['patient', {}], /^Invalid Submission; identifiers: Cannot be empty or null; person: Cannot/],
  ['create', [7, {}], /paths such as patient, not 7/],
  ['get', ['person?q=A'], /"person\?q=A" is a path with a query. Put what is behind the \? into query/],
  ['get', ['person/../user'], /"\.\." can be no part of an address/],
])('what cannot be done is told in its own words: %s%j', async (name, given, message) => {
  await using openmrs = await openOpenmrs()
  expect((await rejection(doesOf('openmrs', at(openmrs.url))(name, given))).message).toMatch(message)
})

test('a credential that does not say enough, or that lets nobody in, is told', async () => {
  await using openmrs = await openOpenmrs()
  expect((await rejection(doesOf('openmrs', {})('person', [{}]))).message).toMatch(
    /instanceUrl .* username and password/,
  )
  const wrong = doesOf('openmrs', { ...at(openmrs.url), password: 'wrong' })
  expect(await rejection(wrong('person', [{}]))).toMatchObject({
    code: 'HTTP_401',
    message: expect.stringContaining('not logged in'),
  })
})
