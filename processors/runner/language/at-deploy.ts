import type { Compile } from '../../../topology/project/check.ts'
import { type Compiled, compileJob, compilerVersion } from './compile.ts'
import { scopeOf } from './scope.ts'

/** What a job's code becomes, as a deploy keeps it, or the first problem that keeps it from being deployed, with the line it stands in. */
export const compileAtDeploy: Compile = (code, of) => {
  const result = compileJob(code, scopeOf(of))
  if (result.kind === 'compiled') {
    return { kind: 'compiled', text: JSON.stringify({ compiler: compilerVersion, ...result } satisfies Kept) }
  }
  const { message, caret, line, column } = result
  return { kind: 'problem', message: `${message}\n${caret}`, line, column }
}

/** What `compileAtDeploy` made; undefined where another version of the compiler did, whose scripts this release may not understand. */
export const compiledAtDeploy = (text: string): Compiled | undefined => {
  const { compiler, ...compiled } = JSON.parse(text) as Kept
  return compiler === compilerVersion ? compiled : undefined
}

type Kept = Compiled & Readonly<{ compiler: number }>
