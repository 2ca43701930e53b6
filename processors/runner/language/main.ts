import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { npmAdaptorsIn } from '../../../infra/adaptors/npm.ts'
import { readOwnConfig } from '../../../infra/config.ts'
import { StartProblem } from '../../../infra/start-problem.ts'
import { type Adaptor, adaptor } from '../../../topology/project/adaptors.ts'
import { oneAdaptor } from '../adaptors/upstream/find.ts'
import { compileJob } from './compile.ts'
import { scopeOf } from './scope.ts'
import { compiledText, problemText } from './told.ts'

const usage = `Usage: penstock compile [options] job.js

  Shows what a job becomes: its operations with their places, what it uses, and its compiled text. Nothing is run.

  -a, --adaptor NAME   what the job is written against (default: common)
  -h, --help           this

  Exit code: 0 when the job can be compiled; 1 when it cannot, with the place and a sentence; 2 for arguments that will not do.
`

/** Shows what a job becomes, or why it is none. */
const compileFile = async ({ file, adaptor }: Readonly<{ file: string; adaptor: Adaptor }>): Promise<number> => {
  const code = readFileSync(file, 'utf8').replace(/^\ufeff/, '')
  if (code.trim() === '') return fail(`${file}: Is empty: write the code of the job.`)
  const found = await oneAdaptor(adaptor, () => npmAdaptorsIn(readOwnConfig().DATA_DIR))
  if ('problem' in found) return fail(found.problem)
  const result = compileJob(code, scopeOf(found))
  if (result.kind === 'compiled') process.stdout.write(compiledText(file, result))
  else process.stderr.write(problemText(file, result))
  return result.kind === 'compiled' ? 0 : 1
}

const fail = (sentence: string): number => {
  process.stderr.write(`penstock: ${sentence}\n`)
  return 2
}

const main = async (args: readonly string[]): Promise<number> => {
  const { file, adaptor: named, help } = argumentsIn(args)
  if (help) {
    process.stdout.write(usage)
    return 0
  }
  if (file === undefined) return fail('compile takes one file, and its adaptor: penstock compile -a http job.js')
  const read = adaptor(named)
  if ('problem' in read) return fail(read.problem)
  try {
    return await compileFile({ file, adaptor: read.ok })
  } catch (error) {
    if (error instanceof StartProblem) return fail(error.message)
    if (error instanceof Error && 'code' in error) return fail(`${file} cannot be read: ${error.message}`)
    throw error
  }
}

type Arguments = Readonly<{ file?: string | undefined; adaptor: string; help: boolean }>

/** Without a file where the arguments are not what `compile` takes. */
const argumentsIn = (args: readonly string[]): Arguments => {
  try {
    const options = {
      adaptor: { type: 'string', short: 'a', default: 'common' },
      help: { type: 'boolean', short: 'h', default: false },
    } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { ...values, file: positionals.length === 1 ? positionals[0] : undefined }
  } catch {
    return { adaptor: 'common', help: false }
  }
}

process.exitCode = await main(process.argv.slice(2))
