import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

const document = (name: string, more: object = {}) => ({
  name,
  sources: { inbox: { type: 'webhook', path: 'in' } },
  triggers: { all: { type: 'message' } },
  jobs: { only: { trigger: 'all', expression: 'fn(state => state)' } },
  ...more,
})

type Deployed = {
  project: string
  deploy: number
  dry_run: boolean
  notes: string[]
  difference: Record<'sources' | 'triggers' | 'jobs', { added: string[]; removed: string[] }>
  sources: Record<string, { id: string; url: string; inbox_url: string; path_url: string }>
}

let doors: Doors
beforeAll(async () => {
  doors = await openDoors({
    compile: (code) =>
      code.includes('if')
        ? { kind: 'problem', message: 'no if here', line: 2, column: 3 }
        : { kind: 'compiled', text: code },
  })
})
afterAll(() => doors[Symbol.asyncDispose]())

const put = (name: string, body: unknown, headers: Record<string, string> = {}, query = '') =>
  doors.api(`/api/projects/${name}${query}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  })
const deployed = async (answer: Response): Promise<Deployed> => {
  expect(answer.status).toBe(200)
  return (await answer.json()) as Deployed
}
const problem = async (answer: Response) => {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  return (await answer.json()) as {
    status: number
    detail: string
    problems: Record<string, unknown>[]
    deploy: number
  }
}

describe('deploying', () => {
  test('a first deploy says what is new, its number, and where the sources are reached', async () => {
    const answer = await put('first', document('first'))
    expect(answer.headers.get('etag')).toBe('"1"')
    const said = await deployed(answer)
    expect(said).toMatchObject({ project: 'first', deploy: 1, dry_run: false })
    expect(said.difference.jobs.added).toEqual(['only'])
    const { id, url, inbox_url, path_url } = said.sources['inbox'] ?? expect.fail('no source')
    expect([url, inbox_url, path_url]).toEqual([
      `${doors.url}/i/${id}`,
      `${doors.url}/inbox/${id}`,
      `${doors.url}/i/first/in`,
    ])
    for (const address of [url, inbox_url, path_url]) {
      const sent = await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
      expect(sent.ok).toBe(true)
    }
  })

  test('the next deploy counts up, says what changed and keeps the id of the source', async () => {
    const first = await deployed(await put('second', document('second')))
    const next = await deployed(await put('second', document('second', { jobs: {} })))
    expect(next.deploy).toBe(2)
    expect(next.difference.jobs).toMatchObject({ added: [], removed: ['only'] })
    expect(next.sources['inbox']?.id).toBe(first.sources['inbox']?.id)
  })

  test('the same again is no deploy', async () => {
    await put('same', document('same'))
    expect(await deployed(await put('same', document('same')))).toMatchObject({ deploy: 1 })
  })

  test('a dry run says the same and does nothing', async () => {
    const said = await deployed(await put('dry', document('dry'), {}, '?dry_run=true'))
    expect(said).toMatchObject({ deploy: 0, dry_run: true, difference: { jobs: { added: ['only'] } } })
    expect((await doors.api('/api/projects/dry')).status).toBe(404)
  })

  test('what does nothing is noted with its place', async () => {
    const jobs = { lonely: { expression: 'fn(state => state)' } }
    const said = await deployed(await put('noted', document('noted', { jobs }), {}, '?dry_run=true'))
    expect(said.notes).toEqual([
      'triggers.all: No job names this trigger, so it starts nothing.',
      'jobs.lonely: Has no trigger, so it never runs: name one as "trigger".',
    ])
    expect(await deployed(await put('noted', document('noted')))).toMatchObject({ notes: [] })
  })

  test('a dry run gives no address that the deploy would draw anew', async () => {
    const id = '018f2b1c-0000-7000-8000-0000000000d7'
    const sources = { named: { type: 'webhook', id }, drawn: { type: 'webhook' } }
    const dry = await deployed(await put('drawn', document('drawn', { sources }), {}, '?dry_run=true'))
    expect(Object.keys(dry.sources)).toEqual(['named'])
    const first = await deployed(await put('drawn', document('drawn', { sources })))
    expect(Object.keys(first.sources)).toEqual(['named', 'drawn'])
    const again = await deployed(await put('drawn', document('drawn', { sources, jobs: {} }), {}, '?dry_run=true'))
    expect(again.sources).toEqual(first.sources)
  })

  test.each(['application/yaml', 'text/yaml', 'application/x-yaml; charset=utf-8'])(
    'YAML comes as %s',
    async (type) => {
      const yaml = 'name: yaml\ntriggers:\n  all: { type: message, filter: { big: 9007199254740993 } }\n'
      await deployed(await put('yaml', yaml, { 'content-type': type }))
      expect(await (await doors.api('/api/projects/yaml')).text()).toContain('"big":9007199254740993}')
    },
  )

  test('exact numbers come back as they were sent', async () => {
    const filter = '{"big":9007199254740993,"small":0.10000000000000000555,"huge":1e400,"decimal":1.25}'
    const text = JSON.stringify(document('exact', { triggers: { all: { type: 'message', filter: 0 } } }))
    await deployed(await put('exact', text.replace('"filter":0', `"filter":${filter}`)))
    expect(await (await doors.api('/api/projects/exact')).text()).toContain(`"filter":${filter}`)
  })
})

describe('refusals', () => {
  test('a text that cannot be read is 400 with the place', async () => {
    const said = await problem(await put('bad', '{\n  "name": }'))
    expect(said).toMatchObject({ status: 400, problems: [{ line: 2, column: 11, message: expect.any(String) }] })
    expect(await problem(await put('bad', 'a: [', { 'content-type': 'application/yaml' }))).toMatchObject({
      status: 400,
    })
    expect(await problem(await put('bad', ''))).toMatchObject({ status: 400 })
    expect(await problem(await put('bad', Buffer.from([0xff])))).toMatchObject({ status: 400 })
  })

  test('all that is wrong is told at once, each with its path and place; nothing is changed', async () => {
    const text = JSON.stringify(
      document('bad', {
        jobs: { one: { triger: 'all', expression: 'fn(1)' }, two: { trigger: 'none', expression: 'if' } },
      }),
      null,
      2,
    )
    const said = await problem(await put('bad', text))
    expect(said.status).toBe(422)
    expect(said.problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['jobs.one.triger', 'jobs.two.trigger', 'jobs.two.expression']),
    )
    for (const { line, column } of said.problems)
      expect([line, column]).toEqual([expect.any(Number), expect.any(Number)])
    expect((await doors.api('/api/projects/bad')).status).toBe(404)
  })

  test.each([
    ['another name than the address', 'bad', document('other'), {}, 422],
    ['a name that is none', 'Bad_Name', document('Bad_Name'), {}, 400],
    ['a content type that is none of ours', 'bad', 'x', { 'content-type': 'text/plain' }, 415],
    ['more than 10 MB', 'bad', Buffer.alloc(20_000_000, 0x20), {}, 413],
  ])('%s is refused', async (_what, name, body, headers, status) => {
    expect(await problem(await put(name, body, headers))).toMatchObject({ status })
  })

  test('an unknown query parameter is refused with the known one', async () => {
    expect(await problem(await put('bad', document('bad'), {}, '?dryrun=true'))).toMatchObject({
      status: 400,
      detail: expect.stringContaining('dry_run'),
    })
  })

  test('a change that was based on an older deploy is 409 with the current one', async () => {
    await put('race', document('race'))
    const stale = await put('race', document('race', { jobs: {} }), { 'if-match': '"0"' })
    expect(stale.headers.get('etag')).toBe('"1"')
    expect(await problem(stale)).toMatchObject({ status: 409, deploy: 1 })
    expect((await put('race', document('race', { jobs: {} }), { 'if-match': '"1"' })).status).toBe(200)
    expect((await put('new', document('new'), { 'if-match': '*' })).status).toBe(409)
  })

  test('of two changes at once one is 409, or both came one after the other', async () => {
    await put('two', document('two'))
    const both = await Promise.all([
      put('two', document('two', { description: 'a' }), { 'if-match': '"1"' }),
      put('two', document('two', { description: 'b' }), { 'if-match': '"1"' }),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  test('without the token nothing is said', async () => {
    for (const path of ['/api/projects', '/api/projects/first', '/api/projects/none', '/api/info']) {
      const answer = await problem(await fetch(doors.url + path))
      expect(answer).toMatchObject({ status: 401, detail: expect.stringContaining('the file admin-token in DATA_DIR') })
    }
  })
})

describe('reading and deleting', () => {
  test('a project is its document, with ids of sources, and its deploy as ETag', async () => {
    await put('read', document('read'))
    const answer = await doors.api('/api/projects/read')
    expect(answer.headers.get('etag')).toBe('"1"')
    const found = (await answer.json()) as { sources: { inbox: { id: string } } }
    expect(found).toEqual(
      document('read', { sources: { inbox: { type: 'webhook', path: 'in', id: found.sources.inbox.id } } }),
    )
    expect(await deployed(await put('read', found))).toMatchObject({ deploy: 1 })
  })

  test.each([
    ['application/yaml', 'application/yaml'],
    ['text/html, application/json;q=0.5, text/yaml', 'text/yaml'],
    ['*/*', 'application/json'],
    ['application/json, application/yaml', 'application/json'],
    ['application/yaml;q=0, application/json;q=0.1', 'application/json'],
  ])('who accepts %s gets %s, with every digit, and may send it again', async (accept, type) => {
    const filter = '{"big":9007199254740993}'
    const text = JSON.stringify(document('spoken', { triggers: { all: { type: 'message', filter: 0 } } }))
    await deployed(await put('spoken', text.replace('"filter":0', `"filter":${filter}`)))
    const answer = await doors.api('/api/projects/spoken', { headers: { accept } })
    expect(answer.headers.get('content-type')).toBe(type)
    const given = await answer.text()
    expect(given).toMatch(/big"?: ?9007199254740993/)
    expect(given.startsWith('{')).toBe(type === 'application/json')
    expect(await deployed(await put('spoken', given, { 'content-type': type }))).toMatchObject({ deploy: 1 })
  })

  test('the list has every project by name, with addresses', async () => {
    await put('listed', document('listed'))
    const { items, next } = (await (await doors.api('/api/projects')).json()) as {
      items: { name: string; sources: object }[]
      next: null
    }
    expect(next).toBeNull()
    expect(items.map(({ name }) => name)).toEqual(items.map(({ name }) => name).toSorted())
    expect(items.find(({ name }) => name === 'listed')).toMatchObject({
      deploy: 1,
      sources: { inbox: { enabled: true, url: expect.stringContaining('/i/') } },
      jobs: [{ name: 'only', version: 1, enabled: true }],
    })
  })

  test('a deleted project takes no messages; deployed again it has its old address', async () => {
    const { sources } = await deployed(await put('gone', document('gone')))
    const url = sources['inbox']?.url ?? ''
    const remove = (headers = {}) => doors.api('/api/projects/gone', { method: 'DELETE', headers })
    expect((await remove({ 'if-match': '"7"' })).status).toBe(409)
    expect(await deployed(await remove())).toMatchObject({ deploy: 2, difference: { jobs: { removed: ['only'] } } })
    expect((await remove()).status).toBe(404)
    expect((await fetch(url)).status).toBe(404)
    expect(await deployed(await put('gone', document('gone')))).toMatchObject({ deploy: 3 })
    expect((await fetch(url)).status).toBe(200)
  })

  test('unknown projects are 404', async () => {
    for (const name of ['none', 'constructor', '__proto__', '%00']) {
      expect((await doors.api(`/api/projects/${name}`)).status).toBe(404)
    }
  })
})

test('while the log is away a deploy is 503', async () => {
  const { Fault } = await import('../../../../topology/flow/fault.ts')
  const away = async () => {
    throw new Fault('log-unavailable', 'as said')
  }
  await using broken = await openDoors({
    around: (log) => ({ ...log, [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](), append: away }),
  })
  const answer = await broken.api('/api/projects/any', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document('any')),
  })
  expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
})
