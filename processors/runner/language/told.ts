import type { Compiled } from './compile.ts'
import { deferredName } from './deferred.ts'
import type { Problem } from './problem.ts'

/** What a job became, for a person at a terminal: its operations with their places, what it is given, and the script. */
export const compiledText = (file: string, { script, uses, operations }: Compiled): string => {
  const width = Math.max(0, ...operations.map(({ name }) => name.length))
  const list = operations.map(({ name, line, column }) => `  ${name.padEnd(width)}  ${line}:${column}\n`)
  const count = operations.length === 1 ? 'one operation' : `${operations.length || 'no'} operations`
  const given = uses.filter((name) => name !== deferredName).join(', ')
  return `${file}: ${count}\n${list.join('')}uses: ${given || 'nothing of its run'}\n\n${script}\n`
}

/** Why a text is no job, in the form that editors turn into a link. */
export const problemText = (file: string, { message, line, column, caret }: Problem): string =>
  `${file}:${line}:${column}: ${message}\n${caret}\n`
