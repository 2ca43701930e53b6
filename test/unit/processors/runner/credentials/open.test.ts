import { describe, expect, onTestFinished, test } from 'vitest'
import { writeCredential } from '../../../../../infra/catalogue/write-credential.ts'
import { openSecrets } from '../../../../../infra/secrets/open.ts'
import { type CredentialsDeps, openCredentials } from '../../../../../processors/runner/credentials/open.ts'
import { contentOf } from '../../../../../topology/project/sealed-credential.ts'
import { CredentialError } from '../../../../../topology/words/credential.ts'
import { changeTo, credentialOf, otherKey, testSecrets } from '../../../../fixtures/credentials.ts'
import { never, openMemoryHouse } from '../../../../fixtures/memory-house.ts'
import { callBy, type Given, openTokenServer } from '../../../../fixtures/token-server.ts'

type Wish = Parameters<typeof credentialOf>[0]

/** Credentials of a house that has these. */
const opened = async (wishes: readonly Wish[], more: Partial<CredentialsDeps> = {}) => {
  const house = await openMemoryHouse()
  onTestFinished(() => house[Symbol.asyncDispose]())
  const { log, catalogue, logger } = house
  const put = async (wish: Wish): Promise<void> => {
    const outcome = await writeCredential(changeTo(credentialOf(wish)), { log, catalogue, signal: never })
    expect(outcome).toEqual({ kind: 'accepted' })
  }
  for (const wish of wishes) await put(wish)
  const write: CredentialsDeps['write'] = (change, signal) => writeCredential(change, { log, catalogue, signal })
  const deps = { catalogue, logger, write, secrets: testSecrets, request: callBy, ...more }
  const { configurationFor } = openCredentials(deps)
  return { house, put, deps, of: (name = 'district', input = '{}') => configurationFor('clinic', name, input) }
}

const refused = async (act: Promise<unknown>): Promise<string> => {
  const error = await act.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(CredentialError)
  return (error as Error).message
}

describe('a credential that holds what the job sees', () => {
  test('is given clean, with its secrets, and the same list of them each time', async () => {
    const { of } = await opened([{ body: { baseUrl: 'https://d.example/', token: 'k7Vb-2mPq', empty: '' } }])
    const first = await of()
    expect(first).toEqual({
      configuration: { baseUrl: 'https://d.example', token: 'k7Vb-2mPq' },
      secrets: ['k7Vb-2mPq'],
    })
    expect((await of()).secrets).toBe(first.secrets)
  })

  test('is the new one from its change on', async () => {
    const { of, put } = await opened([{ body: { token: 'old-old-old' } }])
    await of()
    await put({ version: 2, body: { token: 'new-new-new' } })
    expect(await of()).toEqual({ configuration: { token: 'new-new-new' }, secrets: ['new-new-new'] })
  })

  test('keeps every digit of its numbers', async () => {
    const body = { id: (JSON as unknown as { rawJSON(text: string): string }).rawJSON('9007199254740993') }
    const { of } = await opened([{ body }])
    expect(JSON.stringify((await of()).configuration)).toBe('{"id":9007199254740993}')
  })

  test('is not there, not for this project, or sealed with another key: that is said', async () => {
    const { of } = await opened([{ projects: ['demo'] }])
    expect(await refused(of('none'))).toBe('There is no credential "none": make it, or name another in the job.')
    expect(await refused(of())).toContain('is not for the project clinic')
    const { of: ofOther } = await opened([{}], { secrets: openSecrets({ key: otherKey }) })
    expect(await refused(ofOther())).toContain('"district" cannot be opened. It was sealed with the SECRET_KEY')
  })
})

describe('a keychain', () => {
  const keychain = (path: string, byDefault?: string): Wish => ({
    name: 'by-clinic',
    kind: 'keychain',
    body: { path, ...(byDefault !== undefined && { default: byDefault }) },
  })
  const north = { name: 'north', externalId: '17', body: { token: 'north-north' } }
  const south = { name: 'south', externalId: '9007199254740993', body: { token: 'south-south' } }
  const usual = { name: 'usual', body: { token: 'usual-usual' } }
  const all = [north, south, usual]

  test.each<[string, string, string | null]>([
    ['$.data.clinic', '{"data":{"clinic":"17"}}', 'north'],
    ['$.data.clinic', '{"data":{"clinic":17}}', 'north'],
    ['$.data.clinic', '{"data":{"clinic":9007199254740993}}', 'south'],
    ['$.data.clinic', '{"data":{"clinic":9007199254740992}}', 'usual'],
    ['$.data[1].clinic', '{"data":[{"clinic":17},{"clinic":"9007199254740993"}]}', 'south'],
    ['$.data[2].clinic', '{"data":[{"clinic":4},{"clinic":17}]}', 'usual'],
    ["$['the data'].clinic-id", '{"the data":{"clinic-id":"17"}}', 'north'],
    ['$.data.length', '{"data":[]}', 'usual'],
    ['$.data.clinic', 'no JSON', 'usual'],
    ['$.data.clinic', '{"data":{"clinic":{"17":17}}}', 'usual'],
    ['$.data.clinic', '{"data":{}}', 'usual'],
    ['$.data.clinic', 'null', 'usual'],
    ['$.data.clinic', '"17"', 'usual'],
  ])('that looks at %s finds in %s %s', async (path, input, name) => {
    const { of } = await opened([...all, keychain(path, 'usual')])
    expect((await of('by-clinic', input)).configuration).toEqual(all.find((one) => one.name === name)?.body)
  })

  test('that finds none, and has no default, gives no configuration', async () => {
    const { of } = await opened([...all, keychain('$.data.clinic')])
    expect(await of('by-clinic', '{"data":{"clinic":"18"}}')).toEqual({ configuration: null, secrets: [] })
  })

  test('finds only what the project of the run may use', async () => {
    const { of } = await opened([
      { ...north, projects: ['demo'] },
      { ...usual, projects: ['clinic'] },
      keychain('$.c', 'usual'),
    ])
    expect((await of('by-clinic', '{"c":"17"}')).configuration).toEqual(usual.body)
    const { of: ofOther } = await opened([{ ...usual, projects: ['demo'] }, keychain('$.c', 'usual')])
    expect(await refused(ofOther('by-clinic', '{"c":"17"}'))).toContain('falls back on "usual"')
  })
})

describe('an OAuth2 credential', () => {
  const base = { client_id: 'us', client_secret: 'hush-hush-hush' }
  const served = async (
    answer: (count: number) => Given | Promise<Given>,
    body: object = {},
    more: Partial<CredentialsDeps> = {},
  ) => {
    const server = await openTokenServer((_, count) => answer(count))
    onTestFinished(() => server[Symbol.asyncDispose]())
    const clock = { ms: 1_000_000 }
    const wish = { kind: 'oauth2', body: { token_url: server.url, ...base, ...body } } as const
    return { server, clock, ...(await opened([wish], { now: () => clock.ms, ...more })) }
  }
  const token = (count: number, more: object = {}): Given => ({
    body: { access_token: `token-number-${count}`, token_type: 'Bearer', expires_in: 600, ...more },
  })

  test('gets a token by who we are, and the job sees it with what else was said, and not how it was got', async () => {
    const { server, of } = await served((count) => token(count, { instance_url: 'https://us.example' }), {
      scope: 'api read',
      apiVersion: '52.0',
    })
    const { configuration, secrets } = await of()
    expect(server.asked[0]?.form).toEqual({ grant_type: 'client_credentials', scope: 'api read', ...base })
    expect(configuration).toEqual({
      ...{ scope: 'api read', apiVersion: '52.0', instance_url: 'https://us.example', token_type: 'Bearer' },
      ...{ access_token: 'token-number-1', expires_in: 600, expires_at: 1_600 },
    })
    expect(secrets.toSorted()).toEqual(['hush-hush-hush', 'token-number-1'])
  })

  test('says who we are in the header, when that is wanted', async () => {
    const { server, of } = await served((count) => token(count), {
      auth: 'basic',
      client_id: 'a b',
      client_secret: 'p:ss/word',
    })
    await of()
    expect(server.asked[0]?.form).toEqual({ grant_type: 'client_credentials' })
    expect(server.asked[0]?.headers.authorization).toBe(`Basic ${Buffer.from('a+b:p%3Ass%2Fword').toString('base64')}`)
  })

  test('is asked for once by all who wait, and anew shortly before it expires', async () => {
    const { server, clock, of } = await served((count) => token(count))
    const many = await Promise.all(Array.from({ length: 20 }, () => of()))
    expect([server.asked.length, new Set(many.map(({ secrets }) => secrets)).size]).toEqual([1, 1])
    clock.ms += 539_000
    expect((await of()).configuration?.['access_token']).toBe('token-number-1')
    clock.ms += 2_000
    const later = await Promise.all(Array.from({ length: 20 }, () => of()))
    expect([server.asked.length, later[19]?.configuration?.['access_token']]).toEqual([2, 'token-number-2'])
  })

  test('that was refused is told in the words of the server, but for secrets, and asked for again by the next', async () => {
    const said = { error: 'invalid_client', error_description: 'hush-hush-hush is wrong' }
    const { server, of } = await served((count) => (count === 1 ? { status: 401, body: said } : token(count)))
    expect(await refused(of())).toBe(
      'The credential "district" got status 401 from its token_url, which says: invalid_client: *** is wrong.',
    )
    expect((await of()).configuration?.['access_token']).toBe('token-number-2')
    expect(server.asked.length).toBe(2)
  })

  test.each<[string, Given]>([
    ['no JSON', { body: '<html>' }],
    ['no token', { body: { token: 'x' } }],
  ])('that answers %s is refused', async (_what, given) => {
    const { of } = await served(() => given)
    expect(await refused(of())).toContain('got no access_token from its token_url')
  })

  test('whose server is away is told', async () => {
    const { server, of } = await served((count) => token(count))
    await server[Symbol.asyncDispose]()
    expect(await refused(of())).toContain('got no answer from its token_url')
  })

  test('a refresh token that the server changes is kept, with the token, for all who come after', async () => {
    const { server, clock, of, house, deps } = await served(
      (count) => token(count, { refresh_token: `refresh-${count}` }),
      {
        refresh_token: 'refresh-0',
      },
    )
    await of()
    expect(server.asked[0]?.form).toMatchObject({ grant_type: 'refresh_token', refresh_token: 'refresh-0' })
    const [kept] = house.catalogue.credentials().values()
    expect([kept?.version, kept?.updatedBy, kept && contentOf(testSecrets, kept).body['refresh_token']]).toEqual([
      2,
      'admin',
      'refresh-1',
    ])
    const another = openCredentials(deps)
    expect((await another.configurationFor('clinic', 'district', '{}')).configuration?.['access_token']).toBe(
      'token-number-1',
    )
    expect((await of()).configuration?.['access_token']).toBe('token-number-1')
    expect(server.asked.length).toBe(1)
    clock.ms += 600_000
    expect((await of()).configuration?.['access_token']).toBe('token-number-2')
    expect(server.asked[1]?.form['refresh_token']).toBe('refresh-1')
  })

  test('one that another runner has used up is asked for again with what that one got', async () => {
    const { server, of, put } = await served(
      async (count) => {
        if (count > 1) return token(count)
        await put({
          version: 2,
          kind: 'oauth2',
          body: { token_url: server.url, ...base, refresh_token: 'refresh-new' },
        })
        return { status: 400, body: { error: 'invalid_grant' } }
      },
      { refresh_token: 'refresh-old' },
    )
    expect((await of()).configuration?.['access_token']).toBe('token-number-2')
    expect(server.asked.map(({ form }) => form['refresh_token'])).toEqual(['refresh-old', 'refresh-new'])
  })

  test('a refresh token that cannot be kept is used on, and kept when that is possible', async () => {
    let isAway = true
    const { clock, server, of, house, deps } = await served(
      (count) => token(count, { refresh_token: `refresh-${count}` }),
      {
        refresh_token: 'refresh-0',
      },
    )
    const { configurationFor } = openCredentials({
      ...deps,
      write: async (change, signal) => {
        if (isAway) throw new Error('away')
        return await deps.write(change, signal)
      },
    })
    const given = async () => (await configurationFor('clinic', 'district', '{}')).configuration?.['access_token']
    expect(await given()).toBe('token-number-1')
    expect(house.catalogue.credentials().get('district')?.version).toBe(1)
    isAway = false
    clock.ms += 600_000
    expect(await given()).toBe('token-number-2')
    expect(server.asked.map(({ form }) => form['refresh_token'])).toEqual(['refresh-0', 'refresh-1'])
    expect(house.catalogue.credentials().get('district')?.version).toBe(2)
    expect((await of()).configuration?.['access_token']).toBe('token-number-2')
  })
})
