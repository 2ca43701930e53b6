import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Adaptor, adaptor, isUpstream } from '../../../topology/project/adaptors.ts'
import { compileJob } from './compile.ts'
import { scopeOf } from './scope.ts'
import { compiledText, problemText } from './told.ts'

/** `penstock compile [-a <adaptor>] <file>`: shows what a job becomes, or why it is none. */
const compileFile = (file: string, adaptor: Adaptor): number => {
  const result = compileJob(readFileSync(file, 'utf8').replace(/^\ufeff/, ''), scopeOf({ adaptor, bundle: null }))
  if (result.kind === 'compiled') process.stdout.write(compiledText(file, result))
  else process.stderr.write(problemText(file, result))
  return result.kind === 'compiled' ? 0 : 1
}

const fail = (sentence: string): number => {
  process.stderr.write(`penstock: ${sentence}\n`)
  return 2
}

const main = (args: readonly string[]): number => {
  const { file, adaptor: named } = argumentsIn(args)
  if (file === undefined) return fail('compile takes one file, and its adaptor: penstock compile -a http job.js')
  const read = adaptor(named)
  if ('problem' in read) return fail(read.problem)
  if (isUpstream(read.ok))
    return fail(`compile knows the adaptors that are built in, and not ${read.ok}: a dry run of a deploy does`)
  try {
    return compileFile(file, read.ok)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return fail(`${file} cannot be read: ${error.message}`)
    throw error
  }
}

/** Without a file where the arguments are not what `compile` takes. */
const argumentsIn = (args: readonly string[]): Readonly<{ file?: string | undefined; adaptor: string }> => {
  try {
    const options = { adaptor: { type: 'string', short: 'a', default: 'common' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { adaptor: values.adaptor, file: positionals.length === 1 ? positionals[0] : undefined }
  } catch {
    return { adaptor: 'common' }
  }
}

process.exitCode = main(process.argv.slice(2))
