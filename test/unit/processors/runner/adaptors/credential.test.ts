import { expect, test } from 'vitest'
import { serverIn } from '../../../../../processors/runner/adaptors/postgresql/server.ts'
import { doesOf, rejection } from '../../../../fixtures/operations-of.ts'

const none =
  /^This job has no credential: write `credential: <name>` in the job, or run it with `penstock run` and `-c <file>`\./

test.each([
  ['salesforce', 'describe', [], /Salesforce takes a credential with .*\.$/],
  ['dhis2', 'get', ['dataElements'], /DHIS2 takes a credential with hostUrl, .*\.$/],
  ['openmrs', 'get', ['patient'], /OpenMRS takes a credential with instanceUrl .*\.$/],
] as const)('a job for %s without a credential is told so, and what to write', async (adaptor, name, given, takes) => {
  const does = doesOf(adaptor, {})
  for (const configuration of [undefined, null]) {
    const { code, message } = await rejection(does(name, given, { configuration }))
    expect(code).toBe('CREDENTIAL_INCOMPLETE')
    expect(message).toMatch(none)
    expect(message).toMatch(takes)
  }
  expect((await rejection(does(name, given))).message).not.toMatch(none)
})

test('a job for postgresql without a credential is told so, and what to write', () => {
  expect(() => serverIn({})).toThrow(none)
  expect(() => serverIn({})).toThrow(/PostgreSQL takes a credential with .*\.$/)
  expect(() => serverIn({ configuration: {} })).toThrow(/^PostgreSQL takes/)
})
