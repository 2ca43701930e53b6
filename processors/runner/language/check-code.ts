import { compileJob } from './compile.ts'

/** What keeps a job's code from being deployed: nothing, or the first problem with its place and the line it stands in. */
export const checkCode = (code: string): readonly Readonly<{ message: string; line: number; column: number }>[] => {
  const compiled = compileJob(code)
  if (compiled.kind === 'compiled') return []
  const { message, caret, line, column } = compiled
  return [{ message: `${message}\n${caret}`, line, column }]
}
