import { describe, expect, test } from 'vitest'
import { makersOf } from '../../../../../processors/runner/adaptors/makers.ts'
import { csvOf, rowsOf } from '../../../../../processors/runner/adaptors/salesforce/csv.ts'
import { field, fields } from '../../../../../processors/runner/language/functions/fields.ts'
import { dataValue } from '../../../../../processors/runner/language/functions/paths.ts'
import type { State } from '../../../../../processors/runner/language/operation.ts'
import { openSalesforce } from '../../../../fixtures/fake-salesforce.ts'
import { salesforceToken, salesforceUser } from '../../../../fixtures/fake-salesforce-login.ts'
import { doesOf, rejection } from '../../../../fixtures/operations-of.ts'
import { runHost } from '../../../../fixtures/run-host.ts'

const data = '/services/data/v64.0'
const byToken = (url: string) => ({ access_token: salesforceToken, instance_url: url })
const newest = ({ references }: Record<string, unknown>): unknown => (references as readonly unknown[])[0]

describe('a login', () => {
  test('is made once in a run, and anew in another', async () => {
    await using salesforce = await openSalesforce()
    const configuration = { loginUrl: `${salesforce.url}/`, ...salesforceUser }
    const does = doesOf('salesforce', configuration)
    await Promise.all(['A', 'B'].map((Name) => does('create', ['Account', { Name }])))
    await does('describe', [])
    await doesOf('salesforce', configuration)('describe', ['Account'])
    expect(salesforce.requests()).toEqual([
      'POST /services/Soap/u/64.0',
      `POST ${data}/sobjects/Account/`,
      `POST ${data}/sobjects/Account/`,
      `GET ${data}/sobjects`,
      'POST /services/Soap/u/64.0',
      `GET ${data}/sobjects/Account/describe`,
    ])
  })

  test('by token needs none, and a token that is over is told', async () => {
    await using salesforce = await openSalesforce()
    await doesOf('salesforce', { accessToken: salesforceToken, instanceUrl: salesforce.url })('describe', ['Account'])
    expect(salesforce.requests()).toHaveLength(1)
    const over = doesOf('salesforce', { ...byToken(salesforce.url), access_token: 'over' })('describe', ['Account'])
    expect(await rejection(over)).toMatchObject({
      ...{ name: 'AdaptorError', code: 'INVALID_SESSION_ID', statusCode: 401 },
      message: 'INVALID_SESSION_ID: Session expired or invalid',
    })
  })

  test('that fails is tried anew by whoever asks next', async () => {
    await using salesforce = await openSalesforce()
    const configuration = { loginUrl: salesforce.url, ...salesforceUser, securityToken: 'old' }
    const does = doesOf('salesforce', configuration)
    for (let time = 0; time < 2; time++)
      expect(await rejection(does('describe', []))).toMatchObject({
        code: 'INVALID_LOGIN',
        message: expect.stringContaining('security token; or user locked out'),
      })
    expect(salesforce.requests()).toHaveLength(2)
  })

  test.each([
    [{}, /takes a credential with access_token and instance_url \(OAuth\), or with username/],
    [{ username: 'u' }, /or with username, password and securityToken/],
    [{ access_token: 't' }, /no instance_url/],
    [{ access_token: 't', instance_url: 'https://x.example', apiVersion: 'new' }, /a version such as 64\.0/],
  ])('without what it needs says so: %j', async (configuration, message) => {
    expect((await rejection(doesOf('salesforce', configuration)('describe', []))).message).toMatch(message)
  })

  test('uses the version that the credential names, and logs in by the last that can', async () => {
    await using salesforce = await openSalesforce()
    const configuration = { loginUrl: salesforce.url, ...salesforceUser, apiVersion: 'v66' }
    const { code } = await rejection(doesOf('salesforce', configuration)('describe', []))
    expect(code).toBe('NOT_FOUND')
    expect(salesforce.requests()).toEqual(['POST /services/Soap/u/64.0', 'GET /services/data/v66.0/sobjects'])
  })
})

describe('records', () => {
  test('are created, changed, deleted and read one by one; data stays, results are newest first', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    let state: Record<string, unknown> = { data: { name: 'A' } }
    state = await does('create', ['Account', fields(field('Name', dataValue('name')))], state)
    const { id } = newest(state) as { id: string }
    state = await does('update', [() => 'Account', { Id: id, Name: 'B' }], state)
    state = await does('retrieve', ['Account', id], state)
    expect(newest(state)).toEqual({ attributes: { type: 'Account' }, Id: id, Name: 'B' })
    state = await does('destroy', ['Account', id], state)
    expect(state).toMatchObject({
      data: { name: 'A' },
      references: [{ id, success: true, errors: [] }, { Id: id }, { id, success: true }, { id, success: true }],
    })
    expect(salesforce.requests().slice(1)).toEqual([
      `PATCH ${data}/sobjects/Account/${id}`,
      `GET ${data}/sobjects/Account/${id}`,
      `DELETE ${data}/sobjects/Account/${id}`,
    ])
    expect(salesforce.records('Account')).toEqual([])
  })

  test('are upserted by an external id, which goes into the address and not into the body', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const upsert = (Name: string) => does('upsert', ['Patient__c', 'National_ID__c', { National_ID__c: 'a b/c', Name }])
    const first = newest(await upsert('A'))
    expect(first).toMatchObject({ created: true })
    expect(newest(await upsert('B'))).toEqual({ ...(first as object), created: false })
    expect(salesforce.requests()[0]).toBe(`PATCH ${data}/sobjects/Patient__c/National_ID__c/a%20b%2Fc`)
    expect(salesforce.sent()).toEqual([{ Name: 'A' }, { Name: 'B' }])
    expect(await rejection(does('upsert', ['Patient__c', 'National_ID__c', { Name: 'C' }]))).toMatchObject({
      code: 'FIELD_MISSING',
      message: expect.stringContaining('National_ID__c'),
    })
  })

  test('with one external id are told with their addresses', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    for (const Name of ['A', 'B']) await does('create', ['Patient__c', { Name, National_ID__c: '7' }])
    const error = await rejection(does('upsert', ['Patient__c', 'National_ID__c', { National_ID__c: '7', Name: 'C' }]))
    expect(error).toMatchObject({
      code: 'DUPLICATE_EXTERNAL_ID',
      statusCode: 300,
      message: '2 records have this external id',
    })
    expect(error['records']).toHaveLength(2)
  })

  test('are written only if a condition holds', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const state = { data: { adult: false } }
    expect(await does('createIf', [dataValue('adult'), 'Account', { Name: 'A' }], state)).toMatchObject(state)
    await does(
      'upsertIf',
      [(s: State) => !dataValue('adult')(s), 'Patient__c', 'National_ID__c', { National_ID__c: 1, Name: 'B' }],
      state,
    )
    expect(salesforce.requests()).toEqual([`PATCH ${data}/sobjects/Patient__c/National_ID__c/1`])
  })

  test('are written by the hundred, two hundred at once, and all of those or none', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const names = Array.from({ length: 250 }, (_, at) => ({ Name: `A${at}` }))
    const results = newest(await does('create', ['Account', names])) as { id: string }[]
    expect(salesforce.requests()).toEqual(Array(2).fill(`POST ${data}/composite/sobjects`))
    expect(salesforce.sent()[1]).toMatchObject({
      allOrNone: true,
      records: { length: 50, 0: { attributes: { type: 'Account' }, Name: 'A200' } },
    })
    expect(results).toHaveLength(250)
    await does('update', ['Account', results.slice(0, 2).map(({ id }) => ({ Id: id, Name: 'B' }))])
    expect(salesforce.records('Account').filter(({ Name }) => Name === 'B')).toHaveLength(2)
    await does('destroy', ['Account', results.map(({ id }) => id)])
    expect(salesforce.records('Account')).toEqual([])
    const error = await rejection(does('create', ['Account', [{ Name: 'A' }, { Phone: '1' }]]))
    expect(error).toMatchObject({
      code: 'REQUIRED_FIELD_MISSING',
      message: 'Salesforce did not take 2 of 2 records: REQUIRED_FIELD_MISSING: Required fields are missing: [Name]',
    })
    expect(salesforce.records('Account')).toEqual([])
  })

  test('are upserted by the hundred as one by one: by the external id, and not by Id', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    await does('create', ['Patient__c', { Name: 'A', National_ID__c: '7' }])
    const both = [
      { Id: 'a00', National_ID__c: '7', Name: 'B' },
      { National_ID__c: '8', Name: 'C' },
    ]
    const results = newest(await does('upsert', ['Patient__c', 'National_ID__c', both]))
    expect(results).toMatchObject([{ created: false }, { created: true }])
    expect(salesforce.requests()[1]).toBe(`PATCH ${data}/composite/sobjects/Patient__c/National_ID__c`)
    expect(salesforce.sent()[1]).toEqual({
      allOrNone: true,
      records: both.map(({ Name, National_ID__c }) => ({ attributes: { type: 'Patient__c' }, National_ID__c, Name })),
    })
    expect(salesforce.records('Patient__c')).toMatchObject([{ Name: 'B' }, { Name: 'C' }])
  })

  test.each([
    [
      'create',
      ['Visit__c', [{}, 5]],
      'create takes the fields of a record at [1] of its list, not a value of type number',
    ],
    ['update', ['Visit__c', [null]], 'update takes the fields of a record at [0] of its list, not null'],
    ['upsert', ['Visit__c', 'Number__c', [[]]], 'upsert takes the fields of a record at [0] of its list, not a list'],
    ['bulk', ['Visit__c', 'insert', {}, () => [{}, 'a']], 'bulk takes the fields of a record at [1] of its list'],
    ['bulk', ['Visit__c', 'insert', {}, () => [{ Picks: [{}] }]], 'bulk takes texts in the list Picks, not an object'],
    ['update', ['Visit__c', [{ Id: 'a00' }, { N: 1 }]], 'update needs the field Id at [1] of its list'],
    ['upsert', ['Visit__c', 'Number__c', [{ Number__c: '' }]], 'upsert needs the field Number__c at [0] of its list'],
    ['destroy', ['Visit__c', ['a00', { Id: 'a01' }]], '{"Id":"a01"} can be no part of an address'],
  ])('in a list are refused before any is written when one is none: %s%j', async (name, given, message) => {
    await using salesforce = await openSalesforce()
    const error = await rejection(doesOf('salesforce', byToken(salesforce.url))(name, given))
    expect(error.message).toContain(message)
    expect(salesforce.requests()).toEqual([])
  })

  test.each([
    ['create', ['Account;drop', {}], 'BAD_NAME'],
    ['update', ['Account', { Name: 'A' }], 'FIELD_MISSING'],
    ['update', ['Account', { Id: '..', Name: 'A' }], 'BAD_PATH'],
    ['update', ['Account', { Id: '../User/005', Name: 'A' }], 'NOT_FOUND'],
    ['upsert', ['Visit__c', 'Number__c', { Number__c: '.' }], 'BAD_PATH'],
    ['destroy', ['Account', undefined], 'BAD_PATH'],
    ['retrieve', ['Account', '../User/005'], 'BAD_PATH'],
    ['retrieve', ['Account', 7], 'BAD_ID'],
    ['query', [''], 'BAD_QUERY'],
    ['query', ['SELECT nonsense'], 'MALFORMED_QUERY'],
    ['create', ['Nothing__c', { Name: 'A' }], 'NOT_FOUND'],
  ])('that cannot be meant are refused: %s%j', async (name, given, code) => {
    await using salesforce = await openSalesforce()
    expect((await rejection(doesOf('salesforce', byToken(salesforce.url))(name, given)))['code']).toBe(code)
  })
})

describe('what is found', () => {
  test('comes page by page, or all of it; a callback goes on from there', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    await does('create', ['Account', ['A', 'B', 'C'].map((Name) => ({ Name }))])
    const soql = 'SELECT Name FROM Account'
    expect(newest(await does('query', [soql]))).toMatchObject({ totalSize: 3, done: false, records: { length: 2 } })
    const count = (state: State) => ({
      ...state,
      found: (newest(state as never) as { records: unknown[] }).records.length,
    })
    expect(await does('query', [() => soql, { autoFetch: true }, count])).toMatchObject({ found: 3 })
    expect(await does('query', [soql, count])).toMatchObject({ found: 2 })
  })

  test('is bytes in base64 where it is a blob', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const found = newest(await does('retrieve', ['Account', 'a00/VersionData']))
    expect(Buffer.from(String(found), 'base64').toString()).toBe('bytes\0é')
  })
})

describe('a bulk job', () => {
  test('takes records as CSV, is waited for, and tells what became of each', async () => {
    await using salesforce = await openSalesforce()
    const host = runHost()
    const does = doesOf('salesforce', byToken(salesforce.url), host)
    const records = [
      { National_ID__c: '1', Name: 'A' },
      { National_ID__c: '2', Name: '' },
    ]
    const options = { extIdField: 'National_ID__c', pollInterval: 1 }
    const state = await does('bulk', ['Patient__c', 'upsert', options, ({ data }: State) => data], { data: records })
    const id = '750000000000000001'
    expect(salesforce.requests()).toEqual([
      `POST ${data}/jobs/ingest`,
      `PUT ${data}/jobs/ingest/${id}/batches`,
      `PATCH ${data}/jobs/ingest/${id}`,
      `GET ${data}/jobs/ingest/${id}`,
      `GET ${data}/jobs/ingest/${id}`,
      `GET ${data}/jobs/ingest/${id}/successfulResults`,
      `GET ${data}/jobs/ingest/${id}/failedResults`,
    ])
    expect(salesforce.sent().slice(0, 3)).toEqual([
      {
        object: 'Patient__c',
        operation: 'upsert',
        contentType: 'CSV',
        lineEnding: 'LF',
        externalIdFieldName: 'National_ID__c',
      },
      'National_ID__c,Name\n1,A\n2,\n',
      { state: 'UploadComplete' },
    ])
    expect(newest(state)).toEqual([
      { id: salesforce.records('Patient__c')[0]?.Id, success: true, created: true, errors: [], record: records[0] },
      {
        id: '',
        success: false,
        created: false,
        errors: [expect.stringContaining('REQUIRED_FIELD_MISSING')],
        record: records[1],
      },
    ])
    expect(host.lines.at(-1)).toContain('did not take 1 of 2 records')
  })

  test('fails the run when it is told to, when Salesforce gives it up, or when it takes too long', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const bulk = (type: string, options: object) =>
      rejection(does('bulk', [type, 'insert', { pollInterval: 1, ...options }, () => [{ Phone: '1' }]]))
    expect(await bulk('Patient__c', { failOnError: true })).toMatchObject({
      message: expect.stringMatching(/did not take 1 of 1 records: REQUIRED_FIELD_MISSING/),
      failures: [{ record: { Phone: '1' } }],
    })
    expect(await bulk('Allergy__c', {})).toMatchObject({
      code: 'BULK_JOB_FAILED',
      message: expect.stringContaining('InvalidBatch'),
    })
    expect(await bulk('Patient__c', { pollTimeout: -1 })).toMatchObject({
      code: 'BULK_JOB_TIMEOUT',
      job: '750000000000000003',
    })
  })

  test.each([
    ['10,000 records', Array.from({ length: 10_001 }, (_, at) => ({ Name: `${at}` })), [10_000, 1]],
    ['3 million characters', Array.from({ length: 4 }, () => ({ Name: 'x'.repeat(1_400_000) })), [2, 2]],
  ])('holds at most %s; the rest goes into another', async (_, records, sizes) => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    const state = await does('bulk', ['Visit__c', 'insert', { pollInterval: 1 }, () => records])
    const sent = salesforce.sent().filter((body) => typeof body === 'string' && body.startsWith('Name\n'))
    expect(sent.map((csv) => String(csv).trimEnd().split('\n').length - 1)).toEqual(sizes)
    expect(newest(state)).toHaveLength(records.length)
  })

  test('of nothing is not made when it is told so', async () => {
    await using salesforce = await openSalesforce()
    const does = doesOf('salesforce', byToken(salesforce.url))
    await does('bulk', ['Patient__c', 'insert', { allowNoOp: true }, () => []])
    expect(salesforce.requests()).toEqual([])
  })

  test('writes and reads CSV: nothing and null are two things, relationships have columns', () => {
    const at = new Date('2026-11-21T09:00:00Z')
    const csv = csvOf([
      { a: 'x,"y"', b: null, c: at },
      { a: ' ', d: { e: 1 } },
      { b: undefined, c: true, d: { e: ['x', 2] } },
    ])
    expect(csv).toBe('a,b,c,d.e\n"x,""y""",#N/A,2026-11-21T09:00:00.000Z,\n" ",,,1\n,,true,x;2\n')
    expect(rowsOf(csv)[0]).toEqual({ a: 'x,"y"', b: '#N/A', c: at.toISOString(), 'd.e': '' })
    expect(rowsOf('')).toEqual([])
  })
})

describe('values for fields', () => {
  const made = (name: string, ...given: readonly unknown[]): unknown => {
    const make = makersOf('salesforce')[name]?.(runHost()) as (...given: readonly unknown[]) => unknown
    return make(...given)
  }

  test('relationship, lookup and reference give what the state has then', () => {
    const state = { data: { code: 7 }, references: [{ id: 'b' }, { id: 'a' }] }
    const inState = (given: unknown): unknown => (given as readonly [string, (state: State) => unknown])[1](state)
    expect(inState(made('relationship', 'Clinic__r', 'Code__c', dataValue('code')))).toEqual({ Code__c: 7 })
    expect(inState(made('relationship', 'Clinic__r', 'Code__c', 'fixed'))).toEqual({ Code__c: 'fixed' })
    expect(inState(made('lookup', 'Clinic__r', 'Code__c', '$.data.code'))).toEqual({ Code__c: 7 })
    expect((made('reference', 1) as (state: State) => unknown)(state)).toBe('a')
    expect(made('reference', 0, state)).toBe('b')
    expect(() => made('reference', 2, state)).toThrow('reference(2) finds nothing')
  })

  test('an operation that is given the state works at once, as in OpenFn v1', async () => {
    await using salesforce = await openSalesforce()
    const state = { configuration: byToken(salesforce.url), references: [] }
    expect(await made('create', 'Account', { Name: 'A' }, state)).toMatchObject({ references: [{ success: true }] })
  })
})
