import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCall } from '../../processors/runner/egress/parse-call.ts'
import { compileAtDeploy } from '../../processors/runner/language/at-deploy.ts'
import type { AnswerCall } from '../../processors/runner/sandbox/child-process.ts'
import { type OpenSandbox, openSandbox } from '../../processors/runner/sandbox/open.ts'
import type { Job } from '../../topology/project/project.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { calmJob, payloads } from './sandbox-escape-payloads.ts'
import { endOf } from './sandbox-hostile-jobs.ts'
import { jobOf, run } from './sandbox-jobs.ts'

let sandbox: OpenSandbox
const ends: string[] = []

beforeAll(async () => {
  sandbox = await openSandbox({ version: '1.2.3', onChildEnd: (why) => void ends.push(why) })
})
afterAll(() => sandbox[Symbol.asyncDispose]())

/** What a server answers that wants to harm the realm. */
const hostileAnswer: AnswerCall = async ({ text }) => {
  const call = parseCall(JSON.parse(text))
  if (call instanceof Error) return JSON.stringify({ error: { code: 'INVALID_CALL', message: call.message } })
  if (call.url.includes('fails')) return JSON.stringify({ error: { code: '__proto__', message: 'it fails' } })
  const headers = [
    ...[
      ['content-type', 'application/json; charset=__proto__'],
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ],
    ...[
      ['set-cookie', '__proto__=1; path=/'],
      ['toString', 'c'],
      ['content-length', '-1'],
    ],
  ]
  const body = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"then":1,"toJSON":1}'
  return `{"status":200,"statusText":"OK","headers":${JSON.stringify(headers)},"url":"http://a/","encoding":"utf8","body":${JSON.stringify(body)},"__proto__":{"error":1}}`
}

/** `import(…)` comes past the compiler, which refuses it: the realm has to withstand it all the same. */
const jobGiven = (code: string): Job => {
  if (!code.includes('import(')) return jobOf(code)
  const made = compileAtDeploy(code.replaceAll('import(', 'later('), { adaptor: 'common', bundle: null })
  if (made.kind === 'problem') throw new Error(made.message)
  return jobOf(code, { compiled: { id: 'past', text: made.text.replaceAll('later(', 'import(') } })
}

const tried = (code: string, state: unknown): Promise<Outcome> =>
  sandbox.run(
    { run, job: jobGiven(code), state: JSON.stringify(state), answer: hostileAnswer },
    AbortSignal.timeout(30_000),
  )

describe('a job finds no way out of its realm', () => {
  test.each(payloads)('$name: $end', async ({ code, end }) => {
    const outcome = await tried(code, { data: {}, configuration: { baseUrl: 'http://a/' } })
    expect(endOf(outcome)).toBe(end)
    expect(JSON.stringify(outcome)).not.toMatch(
      /node:(?!process|fs)|file:\/\/\/(?!etc)|node_modules|processors\/|penstock\.js/,
    )
    const state = JSON.parse(outcome.state ?? 'null')
    if (outcome.status === 'success') expect(state).toMatchObject({ reached: [] })
    for (const nothing of ['there', 'known', 'named']) expect(state?.[nothing] ?? []).toEqual([])
    for (const all of ['texts', 'all']) expect(state?.[all] ?? true).toBe(true)
    expect(Object.hasOwn(state ?? {}, 'polluted') ? state.polluted : null).toBeNull()
    if (!code.includes('state.calm')) return
    const [next, other] = await Promise.all([tried(code, { calm: true }), tried(calmJob, { calm: true })])
    expect(next).toMatchObject({ status: 'success', state: other.state })
  })

  test('each payload is one of its own, and the process has seen them all', () => {
    expect(payloads.length).toBeGreaterThan(100)
    expect(new Set(payloads.map(({ code }) => code)).size).toBe(payloads.length)
    expect(ends).toEqual([])
  })
})
