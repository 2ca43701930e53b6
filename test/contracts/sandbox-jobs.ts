import { createHash } from 'node:crypto'
import type { Sandbox } from '../../processors/runner/sandbox/open.ts'
import type { Job } from '../../topology/project/project.ts'
import type { RunId } from '../../topology/words/ids.ts'
import type { Outcome } from '../../topology/words/run.ts'
import { noWorld } from '../fixtures/no-world.ts'

/** A job of the given code, with the defaults of a project. */
export const jobOf = (code: string, changes: Partial<Job> = {}): Job => ({
  name: 'tried',
  version: 1,
  triggers: [],
  adaptor: 'common',
  bundle: null,
  code,
  compiled: null,
  codeId: createHash('sha256').update(code).digest('hex'),
  enabled: true,
  concurrency: 10,
  order: 'none',
  effects: 'at-least-once',
  timeoutMs: 20_000,
  memoryMb: 128,
  retry: { attempts: 1, backoffMs: [5_000], on: null },
  console: true,
  logLimitBytes: 1_000_000,
  testMode: false,
  credential: null,
  ...changes,
})

/** Runs a job once, for a state given as a value. */
export const runOf = (sandbox: Sandbox, job: Job, state: unknown = { data: {} }): Promise<Outcome> =>
  sandbox.run({ run, job, state: JSON.stringify(state), answer: noWorld }, new AbortController().signal)

/** What an operation gives that is made of this body of a function of `state`. */
export const resultOf = async (sandbox: Sandbox, body: string, state?: unknown): Promise<unknown> => {
  const outcome = await runOf(sandbox, jobOf(`fn(async state => {\n${body}\n})`), state)
  if (outcome.status !== 'success') throw new Error(`${outcome.error?.name}: ${outcome.error?.message}`)
  return JSON.parse(outcome.state ?? '')
}

/** What the job itself printed. */
export const printed = (outcome: Outcome): readonly string[] =>
  outcome.log.filter((line) => line.source === 'job').map((line) => line.message)

export const run = '01993e1c-0000-7000-8000-000000000001' as RunId
