import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { openSalesforce } from '../fixtures/fake-salesforce.ts'
import { salesforceClient } from '../fixtures/fake-salesforce-login.ts'
import { deploy, endedRuns, post, put, startHouse } from '../fixtures/house.ts'

test('a message becomes a record of Salesforce, by a token that the house asked for', async () => {
  await using salesforce = await openSalesforce()
  const house = await startHouse()
  onTestFinished(() => house[Symbol.asyncDispose]())
  const made = await house.api('/api/credentials/org', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      kind: 'oauth2',
      body: { token_url: `${salesforce.url}/services/oauth2/token`, ...salesforceClient },
    }),
  })
  expect(made.status).toBe(200)
  const id = randomUUID()
  const code = "create('Patient__c', fields(field('Name', dataValue('form.surname')), field('Age__c', 7)))"
  const job = { trigger: 'all', adaptor: 'salesforce', credential: 'org', expression: code }
  const document = {
    name: 'records',
    sources: { inbox: { type: 'webhook', id } },
    triggers: { all: { type: 'message' } },
    jobs: { register: job },
    egress: { allow: [salesforce.url] },
  }
  const refused = await put(house, {
    ...document,
    jobs: { register: { ...job, adaptor: 'dhis2', expression: 'bulk()' } },
  })
  expect([refused.status, await refused.text()]).toEqual([
    422,
    expect.stringContaining('comes with the adaptor salesforce'),
  ])
  await deploy(house, document)

  const message = await post(house, id, '{"form":{"surname":"Kamara"}}')
  const [run] = await endedRuns(house, 'records', { message, count: 1 })
  expect(run).toMatchObject({
    ...{ status: 'success', adaptor: `salesforce@${packageJson.version}`, error: null },
    final_state: { data: { form: { surname: 'Kamara' } }, references: [{ success: true }] },
    calls: [{ method: 'POST', url: `${salesforce.url}/services/data/v64.0/sobjects/Patient__c/`, status: 201 }],
  })
  expect(salesforce.records('Patient__c')).toMatchObject([{ Name: 'Kamara', Age__c: 7 }])
  expect(JSON.stringify(run)).not.toContain('00D-oauth')
  expect(salesforce.requests()[0]).toBe('POST /services/oauth2/token')
})
