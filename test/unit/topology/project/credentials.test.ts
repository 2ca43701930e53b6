import { describe, expect, test } from 'vitest'
import { readCredential } from '../../../../topology/project/credential-draft.ts'
import { parseDocument } from '../../../../topology/project/document.ts'
import { credentialRecord } from '../../../../topology/wire/credentials.ts'
import { parseDefinition } from '../../../../topology/wire/definitions.ts'
import type { Outgoing } from '../../../../topology/words/record.ts'
import { changeTo, credentialOf } from '../../../fixtures/credentials.ts'
import { newLog, recordAt } from './deploys.ts'

const written = (...given: Parameters<typeof credentialOf>): Outgoing =>
  credentialRecord(changeTo(credentialOf(...given)))
const deletion = (name: string, version: number): Outgoing =>
  credentialRecord({ name, version, token: 't', becomes: { deleted: true, updatedAt: 'now', updatedBy: 'admin' } })
const kinds = (log: ReturnType<typeof newLog>, ...records: readonly Outgoing[]): readonly string[] =>
  log.write(records).map((applied) => (applied.kind === 'credential' ? applied.outcome.kind : applied.kind))

describe('the fold of credentials', () => {
  test('has what was written last, in other maps than before', () => {
    const log = newLog()
    expect(kinds(log, written())).toEqual(['accepted'])
    const before = log.fold.credentials()
    const second = credentialOf({ version: 2, owner: 'amina', projects: ['clinic'], externalId: 'd-1' })
    expect(kinds(log, credentialRecord(changeTo(second)))).toEqual(['accepted'])
    expect(log.fold.credentials().get('district')).toEqual(second)
    expect(before.get('district')?.owner).toBe('admin')
    expect(log.fold.credentialVersion('district')).toBe(2)
  })

  test.each([1, 3, 7])('takes no version %i after the first: it was based on another', (version) => {
    const log = newLog()
    expect(kinds(log, written(), written({ version, owner: 'mallory' }))).toEqual(['accepted', 'stale'])
    expect(log.fold.credentials().get('district')?.owner).toBe('admin')
  })

  test('goes on counting over a deletion', () => {
    const log = newLog()
    expect(kinds(log, written(), deletion('district', 2))).toEqual(['accepted', 'accepted'])
    expect([log.fold.credentials().size, log.fold.credentialVersion('district')]).toEqual([0, 2])
    expect(kinds(log, written({ version: 1 }), written({ version: 3 }))).toEqual(['stale', 'accepted'])
  })

  test('gives an external_id once in each project', () => {
    const log = newLog()
    const one = (name: string, projects: readonly string[] | null, version = 1) =>
      written({ name, projects, externalId: 'd-1', version })
    expect(kinds(log, one('a', ['p', 'q']), one('b', ['q']), one('b', ['r']), one('c', null))).toEqual([
      'accepted',
      'external-id-taken',
      'accepted',
      'external-id-taken',
    ])
    expect(kinds(log, one('a', null, 2), deletion('b', 2), one('a', null, 2), one('b', ['r'], 3))).toEqual([
      'external-id-taken',
      'accepted',
      'accepted',
      'external-id-taken',
    ])
  })

  test.each<[string, (value: Record<string, unknown>) => void]>([
    ['of another name than its key', (value) => Object.assign(value, { name: 'other' })],
    ['without ciphertext', (value) => delete value['sealed']],
    ['of a kind that is none', (value) => Object.assign(value, { kind: 'open' })],
    ['without an owner', (value) => delete value['owner']],
    ['with a version that is no number', (value) => Object.assign(value, { version: '1' })],
    ['with projects that are no names', (value) => Object.assign(value, { projects: [1] })],
    ['without a token', (value) => delete value['token']],
  ])('passes over a record %s', (_what, change) => {
    const log = newLog()
    expect(kinds(log, edited(written(), change))).toEqual(['unreadable'])
    expect([log.fold.credentials().size, log.fold.credentialVersion('district')]).toEqual([0, 0])
  })

  test('counts what a later release wrote, and leaves the last one in force', () => {
    const log = newLog()
    const later = edited(written({ version: 2 }), (value) => Object.assign(value, { v: 2, sealed: 'otherwise' }))
    expect(kinds(log, written(), later, written({ version: 2 }), written({ version: 3 }))).toEqual([
      'accepted',
      'unreadable',
      'stale',
      'accepted',
    ])
  })

  test('a record is read as it was written', () => {
    const becomes = credentialOf({ projects: ['clinic'], externalId: 'd-1', kind: 'oauth2' })
    const record = credentialRecord({ ...changeTo(becomes), token: 'mine' })
    expect(record.key).toBe('credential/district')
    expect(parseDefinition(recordAt(record, 0))).toEqual({
      kind: 'credential',
      name: 'district',
      version: 1,
      token: 'mine',
      becomes,
    })
  })
})

const problemsOf = (given: unknown): readonly string[] => {
  const parsed = parseDocument(JSON.stringify(given), 'json')
  if ('problems' in parsed) throw new Error('not JSON')
  const known = new Map([
    ['district', credentialOf({ projects: ['clinic'] })],
    ['by-clinic', credentialOf({ name: 'by-clinic', kind: 'keychain' })],
  ])
  const result = readCredential(parsed.document, known)
  return 'problems' in result ? result.problems.map(({ path, message }) => `${path}: ${message}`) : []
}
const oauth2 = { token_url: 'https://login.example/token', client_id: 'us', client_secret: 'hush-hush-hush' }
const schema = { type: 'object', required: ['password'], properties: { password: { type: 'string', minLength: 12 } } }

describe('a credential that somebody sends', () => {
  test.each<[string, object]>([
    ['raw', { kind: 'raw', body: { anything: [1, { at: 'all' }] } }],
    ['with nulls, as it is answered', { kind: 'raw', body: {}, schema: null, external_id: null, projects: null }],
    ['for projects', { kind: 'raw', body: {}, external_id: 'd-1', projects: ['clinic', 'demo'] }],
    ['typed', { kind: 'typed', schema, body: { password: 'long enough to pass' } }],
    [
      'typed with what schemas may have',
      {
        kind: 'typed',
        schema: {
          ...{ $schema: 'https://json-schema.org/draft/2020-12/schema', $ref: '#/$defs/a', $defs: { a: true } },
          ...{ type: ['object', 'null'], required: ['port'], minProperties: 1, additionalProperties: { not: false } },
          properties: { port: { type: 'integer', minimum: 1, maximum: 65535.5, enum: [1, 2], examples: [1], hint: 7 } },
        },
        body: { port: 1, other: null },
      },
    ],
    ['oauth2', { kind: 'oauth2', body: { ...oauth2, scope: 'api', instance_url: 'https://us.example' } }],
    ['oauth2 without a secret', { kind: 'oauth2', body: { ...oauth2, client_secret: undefined, refresh_token: 'r' } }],
    ['a keychain', { kind: 'keychain', body: { path: '$.data.clinic', default: 'district' } }],
    ['a keychain without a default', { kind: 'keychain', body: { path: "$.data['clinic id'][0]", default: null } }],
  ])('is taken: %s', (_what, given) => {
    expect(problemsOf(given)).toEqual([])
  })

  test.each<[object | string, string]>([
    ['text', ': Must be an object with the keys "kind" and "body".'],
    [{ body: {} }, ': Add the key "kind": one of raw, typed, oauth2, keychain.'],
    [{ kind: 'raw' }, ': Add the key "body": an object with what the credential holds.'],
    [{ kind: 'raw', body: 'hush' }, 'body: Must be an object.'],
    [{ kind: 'raw', body: {}, boddy: 1 }, 'boddy: The key "boddy" is unknown; did you mean "body"?'],
    [{ kind: 'raw', body: {}, projects: ['A b'] }, 'projects: Must be a list of names of projects'],
    [{ kind: 'raw', body: {}, external_id: '' }, 'external_id: Must be text of 1 to 255 characters.'],
    [{ kind: 'raw', body: {}, schema: {} }, 'schema: Only a credential of the kind "typed" has one.'],
    [{ kind: 'typed', body: {} }, ': Add the key "schema"'],
    [
      { kind: 'typed', schema, body: { password: 'hush' } },
      'body.password: By the schema it must not have fewer than 12 characters.',
    ],
    [{ kind: 'typed', schema, body: {} }, 'body: By the schema it must have required properties password.'],
    [
      { kind: 'typed', schema: { properties: { a: { pattern: '(' } } }, body: { a: 'b' } },
      'schema.properties.a.pattern: Must be a regular expression. Invalid regular expression: /(/u: Unterminated group.',
    ],
    [{ kind: 'typed', schema: { patternProperties: { '(': {} } }, body: { a: 'b' } }, 'schema: Cannot be used'],
    [
      { kind: 'typed', schema: { type: 'objct' }, body: {} },
      'schema.type: There is no type "objct"; did you mean "object"?',
    ],
    [
      { kind: 'typed', schema: { type: ['object', 1] }, body: {} },
      'schema.type: Must be one of null, boolean, integer',
    ],
    [{ kind: 'typed', schema: { required: 'a' }, body: {} }, 'schema.required: Must be a list of names, not "a".'],
    [
      { kind: 'typed', schema: { properties: ['a'] }, body: {} },
      'schema.properties: Must be an object of JSON Schemas.',
    ],
    [
      { kind: 'typed', schema: { properties: { a: { items: [{ anyOf: { b: 1 } }] } } }, body: {} },
      'schema.properties.a.items[0].anyOf: Must be a list of JSON Schemas.',
    ],
    [{ kind: 'typed', schema: { $defs: { a: 'string' } }, body: {} }, 'schema."$defs".a: Must be a JSON Schema'],
    [{ kind: 'typed', schema: { not: { minLength: -1 } }, body: {} }, 'schema.not.minLength: Must be a whole number'],
    [{ kind: 'typed', schema: { writeOnly: 'yes' }, body: {} }, 'schema.writeOnly: Must be true or false, not "yes".'],
    [
      { kind: 'typed', schema: { properties: { a: {} }, additionalProperties: false }, body: { a: 1, b: 2, 'c d': 3 } },
      'body: By the schema it must not have additional properties: "b", "c d".',
    ],
    [
      { kind: 'typed', schema: { unevaluatedProperties: false }, body: { b: 2 } },
      'body: By the schema it must not have unevaluated properties: "b".',
    ],
    [{ kind: 'typed', schema: { properties: { a: false } }, body: { a: 1 } }, 'body.a: By the schema it is refused'],
    [{ kind: 'typed', schema: { $ref: '#/nowhere' }, body: {} }, 'a $ref that leads nowhere'],
    [
      {
        kind: 'typed',
        schema: { properties: { pins: { items: { writeOnly: true } } } },
        body: { pins: ['4711', 471] },
      },
      'body.pins[1]: Is secret by the schema and too short to be kept so in logs and states: give it 4 characters or more',
    ],
    [{ kind: 'oauth2', body: {} }, 'body: Add the key "token_url"'],
    [{ kind: 'oauth2', body: { ...oauth2, token_url: 'file:///etc' } }, 'body.token_url: Must be an address'],
    [{ kind: 'oauth2', body: { ...oauth2, client_secret: undefined } }, 'body: Add the key "client_secret"'],
    [{ kind: 'oauth2', body: { ...oauth2, grant: 'refresh_token' } }, 'body: Add the key "refresh_token"'],
    [
      { kind: 'oauth2', body: { ...oauth2, grant: 'password' } },
      'body.grant: Must be "client_credentials" or "refresh_token"',
    ],
    [{ kind: 'keychain', body: { path: 'data.clinic' } }, 'body.path: Must be a JSONPath'],
    [{ kind: 'keychain', body: { path: '$..id' } }, 'of names and places only'],
    [{ kind: 'keychain', body: { path: '$.data[?(@.a)]' } }, 'of names and places only'],
    [{ kind: 'keychain', body: { path: '$' } }, 'of names and places only'],
    [{ kind: 'keychain', body: { path: `$.${'a'.repeat(500)}` } }, 'body.path: Must be a JSONPath'],
    [{ kind: 'keychain', body: { path: '$.a' }, external_id: 'd' }, 'external_id: A keychain finds others'],
    [
      { kind: 'keychain', body: { path: '$.a', default: 'districts' } },
      'body.default: There is no credential "districts"; did you mean "district"?',
    ],
    [{ kind: 'keychain', body: { path: '$.a', default: 'by-clinic' } }, 'body.default: Is a keychain itself'],
    [
      { kind: 'keychain', body: { path: '$.a', default: 'district' }, projects: ['demo'] },
      'body.default: Is not for demo',
    ],
  ])('is refused with its place and remedy: %j', (given, said) => {
    expect(problemsOf(given).join('\n')).toContain(said)
  })

  test('is refused without its values', () => {
    const hush = 'correct-horse-battery'
    for (const kind of ['typed', 'oauth2', 'keychain'] as const) {
      const body = {
        token_url: hush,
        client_id: [hush],
        client_secret: { hush },
        grant: 1,
        path: hush,
        default: [hush],
        a: hush,
      }
      const typed =
        kind === 'typed' ? { schema: { additionalProperties: { const: 1, enum: [2], type: 'number' } } } : {}
      const told = problemsOf({ kind, body, ...typed })
      expect(told).not.toEqual([])
      expect(told.join('\n')).not.toContain(hush)
    }
  })
})

const edited = (record: Outgoing, change: (value: Record<string, unknown>) => void): Outgoing => {
  const value = JSON.parse(String(record.value)) as Record<string, unknown>
  change(value)
  return { ...record, value: JSON.stringify(value) }
}
