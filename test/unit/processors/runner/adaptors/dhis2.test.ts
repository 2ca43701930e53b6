import { describe, expect, test } from 'vitest'
import { importTrouble } from '../../../../../processors/runner/adaptors/dhis2/import-report.ts'
import type { State } from '../../../../../processors/runner/language/operation.ts'
import { basicOf } from '../../../../fixtures/fake-destination.ts'
import { dhis2Pat, dhis2User, openDhis2 } from '../../../../fixtures/fake-dhis2.ts'
import { doesOf, rejection } from '../../../../fixtures/operations-of.ts'

const orgUnit = 'DiszpKrYNg8'

describe('a server', () => {
  test.each([
    [(url: string) => ({ hostUrl: url, ...dhis2User }), basicOf('admin', 'district-1'), '/api/dataElements'],
    [(url: string) => ({ apiUrl: `${url}/api/`, ...dhis2User }), basicOf('admin', 'district-1'), '/api/dataElements'],
    [
      (url: string) => ({ hostUrl: url, pat: dhis2Pat, apiVersion: 40 }),
      `ApiToken ${dhis2Pat}`,
      '/api/40/dataElements',
    ],
    [
      (url: string) => ({ hostUrl: url, pat: dhis2Pat, apiVersion: '2.41' }),
      `ApiToken ${dhis2Pat}`,
      '/api/41/dataElements',
    ],
  ])('is asked at its address, as whom the credential says: %s', async (credential, authorization, path) => {
    await using dhis2 = await openDhis2()
    await doesOf('dhis2', credential(dhis2.url))('get', ['dataElements'])
    expect(dhis2.requests()).toEqual([`GET ${path}`])
    expect(dhis2.seen[0]?.headers).toMatchObject({ authorization, accept: 'application/json' })
  })

  test.each([
    [{}, /hostUrl, the address of the server/],
    [{ hostUrl: 'http://127.0.0.1:9' }, /username and password, with pat/],
    [{ hostUrl: 'http://127.0.0.1:9', pat: 'p', apiVersion: 'new' }, /a version of DHIS2 such as 41/],
  ])('that the credential does not say enough of: %j', async (configuration, message) => {
    expect((await rejection(doesOf('dhis2', configuration)('get', ['dataElements']))).message).toMatch(message)
  })

  test('that lets nobody in says so', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, pat: 'another' })
    expect(await rejection(does('get', ['dataElements']))).toMatchObject({
      ...{ code: 'HTTP_401', statusCode: 401 },
      message: expect.stringMatching(/: Unauthorized$/),
    })
  })
})

describe('metadata', () => {
  test('is created, found, changed and deleted; the answer is data, and what data was is the newest reference', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const created = await does('create', ['dataElements', { name: ({ data }: State) => data, shortName: 'P' }], {
      data: 'Para',
    })
    expect(created).toMatchObject({
      data: { httpStatusCode: 201, response: { uid: 'FTRrcoaog00' } },
      references: ['Para'],
      response: { statusCode: 201, headers: { location: expect.stringContaining('FTRrcoaog00') } },
    })
    const found = await does('get', ['dataElements', { filter: 'name:eq:Para' }, { params: { fields: '*' } }])
    expect(found['data']).toMatchObject({ dataElements: [{ id: 'FTRrcoaog00', name: 'Para' }] })
    await does('update', ['dataElements', 'FTRrcoaog00', { name: 'Para', shortName: 'Q' }, { apiVersion: 40 }])
    const seen = await does('destroy', [
      'dataElements',
      'FTRrcoaog00',
      null,
      {},
      (state: State) => ({ ...state, seen: true }),
    ])
    expect(seen['seen']).toBe(true)
    expect(dhis2.requests()).toEqual([
      'POST /api/dataElements',
      'GET /api/dataElements?filter=name%3Aeq%3APara&fields=*',
      'PUT /api/40/dataElements/FTRrcoaog00',
      'DELETE /api/dataElements/FTRrcoaog00',
    ])
    expect(dhis2.sent()[0]).toEqual({ name: 'Para', shortName: 'P' })
  })

  test('is upserted by a query: created where it finds nothing, changed where it finds one, and nothing done for several', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const upsert = (query: object) => does('upsert', ['dataElements', query, { name: 'Para', shortName: 'P' }])
    for (let time = 0; time < 2; time++) await upsert({ filter: 'name:eq:Para' })
    expect(dhis2.requests().filter((request) => !request.startsWith('GET'))).toEqual([
      'POST /api/dataElements',
      'PUT /api/dataElements/FTRrcoaog00',
    ])
    await does('create', ['dataElements', { name: 'Other', shortName: 'O' }])
    expect(await rejection(upsert({}))).toMatchObject({ code: 'NOT_UNIQUE' })
  })

  test('that is refused is told with what is wrong', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    expect(await rejection(does('create', ['dataElements', { name: 'Para' }]))).toMatchObject({
      ...{ code: 'IMPORT_ERROR', statusCode: 409 },
      message: expect.stringMatching(/; E4000 shortName: Missing required property `shortName`\.$/),
      conflicts: [{ errorCode: 'E4000', errorProperty: 'shortName' }],
    })
    expect((await rejection(does('update', ['dataElements', 'none', {}]))).message).toContain('none could not be found')
    expect(await rejection(does('update', ['dataElements', undefined, {}]))).toMatchObject({ code: 'ID_MISSING' })
    expect(await rejection(does('get', [{}]))).toMatchObject({ code: 'BAD_RESOURCE' })
    expect(await rejection(does('update', ['dataElements', '../users/x', {}]))).toMatchObject({ code: 'BAD_PATH' })
    expect(await rejection(does('get', ['dataElements?paging=false']))).toMatchObject({
      code: 'BAD_PATH',
      message: expect.stringContaining('into query'),
    })
  })
})

describe('the tracker', () => {
  test('takes events in their newer form through its importer, and waits for what comes of it', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const event = { program: 'eBAyeGv0exc', orgUnit, occurredAt: '2026-11-21', status: 'COMPLETED' }
    await does('event', [event])
    await does('create', ['events', [event, event]])
    await does('update', ['events', 'ZwwuwNp6gVd', event])
    await does('destroy', ['events', 'ZwwuwNp6gVd'])
    expect(dhis2.requests()).toEqual(
      ['CREATE', 'CREATE', 'UPDATE', 'DELETE'].map((how) => `POST /api/tracker?async=false&importStrategy=${how}`),
    )
    expect(dhis2.sent()).toEqual([
      { events: [event] },
      { events: [event, event] },
      { events: [{ ...event, event: 'ZwwuwNp6gVd' }] },
      { events: [{ event: 'ZwwuwNp6gVd' }] },
    ])
  })

  test('takes what its importer does as it is', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const bundle = { events: [{ program: 'eBAyeGv0exc', orgUnit, occurredAt: '2026-11-21' }] }
    await does('create', ['tracker', bundle])
    await does('destroy', ['tracker', undefined, { events: [{ event: 'ZwwuwNp6gVd' }] }])
    await does('create', ['tracker', bundle, { params: { importStrategy: 'CREATE_AND_UPDATE' } }])
    expect(dhis2.requests()).toEqual(
      ['CREATE', 'DELETE', 'CREATE_AND_UPDATE'].map((how) => `POST /api/tracker?async=false&importStrategy=${how}`),
    )
    expect(dhis2.sent()[0]).toEqual(bundle)
    expect(await rejection(does('update', ['tracker', 'ZwwuwNp6gVd', bundle]))).toMatchObject({ code: 'BAD_ID' })
  })

  test('that only promises an import has not imported', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    expect(await rejection(does('create', ['events', {}, { params: { async: true } }]))).toMatchObject({
      ...{ code: 'NOT_IMPORTED_YET', statusCode: 200, job: 'cHh2OCTJvRw' },
      message: expect.stringContaining('Leave async out of the params'),
      location: 'https://dhis2.example/api/tracker/jobs/cHh2OCTJvRw',
    })
  })

  test.each([
    ['destroy', ['events', undefined], 'ID_MISSING'],
    ['destroy', ['events', null], 'ID_MISSING'],
    ['update', ['events', undefined, [{ event: 'ZwwuwNp6gVd' }, {}]], 'ID_MISSING'],
    ['update', ['trackedEntities', 'T1', [{ a: 1 }, { a: 2 }]], 'BAD_ID'],
  ])('is not asked where nobody says which one is meant: %s%j', async (name, given, code) => {
    await using dhis2 = await openDhis2()
    expect(await rejection(doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })(name, given))).toMatchObject({ code })
    expect(dhis2.requests()).toEqual([])
  })

  test('is told of several by their own ids', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const events = ['ZwwuwNp6gVd', 'onXW2DQHRGS'].map((event) => ({ event }))
    await does('destroy', ['events', undefined, events])
    expect(dhis2.sent()).toEqual([{ events }])
  })

  test('that does not take an event says why; what it only warns of is taken', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const event = { program: 'eBAyeGv0exc', occurredAt: '2026-11-21', status: 'ACTIVE' }
    expect(await rejection(does('create', ['events', { ...event, orgUnit: 'nowhere' }]))).toMatchObject({
      ...{ code: 'IMPORT_ERROR', statusCode: 409, counts: { created: 0, ignored: 1 } },
      message: 'DHIS2 did not take all of it; E1011: Organisation unit: `nowhere`, does not exist.',
    })
    expect((await does('create', ['events', { ...event, orgUnit }]))['data']).toMatchObject({ status: 'WARNING' })
  })

  test('of before 2.36 takes events in their older form, one at its resource, several in an envelope', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    const event = { program: 'eBAyeGv0exc', orgUnit, eventDate: '2026-11-21' }
    const state = await does('event', [event], { data: 1 })
    expect(state).toMatchObject({ data: 1, references: [{ response: { imported: 1 } }] })
    const error = await rejection(does('event', [{ ...event, orgUnit: 'nowhere' }]))
    expect(error).toMatchObject({ code: 'IMPORT_ERROR', conflicts: [{ object: 'Event.orgUnit', value: 'nowhere' }] })
    expect(dhis2.requests()).toEqual(['POST /api/events', 'POST /api/events'])
  })

  test('is read below tracker/, and finds what is to be changed', async () => {
    await using dhis2 = await openDhis2()
    const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
    await does('upsert', ['events', { program: 'p' }, { orgUnit, occurredAt: '2026-11-21' }])
    await does('get', ['events/ZwwuwNp6gVd'])
    await does('get', ['tracker/enrollments', { orgUnit }])
    expect(dhis2.requests()).toEqual([
      'GET /api/tracker/events?program=p',
      'POST /api/tracker?async=false&importStrategy=UPDATE',
      'GET /api/tracker/events/ZwwuwNp6gVd',
      `GET /api/tracker/enrollments?orgUnit=${orgUnit}`,
    ])
    expect(dhis2.sent()[1]).toMatchObject({ events: [{ event: 'ZwwuwNp6gVd' }] })
  })
})

test('data values are sent as one set, or as a list of values', async () => {
  await using dhis2 = await openDhis2()
  const does = doesOf('dhis2', { hostUrl: dhis2.url, ...dhis2User })
  const set = {
    dataSet: 'pBOMPrpg1QX',
    orgUnit,
    period: '202611',
    dataValues: [{ dataElement: 'f7n9E0hX8qk', value: '12' }],
  }
  await does('dataValueSet', [set])
  await does('create', ['dataValueSets', set.dataValues])
  expect(dhis2.requests()).toEqual(['POST /api/dataValueSets', 'POST /api/dataValueSets'])
  expect(dhis2.sent()).toEqual([set, { dataValues: set.dataValues }])
  const refused = does('dataValueSet', [{ ...set, dataValues: [{ dataElement: 'f7n9E0hX8qk', value: 'many' }] }])
  expect(await rejection(refused)).toMatchObject({
    ...{ code: 'IMPORT_WARNING', statusCode: 200, counts: { imported: 0, ignored: 1 } },
    conflicts: [{ object: 'f7n9E0hX8qk', value: 'value_not_integer', errorCode: 'E7619' }],
  })
})

describe('what an import says', () => {
  const conflicts = [{ object: 'a', value: 'b' }]
  test.each<[unknown, object | undefined]>([
    [{ status: 'OK', response: { status: 'SUCCESS', conflicts: [] } }, undefined],
    [{ status: 'SUCCESS', conflicts: [] }, undefined],
    [{ status: 'WARNING', conflicts: [] }, undefined],
    [
      { status: 'WARNING', description: 'some', conflicts },
      { code: 'IMPORT_WARNING', message: 'some; a: b' },
    ],
    [{ responseType: 'ImportSummary', status: 'ERROR', conflicts: [] }, { code: 'IMPORT_ERROR' }],
    [
      { status: 'OK', response: { importSummaries: [{ status: 'SUCCESS' }, { status: 'ERROR', conflicts }] } },
      { code: 'IMPORT_ERROR', facts: { conflicts } },
    ],
    [
      {
        response: {
          status: 'OK',
          importSummaries: [
            { status: 'SUCCESS', enrollments: { status: 'ERROR', importSummaries: [{ status: 'ERROR', conflicts }] } },
          ],
        },
      },
      { code: 'IMPORT_ERROR', facts: { conflicts } },
    ],
    [
      {
        status: 'ERROR',
        response: { typeReports: [{ objectReports: [{ errorReports: [{ message: 'm', errorCode: 'E1' }] }] }] },
      },
      { message: expect.stringMatching(/; E1: m$/) },
    ],
    [
      {
        status: 'OK',
        response: { responseType: 'JobConfigurationWebMessageResponse', id: 'J', relativeNotifierEndpoint: '/api/t' },
      },
      { code: 'NOT_IMPORTED_YET', facts: { job: 'J', location: '/api/t' } },
    ],
    [{ status: 'ERROR', httpStatusCode: 404, message: 'no such thing' }, undefined],
    ['text', undefined],
    [null, undefined],
    [[], undefined],
  ])('%j', (body, told) => {
    const found = importTrouble(body)
    if (told === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(told)
  })
})
