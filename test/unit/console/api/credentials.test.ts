import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeCredential } from '../../../../infra/catalogue/write-credential.ts'
import { definitionsTopic } from '../../../../topology/topics.ts'
import { changeTo, credentialOf } from '../../../fixtures/credentials.ts'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'
import { never } from '../../../fixtures/memory-house.ts'

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
})
afterAll(() => doors[Symbol.asyncDispose]())

const at = (name: string): string => `/api/credentials/${name}`
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  doors.api(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
const put = (name: string, body: unknown, headers?: Record<string, string>) => send('PUT', at(name), body, headers)
const json = async (answer: Response | Promise<Response>, status = 200): Promise<Record<string, unknown>> => {
  const given = await answer
  expect(given.status).toBe(status)
  return (await given.json()) as Record<string, unknown>
}
const body = { baseUrl: 'https://district.example', token: 'k7Vb-2mPq' }

describe('a credential', () => {
  test('is made, listed without what it holds, and read by its owner', async () => {
    const made = await put('district', { kind: 'raw', body })
    expect([made.headers.get('etag'), made.headers.get('cache-control')]).toEqual(['"1"', 'no-store'])
    const item = {
      name: 'district',
      kind: 'raw',
      owner: 'admin',
      projects: null,
      external_id: null,
      version: 1,
      updated_by: 'admin',
    }
    expect(await json(made)).toEqual({ ...item, updated_at: expect.stringMatching(/Z$/) })
    const whole = await doors.api(at('district'))
    expect([whole.headers.get('etag'), whole.headers.get('cache-control')]).toEqual(['"1"', 'no-store'])
    expect(await json(whole)).toMatchObject({ ...item, body, schema: null })
    const listed = await doors.api('/api/credentials')
    const text = await listed.text()
    expect(text).not.toContain('k7Vb-2mPq')
    expect(JSON.parse(text)).toEqual({ items: [expect.objectContaining(item)], next: null })
    expect(Object.keys((JSON.parse(text) as { items: object[] }).items[0] ?? {})).not.toContain('body')
  })

  test('keeps all digits, its schema, its projects', async () => {
    const text =
      '{"kind":"typed","schema":{"properties":{"pin":{"writeOnly":true}}},"body":{"pin":9007199254740993},"projects":["b","a"],"external_id":"d-7"}'
    await json(put('typed', text))
    const whole = await doors.api(at('typed'))
    const said = await whole.text()
    expect(said).toContain('"body":{"pin":9007199254740993}')
    expect(JSON.parse(said)).toMatchObject({
      projects: ['a', 'b'],
      external_id: 'd-7',
      schema: { properties: { pin: { writeOnly: true } } },
    })
  })

  test('may be written in YAML', async () => {
    await json(put('yaml', 'kind: raw\nbody: { token: hush }', { 'content-type': 'application/yaml' }))
    expect(await json(doors.api(at('yaml')))).toMatchObject({ body: { token: 'hush' } })
  })

  test('lies in the log as ciphertext only', async () => {
    await json(put('hidden', { kind: 'raw', body: { token: 'not-to-be-seen' } }))
    let all = ''
    for await (const item of doors.log.tail(definitionsTopic, never)) {
      if (item.kind === 'caught-up') break
      all += `${item.record.key} ${item.record.value}\n`
    }
    expect(all).toContain('credential/hidden')
    expect(all).not.toContain('not-to-be-seen')
    expect(all).not.toContain(Buffer.from('not-to-be-seen').toString('base64').slice(0, 16))
  })

  test('changes only from the version that the change was based on', async () => {
    await json(put('guarded', { kind: 'raw', body: { a: 1 } }))
    const second = await put('guarded', { kind: 'raw', body: { a: 2 } }, { 'if-match': '"1"' })
    expect([second.status, second.headers.get('etag')]).toEqual([200, '"2"'])
    for (const late of [
      await put('guarded', { kind: 'raw', body: { a: 3 } }, { 'if-match': '"1"' }),
      await send('DELETE', at('guarded'), undefined, { 'if-match': '"1"' }),
      await send('POST', `${at('guarded')}/transfer`, { owner: 'amina' }, { 'if-match': '"1"' }),
      await put('nowhere', { kind: 'raw', body: {} }, { 'if-match': '*' }),
    ])
      expect(late.status).toBe(409)
    expect(await json(doors.api(at('guarded')))).toMatchObject({ version: 2, body: { a: 2 } })
  })

  test('is checked, and not changed, when that is all that is wanted', async () => {
    await json(put('tried', { kind: 'raw', body: { a: 1 } }))
    expect(await json(send('PUT', `${at('tried')}?dry_run=true`, { kind: 'raw', body: { a: 2 } }))).toMatchObject({
      version: 2,
    })
    await json(send('DELETE', `${at('tried')}?dry_run=true`))
    await json(send('POST', `${at('tried')}/transfer?dry_run=true`, { owner: 'amina' }))
    expect(await json(doors.api(at('tried')))).toMatchObject({ version: 1, owner: 'admin', body: { a: 1 } })
  })

  test('goes, and can be made again; its versions count on', async () => {
    await json(put('gone', { kind: 'raw', body: {} }))
    expect(await json(send('DELETE', at('gone')))).toMatchObject({ name: 'gone', version: 2 })
    for (const method of ['GET', 'DELETE']) await json(send(method, at('gone')), 404)
    expect(await json(put('gone', { kind: 'raw', body: {} }))).toMatchObject({ version: 3 })
  })

  test('is its new owner’s after a transfer, and nobody else reads or changes it', async () => {
    await json(put('given', { kind: 'raw', body }))
    expect(await json(send('POST', `${at('given')}/transfer`, { owner: 'amina' }))).toMatchObject({
      owner: 'amina',
      version: 2,
    })
    for (const refused of [doors.api(at('given')), put('given', { kind: 'raw', body: {} })])
      expect((await json(refused, 403))['detail']).toContain(
        'belongs to amina, who alone may read it and change what it holds; an administrator may transfer it and delete it',
      )
    const { items } = (await json(doors.api('/api/credentials'))) as unknown as {
      items: { name: string; owner: string }[]
    }
    expect(items.find(({ name }) => name === 'given')?.owner).toBe('amina')
  })

  test('that is another’s can be transferred back and deleted by the administrator', async () => {
    await json(put('lost', { kind: 'raw', body }))
    await json(send('POST', `${at('lost')}/transfer`, { owner: 'amina' }))
    await json(send('POST', `${at('lost')}/transfer`, { owner: 'admin' }))
    expect(await json(doors.api(at('lost')))).toMatchObject({ owner: 'admin', version: 3, body })
    await json(send('POST', `${at('lost')}/transfer`, { owner: 'amina' }))
    expect(await json(send('DELETE', at('lost')))).toMatchObject({ owner: 'amina', version: 5 })
  })
})

describe('refused with what is wrong, and nothing is changed:', () => {
  test.each<[string, unknown, number, string]>([
    ['No-Name', { kind: 'raw', body: {} }, 400, 'cannot be the name of a credential'],
    ['broken', '{', 400, 'cannot be read'],
    ['wrong', { kind: 'raw', body: [] }, 422, 'nothing was changed'],
    ['large', { kind: 'raw', body: { a: 'x'.repeat(250_000) } }, 413, 'larger'],
  ])('%s', async (name, sent, status, said) => {
    expect((await json(put(name, sent), status))['detail']).toContain(said)
    expect((await doors.api(at(name))).status).toBe(404)
  })

  test('every problem has its place', async () => {
    const text =
      '{\n  "kind": "oauth2",\n  "body": { "token_url": "nowhere", "client_id": "us", "client_secret": "hush-hush" }\n}'
    const { problems } = await json(put('wrong', text), 422)
    expect(problems).toEqual([
      {
        path: 'body.token_url',
        message: 'Must be an address that begins with https:// or http://.',
        line: 3,
        column: 13,
      },
    ])
  })

  test('an external_id that another has in one of its projects', async () => {
    await json(put('north', { kind: 'raw', body: {}, external_id: '17', projects: ['a'] }))
    const refused = await json(put('south', { kind: 'raw', body: {}, external_id: '17' }), 409)
    expect(refused['detail']).toContain('The credential "north" has this external_id')
    await json(put('south', { kind: 'raw', body: {}, external_id: '17', projects: ['b'] }))
  })

  test.each([{}, { owner: '' }, { owner: 1 }, { owner: ' x' }, { owner: 'a', name: 'b' }, []])(
    'a transfer to %j',
    async (to) => {
      await put('mine', { kind: 'raw', body: {} })
      await json(send('POST', `${at('mine')}/transfer`, to), 422)
      expect(await json(doors.api(at('mine')))).toMatchObject({ owner: 'admin' })
    },
  )

  test('what was sealed with another key, by the name of that key', async () => {
    const { log, catalogue } = doors
    await writeCredential(changeTo(credentialOf({ name: 'foreign' })), { log, catalogue, signal: never })
    expect((await json(doors.api(at('foreign')), 409))['detail']).toMatch(
      /sealed with the SECRET_KEY [0-9a-f]{8}, and this process/,
    )
    expect(await json(put('foreign', { kind: 'raw', body: {} }))).toMatchObject({ version: 2 })
  })

  test('anything secret, where no SECRET_KEY is set', async () => {
    await using keyless = await openDoors({ secretKey: null })
    const refused = await keyless.api(at('a'), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"kind":"raw","body":{}}',
    })
    expect((await json(refused, 409))['detail']).toContain('set SECRET_KEY')
  })
})

describe('a job that names a credential', () => {
  const job = (credential: string) => ({ j: { expression: 'fn(state => state)', credential } })
  const deployed = (name: string, credential: string) =>
    send('PUT', `/api/projects/${name}`, { name, jobs: job(credential) })

  test('is deployed when that is there for the project, and else refused with what there is', async () => {
    await json(put('for-one', { kind: 'raw', body: {}, projects: ['one'] }))
    await json(deployed('one', 'for-one'))
    expect(doors.catalogue.projects().get('one')?.project.jobs.get('j')?.credential).toBe('for-one')
    const { problems } = await json(deployed('one', 'for-on'), 422)
    expect(problems).toMatchObject([
      {
        path: 'jobs.j.credential',
        message: expect.stringMatching(
          /^There is no credential "for-on"; did you mean "for-one"\? PUT \/api\/credentials\/for-on makes it/,
        ),
      },
    ])
    const { problems: ofOther } = await json(deployed('two', 'for-one'), 422)
    expect(JSON.stringify(ofOther)).toContain('There is no credential \\"for-one\\"')
  })

  test('keeps it from being deleted until it is deployed without', async () => {
    await json(put('needed', { kind: 'raw', body: {} }))
    for (const name of ['uses-b', 'uses-a']) await json(deployed(name, 'needed'))
    for (const path of [at('needed'), `${at('needed')}?dry_run=true`])
      expect((await json(send('DELETE', path), 409))['detail']).toBe(
        'The credential "needed" is named by jobs that are deployed (project/job): uses-a/j, uses-b/j. Deploy them with another or without one first.',
      )
    await json(put('other', { kind: 'raw', body: {} }))
    await json(deployed('uses-a', 'other'))
    await json(send('DELETE', '/api/projects/uses-b'))
    await json(send('DELETE', at('needed')))
  })
})
