import type { CheckCode } from '../../../topology/project/check.ts'
import { compileJob } from './compile.ts'
import { scopeOf } from './scope.ts'

/** What keeps a job's code from being deployed: nothing, or the first problem with its place and the line it stands in. */
export const checkCode: CheckCode = (code, of) => {
  const compiled = compileJob(code, scopeOf(of))
  if (compiled.kind === 'compiled') return []
  const { message, caret, line, column } = compiled
  return [{ message: `${message}\n${caret}`, line, column }]
}
