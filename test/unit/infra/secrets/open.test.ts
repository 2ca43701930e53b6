import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { writeCredential } from '../../../../infra/catalogue/write-credential.ts'
import { keyIdOf, openSecrets } from '../../../../infra/secrets/open.ts'
import { rotateKeys } from '../../../../infra/secrets/rotate.ts'
import { contentOf, resealed } from '../../../../topology/project/sealed-credential.ts'
import { CredentialError, type CredentialFacts } from '../../../../topology/words/credential.ts'
import { changeTo, credentialOf, oneKey, otherKey, testSecrets } from '../../../fixtures/credentials.ts'
import { never, openMemoryHouse } from '../../../fixtures/memory-house.ts'

const saidBy = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(CredentialError)
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('what is sealed', () => {
  test('opens again, whatever it is, and shows nothing of itself', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, unit: 'binary' }).filter((text) => text.isWellFormed()),
        fc.string(),
        (text, bound) => {
          const sealed = testSecrets.seal(text, bound)
          expect(testSecrets.open(sealed, bound)).toBe(text)
          expect(Buffer.from(sealed.text, 'base64').includes(text)).toBe(false)
        },
      ),
    )
  })

  test('is another each time', () => {
    const [one, other] = [testSecrets.seal('hush', 'a'), testSecrets.seal('hush', 'a')]
    expect(one.text).not.toBe(other.text)
    expect(one.wrapped).not.toBe(other.wrapped)
  })

  test.each(['text', 'wrapped'] as const)('does not open when a bit of its %s is another', (part) => {
    const sealed = testSecrets.seal('hush', 'a')
    const bytes = Buffer.from(sealed[part], 'base64')
    for (const at of bytes.keys()) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(saidBy(() => testSecrets.open({ ...sealed, [part]: changed.toString('base64') }, 'a'))).toContain(
        'was changed',
      )
    }
    expect(saidBy(() => testSecrets.open({ ...sealed, [part]: '' }, 'a'))).toContain('was changed')
  })

  test.each<[string, Partial<CredentialFacts>]>([
    ['name', { name: 'other' }],
    ['version', { version: 2 }],
    ['owner', { owner: 'mallory' }],
    ['kind', { kind: 'typed' }],
    ['projects', { projects: ['theirs'] }],
    ['external_id', { externalId: 'theirs' }],
  ])('does not open under another %s', (_what, changes) => {
    const credential = credentialOf({ body: { token: 'hush' } })
    expect(contentOf(testSecrets, credential).body).toEqual({ token: 'hush' })
    expect(saidBy(() => contentOf(testSecrets, { ...credential, ...changes }))).toContain('belongs to another record')
  })

  test('is opened by the key that it was sealed with and by no other; which one is said, and no key', () => {
    const sealed = testSecrets.seal('hush', 'a')
    const said = saidBy(() => openSecrets({ key: otherKey }).open(sealed, 'a'))
    expect(said).toContain(
      `the SECRET_KEY ${keyIdOf(oneKey)}, and this process has the SECRET_KEY ${keyIdOf(otherKey)}`,
    )
    expect(said).not.toContain(oneKey.slice(0, 10))
    expect(said).not.toContain(otherKey.slice(0, 10))
    expect(openSecrets({ key: otherKey, previous: oneKey }).open(sealed, 'a')).toBe('hush')
    const none = openSecrets({ key: undefined })
    expect(saidBy(() => none.open(sealed, 'a'))).toContain('has no SECRET_KEY')
    expect(saidBy(() => none.seal('hush', 'a'))).toContain('set SECRET_KEY')
  })

  test('has a key in either alphabet of base64', () => {
    const bytes = Buffer.alloc(32, 0xfb)
    expect(keyIdOf(bytes.toString('base64'))).toBe(keyIdOf(bytes.toString('base64url')))
  })

  test('keeps its ciphertext when only what it is for changes', () => {
    const before = credentialOf({ body: { token: 'hush' } })
    const after = resealed(testSecrets, before, { owner: 'amina' })
    expect([after.version, after.owner, after.sealed.text]).toEqual([2, 'amina', before.sealed.text])
    expect(contentOf(testSecrets, after).body).toEqual({ token: 'hush' })
    expect(saidBy(() => contentOf(testSecrets, { ...before, sealed: after.sealed }))).toContain(
      'belongs to another record',
    )
  })
})

describe('a rotation of keys', () => {
  test('puts all under the new key, once; what they hold stays, and the old key opens nothing more', async () => {
    await using house = await openMemoryHouse()
    const to = { ...house, signal: never }
    for (const name of ['a', 'b']) await writeCredential(changeTo(credentialOf({ name, body: { is: name } })), to)
    const both = openSecrets({ key: otherKey, previous: oneKey })
    expect(await rotateKeys({ ...to, secrets: both })).toEqual({ moved: 2, kept: 0, failed: [] })
    expect(await rotateKeys({ ...to, secrets: both })).toEqual({ moved: 0, kept: 2, failed: [] })
    const rotated = [...house.catalogue.credentials().values()]
    const fresh = openSecrets({ key: otherKey })
    expect(rotated.map((each) => [each.version, contentOf(fresh, each).body])).toEqual([
      [2, { is: 'a' }],
      [2, { is: 'b' }],
    ])
    for (const each of rotated) expect(saidBy(() => contentOf(testSecrets, each))).toContain(keyIdOf(otherKey))
  })

  test('says which ones it cannot open, and moves the others', async () => {
    await using house = await openMemoryHouse()
    const to = { ...house, signal: never }
    const stranger = openSecrets({ key: Buffer.alloc(32, '3').toString('base64') })
    await writeCredential(changeTo(credentialOf({ name: 'lost' }, stranger)), to)
    await writeCredential(changeTo(credentialOf({ name: 'mine' })), to)
    const both = openSecrets({ key: otherKey, previous: oneKey })
    const { moved, failed } = await rotateKeys({ ...to, secrets: both })
    expect([moved, failed]).toEqual([
      1,
      [expect.stringContaining(`"lost" cannot be opened. It was sealed with the SECRET_KEY ${stranger.keyId}`)],
    ])
  })

  test('that meets a change by somebody else builds on that', async () => {
    await using house = await openMemoryHouse()
    const to = { ...house, signal: never }
    const first = credentialOf({ name: 'a', body: { is: 'old' } })
    await writeCredential(changeTo(first), to)
    const second = credentialOf({ name: 'a', version: 2, body: { is: 'new' } })
    const log = {
      append: async (records: Parameters<typeof house.log.append>[0]) => {
        if (house.catalogue.credentialVersion('a') === 1) await writeCredential(changeTo(second), to)
        await house.log.append(records)
      },
    }
    const both = openSecrets({ key: otherKey, previous: oneKey })
    expect(await rotateKeys({ ...to, log, secrets: both })).toMatchObject({ moved: 1, failed: [] })
    const [now] = house.catalogue.credentials().values()
    expect([now?.version, now && contentOf(both, now).body]).toEqual([3, { is: 'new' }])
  })
})
