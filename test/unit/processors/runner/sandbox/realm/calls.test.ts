import { expect, test } from 'vitest'
import type { HttpAnswer } from '../../../../../../processors/runner/egress/http-call.ts'
import type { RunHost } from '../../../../../../processors/runner/language/host.ts'
import { type JobFunction, openRuns, type Runs } from '../../../../../../processors/runner/sandbox/realm/runs.ts'
import { callOf as call } from '../../egress/calls.ts'

const answer: HttpAnswer = {
  status: 200,
  statusText: '',
  headers: [],
  url: 'http://a/',
  body: 'hello',
  encoding: 'utf8',
}

type Http = RunHost['http']

/** Runs of one job whose only operation is `body`, with the http of its run. */
const runsOf = (body: (http: Http, state: unknown) => unknown): Runs => {
  const runs = openRuns(() => ({ http }) => ({ take: () => http }))
  const job: JobFunction = async (add, http) => add(0, () => (state: unknown) => body(http as Http, state))
  const facts = { uses: ['http'], seed: '', inserts: [], operations: [], console: true, logLimitBytes: 1_000 }
  runs.load(job, JSON.stringify(facts))
  return runs
}

/** The lines after the first, by three. */
const told = (text: string): readonly (readonly string[])[] => {
  const [, ...lines] = text.split('\n')
  return Array.from({ length: lines.length / 3 }, (_, at) => lines.slice(3 * at, 3 * at + 3))
}

test('a call leaves the realm as text, and its answer comes back with a later turn', async () => {
  const runs = runsOf(async (http) => (await http(call('http://a/'))).body)
  const asked = await runs.turn(0, 7, '{}')
  expect(asked.split('\n')[0]).toBe('- more 1 0')
  expect(told(asked)).toEqual([['7', '1', JSON.stringify(call('http://a/'))]])
  const ended = await runs.turn(1, 7, 1, JSON.stringify(answer))
  expect(ended.split('\n')[0]).toBe('- - 0 0')
  expect(told(ended)[0]?.[2]).toBe('"hello"')
})

test('answers reach the run and the call that they are for', async () => {
  const runs = runsOf(async (http, state) => {
    const both = await Promise.all([http(call(`http://${String(state)}/1`)), http(call(`http://${String(state)}/2`))])
    return both.map(({ body }) => body)
  })
  const asked = told(await runs.turn(0, 1, '"a"', 2, '"b"'))
  expect(asked.map(([run, number]) => `${run}/${number}`)).toEqual(['1/1', '1/2', '2/1', '2/2'])
  const answers = ['2/2', '1/1', '2/1', '1/2'].flatMap((name) => {
    const [run = '', number = ''] = name.split('/')
    return [run, number, JSON.stringify({ ...answer, body: name })]
  })
  const ended = told(await runs.turn(4, ...answers))
  expect(ended.map(([run, , state]) => [run, state]).sort()).toEqual([
    ['1', '["1/1","1/2"]'],
    ['2', '["2/1","2/2"]'],
  ])
})

test('no answer is an AdaptorError with a code, which the job may catch', async () => {
  const runs = runsOf((http) => http(call('http://a/')))
  await runs.turn(0, 1, '{}')
  const failure = JSON.stringify({ error: { code: 'ECONNREFUSED', message: 'nobody listens' } })
  const [[, outcome = ''] = []] = told(await runs.turn(1, 1, 1, failure))
  expect(JSON.parse(outcome)).toMatchObject({
    status: 'failed',
    error: { name: 'AdaptorError', message: 'nobody listens', details: { code: 'ECONNREFUSED' } },
  })
})

test('a run that is over asks nothing more, and an answer that comes too late is nobody’s', async () => {
  let later: Http | undefined
  const runs = runsOf((http) => {
    later = http
    void http(call('http://a/1'))
    return null
  })
  const ended = await runs.turn(0, 1, '{}')
  expect(ended.split('\n')[0]).toBe('- - 1 0')
  void later?.(call('http://a/2'))
  expect(await runs.turn(1, 1, 1, JSON.stringify(answer))).toBe('- - 0 0')
})

test('what a job asks for without waiting leaves the realm as answers come, in order', async () => {
  const runs = runsOf(async (http) =>
    (await Promise.all(Array.from({ length: 100 }, (_, at) => http(call(`http://a/${at}`))))).map(({ body }) => body),
  )
  const numbers = (text: string) => told(text).map(([, number]) => Number(number))
  expect(numbers(await runs.turn(0, 1, '{}'))).toEqual(Array.from({ length: 32 }, (_, at) => at + 1))
  expect(numbers(await runs.turn(2, 1, 7, JSON.stringify(answer), 1, 9, JSON.stringify(answer)))).toEqual([33, 34])
})

test('requests that are long leave one by one', async () => {
  const long = { ...call('http://a/'), body: '"'.repeat(9_000_000) }
  const runs = runsOf((http) => Promise.all([http(long), http(long), http(call('http://a/short'))]))
  expect(told(await runs.turn(0, 1, '{}')).map(([, number]) => number)).toEqual(['1'])
})

test.each([
  ['utf8', 10_000_000],
  ['base64', 13_400_000],
] as const)('a body that no server will get is refused at once: %s', async (encoding, most) => {
  const runs = runsOf((http, spare) =>
    Promise.race([
      http({ ...call('http://a/'), encoding, body: 'x'.repeat(most + Number(spare)) }),
      new Promise((waited) => queueMicrotask(() => queueMicrotask(() => waited('it left')))),
    ]).catch(({ name, code }) => ({ name, code })),
  )
  const refused = '{"name":"AdaptorError","code":"REQUEST_TOO_LARGE"}'
  expect(told(await runs.turn(0, 1, '1'))).toEqual([['1', expect.stringContaining('success'), refused]])
  expect(told(await runs.turn(0, 2, '0')).map(([run, number]) => [run, number])).toEqual([
    ['2', '1'],
    ['2', expect.stringContaining('success')],
  ])
})

test('a turn hands out so much of what all runs ask, and the next ones the rest', async () => {
  const long = { ...call('http://a/'), body: 'x'.repeat(9_900_000) }
  const runs = runsOf((http) => http(long))
  const first = await runs.turn(0, ...[1, 2, 3, 4, 5, 6, 7].flatMap((run) => [run, '{}']))
  expect(first.split('\n')[0]).toBe('- more 3 0')
  expect(told(first).map(([run]) => run)).toEqual(['1', '2', '3'])
  const second = await runs.turn(0)
  expect(second.split('\n')[0]).toBe('- more 3 0')
  expect(told(second).map(([run]) => run)).toEqual(['4', '5', '6'])
  expect((await runs.turn(0)).split('\n')[0]).toBe('- - 1 0')
})

test('a call that is longer than that leaves alone', async () => {
  const longest = { ...call('http://a/'), body: '\0'.repeat(6_000_000) }
  const runs = runsOf((http) => http(longest))
  expect((await runs.turn(0, 1, '{}', 2, '{}')).split('\n')[0]).toBe('- more 1 0')
  expect((await runs.turn(0)).split('\n')[0]).toBe('- - 1 0')
})
