import {
  type CallExpression,
  type Comment,
  type Expression,
  type Node,
  type Position,
  type Program,
  parse,
} from 'acorn'
import { closest } from 'fastest-levenshtein'
import { type FreeName, type Names, namesOf } from './free-names.ts'
import { globalNames, runGlobals } from './globals.ts'
import { operationNames } from './operations.ts'
import { type Insert, type Place, userPlace } from './positions.ts'
import { offsetOf, type Problem, placeAt, problemAt } from './problem.ts'

/**
 * A job ready to run. `script` is an expression: an async arrow function that takes `add(number, thunk)` and the run's globals, declares what
 * the job declares, and adds the job's operations in order. The user's line n is line n + 1 of it; `inserts` map columns back.
 */
export type Compiled = Readonly<{
  kind: 'compiled'
  script: string
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

class Refusal extends Error {
  readonly offset: number
  constructor(node: Node, message: string) {
    super(message)
    this.offset = node.start
  }
}

const parseAs = (code: string, sourceType: 'module' | 'script', onComment: Comment[] = []): Program =>
  parse(code, { ecmaVersion: 'latest', sourceType, allowHashBang: false, locations: true, onComment })

/** acorn's message without the place, which we tell in our own way. */
const textOf = (error: SyntaxError): string => error.message.replace(/ \(\d+:\d+\)$/, '')

const refuseUnknown = ({ free }: Names): void => {
  for (const { name, node, called, inFunction } of free) {
    if (!called || inFunction || operationNames.has(name) || globalNames.has(name)) continue
    const near = closest(name, [...operationNames])
    throw new Refusal(node, `There is no operation "${name}". The nearest one is "${near}"`)
  }
}

/** The calls that stand at the top level, alone or joined by commas (OpenFn v1), in order. */
const operationCalls = (program: Program, names: Names): readonly CallExpression[] => {
  const free = new Map(names.free.map((one) => [one.node, one.name]))
  const isOperation = (call: CallExpression): boolean => {
    const name = free.get(rootOf(call.callee))
    return name === undefined || operationNames.has(name)
  }
  return program.body.flatMap((statement) => {
    if (statement.type !== 'ExpressionStatement') return []
    const { expression } = statement
    const parts: readonly Expression[] =
      expression.type === 'SequenceExpression' ? expression.expressions : [expression]
    return parts.filter((part) => part.type === 'CallExpression').filter(isOperation)
  })
}

/** `console` of `console.log(…)`, `fn(…)` of `fn(…).then(…)`. */
const rootOf = (node: Node): Node => {
  let root = node as Expression
  while (root.type === 'MemberExpression') root = root.object as Expression
  return root
}

const refuseUseless = (program: Program, names: Names, calls: readonly CallExpression[]): void => {
  const operations = new Map(names.free.filter(isOperationCall).map((one) => [one.node, one.name]))
  const nameOf = (node: Node | null | undefined): string | undefined =>
    (node as CallExpression | undefined)?.type === 'CallExpression'
      ? operations.get((node as CallExpression).callee)
      : undefined

  for (const node of names.topLevelAwaits) {
    const name = nameOf((node as Node & { argument?: Node }).argument)
    if (name) throw new Refusal(node, `await does nothing to an operation: ${name}(…) waits by itself. Leave await out`)
    if (calls.some((call) => contains(call, node)))
      throw new Refusal(node, 'await cannot stand in what an operation is given. Await it inside fn(async state => …)')
  }
  for (const call of calls) {
    const name = nameOf(rootOf(call.callee))
    if (nameOf(call.callee))
      throw new Refusal(
        { ...call, start: call.callee.end },
        'This calls what the operation before it gives. Is a semicolon missing before it?',
      )
    if (name && call.callee.type === 'MemberExpression')
      throw new Refusal(
        call.callee.property,
        `An operation has no such method. Do it inside fn(state => …) after ${name}(…)`,
      )
  }
  for (const statement of program.body) {
    switch (statement.type) {
      case 'ImportDeclaration':
        throw new Refusal(statement, 'Nothing can be imported: all operations are in scope. Leave this line out')
      case 'ExportAllDeclaration':
      case 'ExportDefaultDeclaration':
      case 'ExportNamedDeclaration':
        throw new Refusal(statement, 'Nothing needs to be exported: write the operations one after another')
      case 'VariableDeclaration':
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        continue
      case 'ExpressionStatement':
        if (statement.directive === undefined) refuseWithoutEffect(statement.expression, names)
        continue
      default: {
        const lost = [...operations].find(([node]) => contains(statement, node))
        if (lost)
          throw new Refusal(lost[0], `${lost[1]}(…) would never run here: ${remedies[statement.type] ?? moveIn}`)
      }
    }
  }
}

const isOperationCall = ({ name, called, inFunction }: FreeName): boolean =>
  called && !inFunction && operationNames.has(name)

const contains = (outer: Node, node: Node): boolean => outer.start <= node.start && node.end <= outer.end

const moveIn = 'operations stand at the top level. Move the rest inside fn(state => …)'
const remedies: Readonly<Record<string, string>> = {
  IfStatement: 'an operation stands at the top level. Put the condition inside: fn(state => { if (…) … return state })',
  ForStatement: 'a loop cannot make operations. Use each(list, operation), or loop inside fn(state => …)',
  ForOfStatement: 'a loop cannot make operations. Use each(list, operation), or loop inside fn(state => …)',
  ForInStatement: 'a loop cannot make operations. Use each(list, operation), or loop inside fn(state => …)',
  TryStatement: 'an operation stands at the top level. Put try and catch inside fn(state => …)',
}

/** An expression at the top level does something if it calls, assigns, counts or awaits. */
const refuseWithoutEffect = (expression: Expression, names: Names): void => {
  const parts = expression.type === 'SequenceExpression' ? expression.expressions : [expression]
  for (const part of parts) {
    if (hasEffect.has(part.type)) continue
    const bare = part.type === 'Identifier' && operationNames.has(part.name)
    const holdsCall = names.free.some((one) => isOperationCall(one) && contains(part, one.node))
    if (bare) throw new Refusal(part, `${part.name} is not called. Write ${part.name}(…)`)
    if (holdsCall)
      throw new Refusal(
        part,
        'An operation in the middle of an expression would never run. Write it as a statement of its own',
      )
    throw new Refusal(part, 'This does nothing. Operations are calls, such as fn(state => …)')
  }
}

const hasEffect: ReadonlySet<string> = new Set([
  ...[
    'CallExpression',
    'AssignmentExpression',
    'UpdateExpression',
    'AwaitExpression',
    'NewExpression',
    'ImportExpression',
  ],
  'TaggedTemplateExpression',
])

/** Operations are wrapped where they stand, so that lines stay; they are thunks, so that all declarations come first. */
const wrap = (code: string, names: Names, calls: readonly CallExpression[]): Compiled => {
  const add = unusedName(names.all)
  const locals = new Set(names.free.filter((one) => one.written && !isKnown(one.name)).map((one) => one.name))
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
  const declared = locals.size > 0 ? `let ${[...locals].join()};` : ''
  const head = `'use strict';(async(${[add, ...runGlobals].join()})=>{${declared}{\n`
  const script = `${head}${parts.join('')}${code.slice(done)}\n}})`
  return { kind: 'compiled', script, inserts, operations }
}

/** acorn counts columns from 0. */
const placeOf = (at: Position | undefined): Place => ({ line: at?.line ?? 1, column: (at?.column ?? 0) + 1 })

const isKnown = (name: string): boolean => operationNames.has(name) || globalNames.has(name)

const unusedName = (used: ReadonlySet<string>): string => {
  let name = '$add'
  while (used.has(name)) name += '$'
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
