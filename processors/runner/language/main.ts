import { readFileSync } from 'node:fs'
import { compileJob } from './compile.ts'
import { compiledText, problemText } from './told.ts'

/** `penstock compile <file>`: shows what a job becomes, or why it is none. */
const compileFile = (file: string): number => {
  const result = compileJob(readFileSync(file, 'utf8').replace(/^\ufeff/, ''))
  if (result.kind === 'compiled') process.stdout.write(compiledText(file, result))
  else process.stderr.write(problemText(file, result))
  return result.kind === 'compiled' ? 0 : 1
}

const fail = (sentence: string): number => {
  process.stderr.write(`penstock: ${sentence}\n`)
  return 2
}

const main = (args: readonly string[]): number => {
  const [file] = args
  if (file === undefined || args.length > 1) return fail('compile takes one file: penstock compile job.js')
  try {
    return compileFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return fail(`${file} cannot be read: ${error.message}`)
    throw error
  }
}

process.exitCode = main(process.argv.slice(2))
