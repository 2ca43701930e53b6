import { expect, test } from 'vitest'
import { openDestination } from '../../../../fixtures/fake-destination.ts'
import { doesOf, rejection } from '../../../../fixtures/operations-of.ts'
import { runHost } from '../../../../fixtures/run-host.ts'

const body = { patient: 'Amina Willow' }

test.each(['dhis2', 'openmrs', 'salesforce'] as const)(
  'what %s says of a request that it refuses is in the error, and in the log there is one line without it',
  async (adaptor) => {
    await using destination = await openDestination(() => ({ status: 500, body }))
    const { url } = destination
    const host = runHost()
    const credential = {
      ...{ hostUrl: url, instanceUrl: url, instance_url: url },
      ...{ access_token: 'token', username: 'clerk', password: 'Admin-123' },
    }
    const error = await rejection(doesOf(adaptor, credential, host)('create', ['Visit__c', { a: 1 }]))
    expect(error).toMatchObject({ code: 'HTTP_500', details: { statusCode: 500, body } })
    expect(host.lines).toEqual([expect.stringMatching(/^error POST http:\S+Visit__c\/? - 500 in \d+ ms$/)])
  },
)
