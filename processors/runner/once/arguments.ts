import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Adaptor, adaptor } from '../../../topology/project/adaptors.ts'
import { readDraft } from '../../../topology/project/schema.ts'
import { isJsonObject, type Json, type JsonObject, parseExact } from '../../../topology/words/json.ts'
import type { JobOnce } from './run-once.ts'

/** What somebody wants of `penstock run`. Files are read anew by `jobIn` and `inputIn` for each run. */
export type Wanted = Readonly<{
  file: string
  adaptor: Adaptor
  /** `-`: what comes by standard input. */
  state: string | null
  credential: string | null
  /** Where the final state goes; null: standard output. */
  output: string | null
  json: boolean
  watch: boolean
  help: boolean
  settings: JsonObject
}>

/** Bad usage: a sentence for whoever typed it. */
export class UsageProblem extends Error {}

/** What the arguments ask for. Throws `UsageProblem`. */
export const wantedIn = (args: readonly string[]): Wanted => {
  const { values, positionals } = parsed(args)
  const [file = '', ...more] = positionals
  if (!values.help && (file === '' || more.length > 0))
    throw new UsageProblem('run takes one file: penstock run job.js -s state.json -a http')
  if (values.watch && values.state === '-')
    throw new UsageProblem('What comes by standard input comes once: give the state as a file to watch it')
  const read = adaptor(values.adaptor)
  if ('problem' in read) throw new UsageProblem(read.problem)
  const { state = null, credential = null, output = null, json, watch, help, timeout, memory } = values
  return {
    ...{ file, adaptor: read.ok, state, credential, output, json, watch, help },
    settings: {
      test_mode: values['test-mode'],
      ...(timeout !== undefined && { timeout }),
      ...(memory !== undefined && { memory_mb: /^\d+$/.test(memory) ? Number(memory) : memory }),
    },
  }
}

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageProblem(
      `${(error as Error).message.replace(/\.? To specify a positional.*/, '')}; penstock run --help`,
    )
  }
}

const options = {
  state: { type: 'string', short: 's' },
  adaptor: { type: 'string', short: 'a', default: 'common' },
  credential: { type: 'string', short: 'c' },
  output: { type: 'string', short: 'o' },
  timeout: { type: 'string', short: 't' },
  memory: { type: 'string', short: 'm' },
  json: { type: 'boolean', default: false },
  watch: { type: 'boolean', short: 'w', default: false },
  'test-mode': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** The job as its file is now, with the defaults that a project's jobs have. Throws `UsageProblem`. */
export const jobIn = ({ file, settings }: Wanted): JobOnce => {
  const problems: string[] = []
  const job = { ...settings, adaptor: 'common', expression: textIn(file).replace(/^\ufeff/, '') }
  const draft = readDraft({ name: 'run', jobs: { run: job } }, (path, message) => {
    const key = String(path.at(2))
    problems.push(`${flags.get(key) ?? key}: ${message}`)
  })
  const read = draft.jobs.get('run')
  if (problems.length > 0 || !read) throw new UsageProblem(problems.join('\n'))
  return read
}

const flags: ReadonlyMap<string, string> = new Map([
  ['timeout', '--timeout'],
  ['memory_mb', '--memory'],
  ['expression', 'The job'],
])

/** The initial state as text, and the credential. Throws `UsageProblem`. */
export const inputIn = ({ state, credential }: Wanted): Readonly<{ state: string; credential: JsonObject | null }> => {
  const text = state === null ? '{}' : textIn(state === '-' ? standardInput : state)
  jsonIn(text, state ?? '')
  const body = credential === null ? null : jsonIn(textIn(credential), credential)
  if (body !== null && !isJsonObject(body))
    throw new UsageProblem(`${credential} is no credential: it must be a JSON object`)
  return { state: text, credential: body }
}

const standardInput = 0

const textIn = (file: string | number): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageProblem(`${file === standardInput ? 'The state' : file} cannot be read: ${(error as Error).message}`)
  }
}

const jsonIn = (text: string, file: string): Json => {
  try {
    return parseExact(text)
  } catch (error) {
    throw new UsageProblem(`${file === '-' ? 'The state' : file} is no JSON: ${(error as Error).message}`)
  }
}
