import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretsOf } from '../../processors/runner/credentials/secrets-of.ts'
import { type Egress, openEgress } from '../../processors/runner/egress/open.ts'
import { withConfiguration } from '../../processors/runner/language/state.ts'
import { openSandbox, type Sandbox } from '../../processors/runner/sandbox/open.ts'
import { worldOfRun } from '../../processors/runner/world-of-run.ts'
import type { Adaptor } from '../../topology/project/adaptors.ts'
import type { JsonObject } from '../../topology/words/json.ts'
import type { Outcome, RunCall } from '../../topology/words/run.ts'
import { openDestination } from '../fixtures/fake-destination.ts'
import { dhis2Pat, dhis2User, openDhis2 } from '../fixtures/fake-dhis2.ts'
import { openmrsUser, openOpenmrs } from '../fixtures/fake-openmrs.ts'
import { openSalesforce } from '../fixtures/fake-salesforce.ts'
import { salesforceToken, salesforceUser } from '../fixtures/fake-salesforce-login.ts'
import { jobOf, printed, run } from './sandbox-jobs.ts'

let sandbox: Sandbox
let egress: Egress

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3' })
  egress = openEgress({ version: '1.2.3', own: [], loopbackAllowed: true })
})
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]()
  await egress[Symbol.asyncDispose]()
})

const jobIn = (file: string): string => readFileSync(resolve(import.meta.dirname, '../fixtures/jobs', file), 'utf8')

type Tried = Readonly<{ outcome: Outcome; state: Record<string, unknown>; calls: readonly RunCall[] }>

/** Runs a job as a runner does: in the sandbox, with its calls made by the egress, and nothing secret in what it leaves. */
const tried = async (
  code: string,
  { adaptor, configuration = {}, state }: Readonly<{ adaptor: Adaptor; configuration?: JsonObject; state: object }>,
): Promise<Tried> => {
  const job = jobOf(code, { adaptor })
  const world = worldOfRun({
    ...{ egress, policy: { allow: [], allowPrivate: false }, run, job, configuration },
    secrets: secretsOf({ body: configuration, schema: null }),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  })
  const initial = withConfiguration(JSON.stringify({ references: [], ...state }), configuration)
  const { signal } = new AbortController()
  const outcome = world.shown(await sandbox.run({ run, job, state: initial, answer: world.answer }, signal))
  return { outcome, state: JSON.parse(outcome.state ?? 'null'), calls: world.calls() }
}

const succeeded = { status: 'success', error: null }

describe('jobs as people wrote them run unchanged', () => {
  test('a household and its children, each with the id of the record before, after one login by name and password', async () => {
    await using salesforce = await openSalesforce()
    const data = {
      household: {
        ...{ village: 'Kono', head: 'Aïcha' },
        children: [{ name: 'Bintu' }, { name: 'Sahr' }],
      },
      '*meta-instance-id*': 'uuid:7',
    }
    const configuration = { loginUrl: salesforce.url, ...salesforceUser }
    const { outcome, state, calls } = await tried(jobIn('children.js'), {
      ...{ adaptor: 'salesforce', configuration, state: { data } },
    })
    expect(outcome).toMatchObject(succeeded)
    expect(salesforce.requests()).toEqual([
      'POST /services/Soap/u/64.0',
      'POST /services/data/v64.0/sobjects/Household__c/',
      'POST /services/data/v64.0/sobjects/Child__c/',
      'POST /services/data/v64.0/sobjects/Child__c/',
    ])
    const [household] = salesforce.records('Household__c')
    expect(household).toMatchObject({ Village__c: 'Kono', Head__c: 'Aïcha' })
    expect(salesforce.records('Child__c')).toMatchObject([
      { Name: 'Bintu', Household__c: household?.Id, Form__c: 'uuid:7' },
      { Name: 'Sahr', Household__c: household?.Id, Form__c: 'uuid:7' },
    ])
    expect(state['references']).toMatchObject([{ success: true }, { success: true }, { id: household?.Id }])
    expect(JSON.stringify([outcome.log, calls])).not.toMatch(/session!|T0KEN|se<cr>et/)
  })

  test('a registration: fields that are functions, relationships, the first record made, lists within lists', async () => {
    await using salesforce = await openSalesforce()
    const data = {
      form: { nationalId: 'SL/7 é', surname: 'Kamara', names: [' Fatu ', 'Mary'] },
      clinic: { code: 'KEN-1' },
      visits: [{ date: '2026-11-20', patient: 'SL/7 é' }],
      allergies: [{ substance: 'penicillin' }, { substance: 'dust' }],
    }
    const configuration = { access_token: salesforceToken, instance_url: salesforce.url }
    const state = { data, references: [{ id: 'newest' }, { id: 'oldest' }] }
    const { outcome, state: final } = await tried(jobIn('registration.js'), {
      adaptor: 'salesforce',
      configuration,
      state,
    })
    expect(outcome).toMatchObject(succeeded)
    expect(printed(outcome)).toContain('Names are joined.')
    expect(salesforce.requests()[0]).toBe(
      'PATCH /services/data/v64.0/sobjects/Patient__c/National_ID__c/SL%2F7%20%C3%A9',
    )
    expect(salesforce.sent()).toEqual([
      {
        ...{ Name: 'Kamara', Age__c: 7, Other_Names__c: 'Fatu, Mary', Visited__c: 'oldest' },
        Clinic__r: { Clinic_Code__c: 'KEN-1' },
      },
      { Date__c: '2026-11-20', Patient__r: { National_ID__c: 'SL/7 é' } },
      { Name: 'penicillin' },
      { Name: 'dust' },
    ])
    expect(final['data']).toEqual(data)
    expect(final['references']).toHaveLength(6)
  })

  test('the newer style: imports, $, then, a list and a query of several pages', async () => {
    await using salesforce = await openSalesforce()
    const patients = ['Ada', 'Ben', 'Cy', 'Dee', 'Eve'].map((name, at) => ({ id: `N-${at}`, name }))
    const { outcome, state } = await tried(jobIn('accounts.js'), {
      ...{ adaptor: 'salesforce', configuration: { access_token: salesforceToken, instance_url: salesforce.url } },
      state: { data: { name: 'Clinic', owner: 'who', patients } },
    })
    expect(outcome).toMatchObject(succeeded)
    expect(salesforce.sent()[0]).toEqual({ Name: 'Clinic', Owner__c: 'WHO' })
    expect(state['patients']).toEqual(['Ada', 'Ben', 'Cy', 'Dee', 'Eve'])
    const [account] = salesforce.records('Account')
    expect(salesforce.requests().slice(-3)).toEqual([
      `GET /services/data/v64.0/query?q=SELECT%20Id%2C%20Name%20FROM%20Patient__c%20WHERE%20Account__c%20%3D%20%27${account?.Id}%27`,
      'GET /services/data/v64.0/query/01g-Patient__c-2',
      'GET /services/data/v64.0/query/01g-Patient__c-4',
    ])
  })

  test('an event with its data values, and a person who becomes a patient', async () => {
    await using dhis2 = await openDhis2()
    await using openmrs = await openOpenmrs()
    const reported = await tried(jobIn('events.js'), {
      ...{ adaptor: 'dhis2', configuration: { hostUrl: `${dhis2.url}/`, ...dhis2User } },
      state: { data: { facility: 'DiszpKrYNg8', at: '2026-11-21T09:00:00Z', values: { oZg33kd9taw: 'Male' } } },
    })
    expect(reported.outcome).toMatchObject(succeeded)
    expect(dhis2.requests()).toEqual(['POST /api/events'])
    expect(dhis2.sent()).toEqual([
      {
        ...{ program: 'eBAyeGv0exc', orgUnit: 'DiszpKrYNg8', eventDate: '2026-11-21' },
        dataValues: [{ dataElement: 'oZg33kd9taw', value: 'Male' }],
      },
    ])
    expect(reported.state['references']).toMatchObject([
      { response: { importSummaries: [{ reference: 'onXW2DQHRGS' }] } },
    ])
    const registered = await tried(jobIn('person.js'), {
      ...{ adaptor: 'openmrs', configuration: { instanceUrl: `${openmrs.url}/openmrs`, ...openmrsUser } },
      state: { data: { number: '100-1' } },
    })
    expect(registered.outcome).toMatchObject(succeeded)
    expect(openmrs.requests()).toEqual(['POST /openmrs/ws/rest/v1/person', 'POST /openmrs/ws/rest/v1/patient'])
    expect(openmrs.sent()[1]).toMatchObject({ person: 'person-1', identifiers: [{ identifier: '100-1' }] })
    expect(registered.state).toMatchObject({
      data: { number: '100-1' },
      references: [{ uuid: 'patient-1' }, { uuid: 'person-1' }],
    })
  })

  test('a cursor that the next run goes on from, and a clean-up of the state', async () => {
    await using server = await openDestination(({ path, query }) => {
      if (path[0] === 'stock')
        return { status: 200, body: { updated_at: '2026-11-21', items: [{ left: 3 }, { left: 30 }] } }
      const after = Number(query['after'] ?? 0)
      return { status: 200, body: [after + 4, after + 2].map((id) => ({ id })) }
    })
    const given = { adaptor: 'http', configuration: { baseUrl: server.url } } as const
    const first = await tried(jobIn('cursor.js'), { ...given, state: {} })
    expect(first.state['lastId']).toBe(4)
    expect((await tried(jobIn('cursor.js'), { ...given, state: first.state })).state['lastId']).toBe(8)
    const cleaned = await tried(jobIn('clean-up.js'), { ...given, state: { lastDate: '2026-11-20' } })
    expect(cleaned.state).toEqual({ data: {}, references: [], lastDate: '2026-11-21', low: [{ left: 3 }] })
    expect(server.requests()).toEqual([
      'GET /referrals?kind=urgent',
      'GET /referrals?kind=urgent&after=4',
      'GET /stock?since=2026-11-20',
    ])
  })

  test('rows of CSV, read in pieces', async () => {
    const rows = Array.from({ length: 250 }, (_, at) => `S${at};${at},5`)
    const { outcome, state } = await tried(jobIn('csv.js'), {
      ...{ adaptor: 'common', state: { data: ['station;value', ...rows].join('\n') } },
    })
    expect(outcome).toMatchObject(succeeded)
    expect(state['data']).toEqual({ count: 250, highest: 249.5 })
  })
})

describe('a job is told what its destination said', () => {
  test('by Salesforce: its code and sentence, and no password', async () => {
    await using salesforce = await openSalesforce()
    const configuration = { loginUrl: salesforce.url, ...salesforceUser }
    const given = { adaptor: 'salesforce', configuration, state: { data: {} } } as const
    const { outcome } = await tried(`create('Account', { Phone: '1' })`, given)
    expect(outcome).toMatchObject({
      ...{ status: 'failed', exitCode: 1 },
      error: {
        ...{ name: 'AdaptorError', message: 'REQUIRED_FIELD_MISSING: Required fields are missing: [Name]', line: 1 },
        details: { code: 'REQUIRED_FIELD_MISSING', statusCode: 400, errors: [{ fields: ['Name'] }] },
      },
    })
    const wrong = await tried(`create('Account', { Name: 'A' })`, {
      ...given,
      configuration: { ...configuration, password: 'of-another-user' },
    })
    expect(wrong.outcome.error).toMatchObject({ details: { code: 'INVALID_LOGIN' } })
    expect(JSON.stringify(wrong)).not.toContain('of-another-user')
    expect(salesforce.records('Account')).toEqual([])
  })

  test('by DHIS2: the conflicts of an import, also of one that was answered 200', async () => {
    await using dhis2 = await openDhis2()
    const configuration = { hostUrl: dhis2.url, pat: dhis2Pat }
    const { outcome } = await tried(
      `dataValueSet({ orgUnit: 'DiszpKrYNg8', period: '202611', dataValues: [dataElement('f7n9E0hX8qk', dataValue('n'))] })`,
      { adaptor: 'dhis2', configuration, state: { data: { n: 'many' } } },
    )
    expect(dhis2.seen[0]?.headers.authorization).toBe(`ApiToken ${dhis2Pat}`)
    expect(outcome.error).toMatchObject({
      message: expect.stringMatching(/^One or more conflicts .*; E7619 f7n9E0hX8qk: value_not_integer$/),
      details: { code: 'IMPORT_WARNING', statusCode: 200, conflicts: [{ object: 'f7n9E0hX8qk' }] },
    })
    expect(JSON.stringify(outcome)).not.toContain(dhis2Pat)
  })

  test('by OpenMRS: its sentence, and what it says of fields', async () => {
    await using openmrs = await openOpenmrs()
    const { outcome } = await tried(`patient({ identifiers: [] })`, {
      ...{ adaptor: 'openmrs', configuration: { instanceUrl: `${openmrs.url}/openmrs`, ...openmrsUser } },
      state: { data: {} },
    })
    expect(outcome.error).toMatchObject({
      message: 'Invalid Submission; person: Cannot be empty or null',
      details: { code: 'HTTP_400', fieldErrors: { person: [{ code: 'error.null' }] } },
    })
  })
})

test('what belongs to another adaptor is not in scope, and the run shows its own', async () => {
  const { outcome } = await tried(`create('Account', { Name: 'A' })`, { adaptor: 'common', state: {} })
  expect(outcome).toMatchObject({ status: 'crashed', error: { name: 'SyntaxError' } })
  const shown = await tried('fn(state => state)', { adaptor: 'openmrs', state: {} })
  expect(shown.outcome.log[0]?.message).toMatch(/adaptor openmrs@1\.2\.3$/)
})

test('a run finds nothing of the one before it in its isolate: no mark on an operation, and no session', async () => {
  await using salesforce = await openSalesforce()
  const code = `describe('Account')
fn(state => {
  const seen = []
  for (const one of [create, query, bulk, relationship, reference, relationship('A__r', 'B__c', 1)]) {
    if (one.mark) seen.push(one.name)
    one.mark = true
  }
  return { seen }
})`
  const given = {
    adaptor: 'salesforce',
    configuration: { loginUrl: salesforce.url, ...salesforceUser },
    state: {},
  } as const
  for (let time = 0; time < 3; time++) expect((await tried(code, given)).state).toEqual({ seen: [] })
  expect(salesforce.requests().filter((request) => request.endsWith('/Soap/u/64.0'))).toHaveLength(3)
})
