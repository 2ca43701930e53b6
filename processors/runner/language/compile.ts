import { type CallExpression, type Comment, type Position, type Program, parse } from 'acorn'
import { type Names, namesOf } from './free-names.ts'
import { globalNames } from './globals.ts'
import { ofRunNames } from './of-run.ts'
import { operationCalls } from './operation-calls.ts'
import { operationNames } from './operations.ts'
import { type Insert, type Place, userPlace } from './positions.ts'
import { offsetOf, type Problem, placeAt, problemAt } from './problem.ts'
import { Refusal, refuseUnknown, refuseUseless } from './refuse.ts'

/**
 * A job ready to run. `script` is an expression: an async arrow function that takes `add(number, thunk)` and what `uses` names (`of-run.ts`),
 * declares what the job declares, and adds the job's operations in order. The user's line n is line n + 1 of it; `inserts` map columns back.
 */
export type Compiled = Readonly<{
  kind: 'compiled'
  script: string
  uses: readonly string[]
  inserts: readonly Insert[]
  operations: readonly (Place & Readonly<{ name: string }>)[]
}>

/**
 * Compiles a job's code. What upstream silently ignores (an `if` or `await` around a top-level operation) is a problem here.
 * The same code always gives the same result, and no code makes it throw.
 */
export const compileJob = (code: string): Compiled | Problem => {
  try {
    const program = parseAs(code, 'module')
    const names = namesOf(program)
    refuseUnknown(names)
    const calls = operationCalls(program, names)
    refuseUseless(program, names, calls)
    return checked(code, wrap(code, names, calls))
  } catch (error) {
    if (error instanceof Refusal) return problemAt(code, error.offset, error.message)
    if (error instanceof SyntaxError && 'pos' in error) return problemAt(code, Number(error.pos), textOf(error))
    if (error instanceof RangeError) return problemAt(code, 0, 'The code nests too deeply to be read')
    throw error
  }
}

const parseAs = (code: string, sourceType: 'module' | 'script', onComment: Comment[] = []): Program =>
  parse(code, { ecmaVersion: 'latest', sourceType, allowHashBang: false, locations: true, onComment })

/** acorn's message without the place, which we tell in our own way. */
const textOf = (error: SyntaxError): string => error.message.replace(/ \(\d+:\d+\)$/, '')

/** Operations are wrapped where they stand, so that lines stay; they are thunks, so that all declarations come first. */
const wrap = (code: string, names: Names, calls: readonly CallExpression[]): Compiled => {
  const add = unusedName(code)
  const locals = new Set(
    names.free
      .filter((one) => one.written && !operationNames.has(one.name) && !globalNames.has(one.name))
      .map((one) => one.name),
  )
  const parts: string[] = []
  const inserts: Insert[] = []
  let done = 0
  const insert = (offset: number, at: Position | undefined, text: string): void => {
    inserts.push({ ...placeOf(at), length: text.length })
    parts.push(code.slice(done, offset), text)
    done = offset
  }
  const operations = calls.map((call, number) => {
    insert(call.start, call.loc?.start, `${add}(${number},()=>(`)
    insert(call.end, call.loc?.end, '))')
    return { name: nameIn(code, call), ...placeOf(call.loc?.start) }
  })
  const uses = ofRunNames.filter((name) => names.free.some((one) => one.name === name))
  const declared = locals.size > 0 ? `let ${[...locals].join()};` : ''
  const head = `'use strict';(async(${[add, ...uses].join()})=>{${declared}{\n`
  const script = `${head}${parts.join('')}${code.slice(done)}\n}})`
  return { kind: 'compiled', script, uses, inserts, operations }
}

/** acorn counts columns from 0. */
const placeOf = (at: Position | undefined): Place => ({ line: at?.line ?? 1, column: (at?.column ?? 0) + 1 })

const unusedName = (code: string): string => {
  let name = '$add'
  while (code.includes(name)) name += '$'
  return name
}

const nameIn = (code: string, { callee }: CallExpression): string =>
  callee.type === 'Identifier' ? callee.name : code.slice(callee.start, Math.min(callee.end, callee.start + 60))

/**
 * Reads the script once more, as V8 will: some code is a fine module and yet another script (`<!--` begins a comment in one only).
 * It must still be one function, so that no job can put anything beside it.
 */
const checked = (code: string, compiled: Compiled): Compiled | Problem => {
  try {
    const comments: Comment[] = []
    const { body } = parseAs(compiled.script, 'script', comments)
    const strange = comments.find(({ start }) => /^(<!--|-->)/.test(compiled.script.slice(start, start + 4)))
    if (strange) return problemAt(code, ownOffset(code, compiled, strange.start), notAComment)
    const [, job] = body
    const whole =
      body.length === 2 && job?.type === 'ExpressionStatement' && job.expression.type === 'ArrowFunctionExpression'
    return whole ? compiled : problemAt(code, 0, notAComment)
  } catch (error) {
    if (!(error instanceof SyntaxError && 'pos' in error)) throw error
    return problemAt(code, ownOffset(code, compiled, Number(error.pos)), textOf(error))
  }
}

const notAComment = 'The code holds <!-- or --> where a script takes it for a comment. Put a space into it'

/** Where in the user's code an offset of the script lies. */
const ownOffset = (code: string, { script, inserts }: Compiled, offset: number): number => {
  const { line, column } = placeAt(script, offset)
  return offsetOf(code, userPlace(inserts, { line: line - 1, column }))
}
