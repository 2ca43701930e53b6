import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '../../../../topology/flow/fault.ts'
import { type MessageId, runIdOf, timeOf } from '../../../../topology/words/ids.ts'
import { traceOf } from '../../../../topology/words/trace.ts'
import { type Doors, openDoors } from '../../../fixtures/doors.ts'

const id = (last: string): string => `018f2b1c-0000-7000-8000-00000000000${last}`
const door = `/inbox/${id('1')}`
const project = {
  name: 'clinic',
  sources: {
    open: { type: 'webhook', id: id('1') },
    closed: { type: 'webhook', id: id('2'), enabled: false },
    small: { type: 'webhook', id: id('3'), path: 'registrations', max_body_bytes: 100 },
    keyed: { type: 'webhook', id: id('4'), key: '$.patient.id' },
    named: { type: 'webhook', id: id('5'), key: 'header:X-Patient' },
    workflow: { type: 'webhook', id: id('6') },
    several: { type: 'webhook', id: id('7') },
    filtered: { type: 'webhook', id: id('8') },
  },
  triggers: {
    all: { type: 'message', source: 'workflow' },
    some: { type: 'message', source: 'filtered', filter: {} },
    many: { type: 'message', source: 'several' },
    any: { type: 'message' },
  },
  jobs: {
    only: { trigger: 'all', expression: 'fn(state => state)' },
    asleep: { trigger: 'all', enabled: false, expression: 'fn(state => state)' },
    some: { trigger: 'some', expression: 'fn(state => state)' },
    one: { trigger: 'many', expression: 'fn(state => state)' },
    two: { trigger: 'many', expression: 'fn(state => state)' },
    any: { trigger: 'any', expression: 'fn(state => state)' },
  },
}

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
  await doors.deploy(project)
})
afterAll(() => doors[Symbol.asyncDispose]())

/** Sends what is accepted, and gives its record as the roles will read it. */
const accepted = async (...[path, body, headers]: Parameters<Doors['post']>) => {
  const answer = await doors.post(path, body, headers)
  expect([answer.status, answer.ok ? '' : await answer.text()]).toEqual([path.startsWith('/i/') ? 200 : 202, ''])
  const said = (await answer.json()) as Record<string, string | null>
  const found = (await doors.intake('clinic')).find(
    (message) => message.id === (said['message_id'] ?? said['work_order_id']),
  )
  if (found === undefined) throw new Error('the message is not in the log')
  return { answer, said, message: found }
}

const refused = async (...[path, body, headers]: Parameters<Doors['post']>) => {
  const answer = await doors.post(path, body, headers)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  return { status: answer.status, detail: ((await answer.json()) as { detail: string }).detail, answer }
}

describe('answers', () => {
  test('/inbox/ says 202 with the message id and when it was accepted', async () => {
    const { answer, said, message } = await accepted(door, '{"a":1}')
    expect(said).toEqual({ message_id: message.id, accepted_at: new Date(timeOf(message.id)).toISOString() })
    expect(answer.headers.get('x-meta-work-order-id')).toBe(message.id)
    expect(answer.headers.get('x-meta-run-id')).toBeNull()
    expect(message).toMatchObject({
      project: 'clinic',
      source: 'open',
      key: message.id,
      contentType: 'application/json',
    })
  })

  test('/i/ says 200 with the work order, and no run while only the filter can know it', async () => {
    const { answer, said, message } = await accepted(`/i/${id('1')}`, '{}')
    expect(said).toEqual({ work_order_id: message.id, run_id: null })
    expect(answer.headers.has('x-meta-run-id')).toBe(false)
  })

  test('the run is told where one enabled job takes everything from the source', async () => {
    const run = (message: string) => runIdOf({ message: message as MessageId, job: 'only', parent: null, replay: '' })
    const { answer, said, message } = await accepted(`/i/${id('6')}`, '{}')
    expect(said['run_id']).toBe(run(message.id))
    expect(answer.headers.get('x-meta-run-id')).toBe(run(message.id))
    const inbox = await accepted(`/inbox/${id('6')}`, '{}')
    expect(inbox.answer.headers.get('x-meta-run-id')).toBe(run(inbox.message.id))
  })

  test('no run is told where a trigger has a filter, or several jobs hang on it', async () => {
    expect((await accepted(`/i/${id('7')}`, '{}')).said['run_id']).toBeNull()
    expect((await accepted(`/i/${id('8')}`, '{}')).said['run_id']).toBeNull()
  })

  test('GET says that there is a source and starts nothing', async () => {
    const before = (await doors.intake('clinic')).length
    const answer = await fetch(`${doors.url}${door}?a=1`)
    expect([answer.status, ((await answer.json()) as { message: string }).message]).toEqual([
      200,
      expect.stringContaining('Source found'),
    ])
    expect(await doors.intake('clinic')).toHaveLength(before)
  })

  test('OPTIONS allows web pages to send, and every answer lets them read it', async () => {
    const asked = await fetch(doors.url + door, {
      method: 'OPTIONS',
      headers: { 'access-control-request-headers': 'content-type,x-api-key' },
    })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe('*')
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST')
    expect(asked.headers.get('access-control-allow-headers')).toBe('content-type,x-api-key')
    for (const body of ['{}', '{', Buffer.alloc(11_000_000)]) {
      expect((await doors.post(door, body)).headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  test('messages and their bytes are counted by source', async () => {
    await using own = await openDoors()
    await own.deploy(project)
    await own.post(door, '{"a":1}')
    const text = await own.meter.text()
    expect(text).toContain('penstock_intake_messages_total{project="clinic",source="open"} 1')
    expect(text).toContain('penstock_intake_bytes_total{project="clinic",source="open"} 7')
  })

  test('refusals are counted by why, and by project where it is known', async () => {
    await using own = await openDoors()
    await own.deploy(project)
    await own.post(door, '{')
    await own.post(door, '<a/>', { 'content-type': 'text/xml' })
    await own.post('/i/nowhere', '{}')
    const text = await own.meter.text()
    expect(text).toContain('penstock_intake_refusals_total{project="clinic",reason="body-unreadable"} 1\n')
    expect(text).toContain('penstock_intake_refusals_total{project="clinic",reason="content-type"} 1\n')
    expect(text).toContain('penstock_intake_refusals_total{reason="source-unknown"} 1\n')
    expect(text).not.toContain('penstock_intake_messages_total{')
  })
})

describe('addresses', () => {
  test('ids in capitals are the same ids', async () => {
    await accepted(`/inbox/${id('1').toUpperCase()}`, '{}')
    await accepted(`/i/${id('1').toUpperCase()}/more`, '{}')
  })

  test('a source with a path is reached by project and path; further segments are kept', async () => {
    const { message } = await accepted('/i/clinic/registrations/north/caf%C3%A9%2F1?x=1&x=2&y=', '{}')
    expect(message.source).toBe('small')
    expect(message.request).toMatchObject({
      method: 'POST',
      path: ['i', 'clinic', 'registrations', 'north', 'café/1'],
      query_params: { x: ['1', '2'], y: '' },
    })
  })

  test.each([
    ['an id that no source has', `/i/${id('9')}`],
    ['an id that is none', '/inbox/not-an-id'],
    ['no id', '/i/'],
    ['a path that no source has', '/i/clinic/other'],
    ['a path of another project', '/i/other/registrations'],
    ['a name from the prototype', '/i/constructor/__proto__'],
  ])('%s is 404', async (_what, path) => {
    expect(await refused(path, '{}')).toMatchObject({ status: 404 })
    expect((await fetch(doors.url + path)).status).toBe(404)
  })

  test('a disabled source is 403, for GET too', async () => {
    expect(await refused(`/inbox/${id('2')}`, '{}')).toMatchObject({ status: 403 })
    expect((await fetch(`${doors.url}/inbox/${id('2')}`)).status).toBe(403)
  })

  test('other methods are 405 with the methods that there are', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const answer = await fetch(doors.url + door, { method })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, expect.stringContaining('POST')])
    }
  })

  test('the unknown is said before the wrong', async () => {
    expect(await refused(`/i/${id('9')}`, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 404 })
    expect(await refused(`/i/${id('2')}`, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 403 })
    expect(await refused(door, Buffer.alloc(11_000_000), { 'content-type': 'text/plain' })).toMatchObject({
      status: 415,
    })
  })
})

describe('bodies', () => {
  test.each([
    ['an object', '{"a":[1,2,{"b":null}]}'],
    ['white space around', ' \r\n\t{} \n'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['an array', '[]'],
    ['a number', '12'],
    ['text', '"hello"'],
    ['true', 'true'],
    ['null', 'null'],
    ['an escaped NUL', '{"a":"x\\u0000y"}'],
    ['a lone surrogate escape', '{"a":"\\ud800"}'],
    ['a key that comes twice', '{"a":1,"a":2}'],
    ['__proto__ and constructor', '{"__proto__":{"x":1},"constructor":{"prototype":{"y":1}}}'],
    ['a number beyond all', '{"a":1e400}'],
    ['more digits than a double has', '{"a":9007199254740993,"b":0.1000000000000000055511151231257827}'],
    ['500 levels', `${'['.repeat(500)}${']'.repeat(500)}`],
    ['brackets within text', `"${'['.repeat(600)}"`],
    ['any script', '{"имя":"患者 🩺"}'],
  ])('%s is accepted and kept byte for byte', async (_what, body) => {
    const { message } = await accepted(door, body)
    expect(message.body.toString('utf8')).toBe(body)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf8"',
    'application/fhir+json',
  ])('the content type %s is JSON', async (type) => {
    expect((await accepted(door, '{}', { 'content-type': type })).message.contentType).toBe(type)
  })

  test.each([
    ['text/plain', 'text/plain'],
    ['text/plain; charset=x', 'text/plain'],
    ['application/x-www-form-urlencoded', '-H "content-type: application/json"'],
    ['application/json; charset=latin1', 'charset "latin1"'],
    ['application/jsonp', 'application/jsonp'],
    ['application/xml', 'application/xml'],
    ['json', 'media type'],
  ])('the content type %s is 415, with what to do', async (type, says) => {
    const { status, detail } = await refused(door, '{}', { 'content-type': type })
    expect([status, detail]).toEqual([415, expect.stringContaining(says)])
  })

  test('a body without a content type is 415, with what to do', async () => {
    const { status, detail } = await refused(door, new Uint8Array([0x7b, 0x7d]), {})
    expect([status, detail]).toEqual([415, expect.stringContaining('content-type is missing')])
  })

  test.each([
    ['nothing but white space', ' \n', 'line 2, column 1'],
    ['nothing but a byte order mark', '\ufeff', 'line 1, column 1'],
    ['an open brace', '{"a":1', 'it ends too early, line 1, column 7'],
    ['a word', 'hello', '"h" may not stand there, line 1, column 1'],
    ['a trailing comma', '{\n  "a": 1,\n}', '"}" may not stand there, line 3, column 1'],
    ['two values', '{} {}', '"{" may not stand there, line 1, column 4'],
    ['single quotes', "{'a':1}", `"'" may not stand there, line 1, column 2`],
    ['a raw line end in text', '{"a":"x\ny"}', '"\\n" may not stand there, line 1, column 8'],
    ['NaN', '{"a":NaN}', '"N" may not stand there, line 1, column 6'],
    ['a form', 'a=1&b=2', 'line 1, column 1'],
  ])('%s is 400 and says where', async (_what, body, where) => {
    const { status, detail } = await refused(door, body)
    expect([status, detail]).toEqual([400, expect.stringContaining(where)])
  })

  test('an empty body is 400, unless there are query parameters: then they are the body', async () => {
    expect(await refused(door, '')).toMatchObject({ status: 400, detail: expect.stringContaining('empty') })
    expect(await refused(door)).toMatchObject({ status: 400 })
    expect(await refused(door, null, { 'content-type': 'text/plain' })).toMatchObject({ status: 400 })
    const { message } = await accepted(`${door}?name=Sample%20Oak&tag=a&tag=b&__proto__=x`, null, {})
    expect(message.body.toString()).toBe('{"name":"Sample Oak","tag":["a","b"],"__proto__":"x"}')
    expect(message.contentType).toBe('application/json')
  })

  test('with a body, query parameters stay beside it', async () => {
    const { message } = await accepted(`${door}?a=1`, '{"b":2}')
    expect(message.body.toString()).toBe('{"b":2}')
    expect(message.request).toMatchObject({ query_params: { a: '1' } })
  })

  test.each([
    ['a broken sequence', [0x22, 0xc3, 0x28, 0x22]],
    ['an overlong one', [0x22, 0xc0, 0x80, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0, 0x7d, 0]],
  ])('%s is no UTF-8 and is 400', async (_what, bytes) => {
    expect(await refused(door, Buffer.from(bytes))).toMatchObject({ status: 400, detail: 'The body is not UTF-8.' })
  })

  test.each([
    ['501 levels', `${'['.repeat(501)}${']'.repeat(501)}`],
    ['100,000 levels of arrays', '['.repeat(100_000)],
    ['100,000 levels of objects', '{"a":'.repeat(100_000)],
  ])('%s are 400', async (_what, body) => {
    expect(await refused(door, body)).toMatchObject({ status: 400, detail: expect.stringContaining('deeper than 500') })
  })

  test.each([
    ['with a length', () => Buffer.alloc(20_000_000, 0x20)],
    ['in chunks', () => new Blob([Buffer.alloc(20_000_000, 0x20)]).stream()],
  ])('20 MB %s are 413', async (_how, body) => {
    const answer = await fetch(doors.url + door, {
      method: 'POST',
      body: body(),
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit)
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      413,
      expect.stringContaining('10000000 bytes'),
    ])
  })

  test('the limit is that of the source, to the byte', async () => {
    await accepted(`/inbox/${id('3')}`, `"${'x'.repeat(98)}"`)
    expect(await refused(`/inbox/${id('3')}`, `"${'x'.repeat(99)}"`)).toMatchObject({ status: 413 })
  })

  test('where the log takes smaller records, so does the door, and says how small', async () => {
    await using own = await openDoors({ largestRecord: () => 41_000 })
    await own.deploy(project)
    expect((await own.post(door, `"${'x'.repeat(998)}"`)).status).toBe(202)
    const answer = await own.post(door, `"${'x'.repeat(999)}"`)
    expect([answer.status, await answer.json()]).toEqual([
      413,
      expect.objectContaining({ detail: 'The body is larger than the 1000 bytes that are taken here.' }),
    ])
  })

  test('10 MB are accepted', async () => {
    const { message } = await accepted(door, `"${'x'.repeat(9_999_998)}"`)
    expect(message.body).toHaveLength(10_000_000)
  })
})

describe('keys and headers', () => {
  test.each([
    ['{"patient":{"id":"p-7"}}', 'p-7'],
    ['{"patient":{"id":7}}', '7'],
    ['{"patient":{"id":false}}', 'false'],
    ['{"patient":{"id":"患者\\ud800"}}', '患者\ufffd'],
  ])('the key of %s is %s', async (body, key) => {
    expect((await accepted(`/i/${id('4')}`, body)).message.key).toBe(key)
  })

  test.each(['{}', '[]', '7', 'null', '{"patient":{"id":null}}', '{"patient":{"id":{}}}', '{"patient":{"id":""}}'])(
    'a message without a key, like %s, has its own id as key',
    async (body) => {
      const { message } = await accepted(`/i/${id('4')}`, body)
      expect(message.key).toBe(message.id)
    },
  )

  test('messages without a key are spread over the partitions, by their ids', async () => {
    const sent = await Promise.all(Array.from({ length: 20 }, () => accepted(door, '{}')))
    expect(new Set(sent.map(({ message }) => message.origin.partition)).size).toBeGreaterThan(1)
  })

  test('a key may come from a header', async () => {
    const json = { 'content-type': 'application/json' }
    expect((await accepted(`/i/${id('5')}`, '{}', { ...json, 'X-PATIENT': 'p-8' })).message.key).toBe('p-8')
    const { message } = await accepted(`/i/${id('5')}`, '{}', json)
    expect(message.key).toBe(message.id)
  })

  test('headers are kept, but none that may hold a secret or pass for ours', async () => {
    const sent = {
      'content-type': 'application/json',
      'user-agent': 'sender/1',
      'x-form': Buffer.from('Häuser').toString('latin1'),
      'x-long': 'y'.repeat(5_000),
      'webhook-id': 'w1',
      'idempotency-key': 'k1',
      authorization: 'Bearer canary',
      cookie: 'canary',
      'x-api-key': 'canary',
      'x-hub-signature-256': 'canary',
      'webhook-signature': 'canary',
      'x-auth-token': 'canary',
      'x-client-secret': 'canary',
      'x-amz-security-token': 'canary',
      'proxy-authorization': 'canary',
      'x-meta-run-id': 'canary',
      'penstock-message-id': 'canary',
      'http-x': 'canary',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }
    const { message } = await accepted(door, '{}', sent)
    expect(message.headers).toMatchObject({
      'user-agent': 'sender/1',
      'x-form': 'Häuser',
      'x-long': 'y'.repeat(2_000),
      'webhook-id': 'w1',
      'idempotency-key': 'k1',
    })
    expect(JSON.stringify([message.headers, message.request])).not.toContain('canary')
    expect(message.request['headers']).toMatchObject({ 'x-form': 'Häuser' })
    expect(message.traceparent).toBe(sent.traceparent)
    expect(message.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })

  test.each([
    '',
    'x',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`,
  ])('the traceparent %j is not passed on: the message begins a trace of its own', async (traceparent) => {
    const headers = { 'content-type': 'application/json', traceparent }
    const { message } = await accepted(door, '{}', headers)
    expect(message.traceparent).toBe(traceOf({ id: message.id, traceparent: null }))
  })
})

describe('the log', () => {
  const failing = (code: ConstructorParameters<typeof Fault>[0]) =>
    openDoors({
      around: (log) => ({
        ...log,
        [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
        tryAppend: async (_record, withinMs) => {
          expect(withinMs).toBeLessThan(10_000)
          throw new Fault(code, 'as said')
        },
      }),
    })

  test('while it is away the answer is 503 with when to try again', async () => {
    await using away = await failing('log-unavailable')
    await away.deploy(project)
    const answer = await away.post(door, '{}')
    expect([answer.status, Number(answer.headers.get('retry-after'))]).toEqual([503, expect.any(Number)])
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    const text = await away.meter.text()
    expect(text).not.toContain('penstock_intake_messages_total{')
    expect(text).toContain('penstock_intake_refusals_total{project="clinic",reason="log-unavailable"} 1\n')
  })

  test('what is too large for it is 413', async () => {
    await using narrow = await failing('record-too-large')
    await narrow.deploy(project)
    expect((await narrow.post(door, '{}')).status).toBe(413)
  })

  test('a bug is a 500 without details', async () => {
    await using broken = await failing('row-refused')
    await broken.deploy(project)
    const answer = await broken.post(door, '{}')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('as said')
  })
})
