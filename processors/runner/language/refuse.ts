import type { CallExpression, Expression, Node, Program } from 'acorn'
import { closest } from 'fastest-levenshtein'
import type { Names } from './free-names.ts'
import { globalNames } from './globals.ts'
import { isOperationCall, rootOf } from './operation-calls.ts'
import { operationNames } from './operations.ts'

/** What a job may not say, at an offset of its code. */
export class Refusal extends Error {
  readonly offset: number
  constructor(node: Node, message: string) {
    super(message)
    this.offset = node.start
  }
}

/** Refuses calls of what is nowhere. Within functions it is not looked for: the job may know that it never gets there. */
export const refuseUnknown = ({ free }: Names): void => {
  for (const { name, node, called, inFunction } of free) {
    if (!called || inFunction || operationNames.has(name) || globalNames.has(name)) continue
    const near = closest(name, [...operationNames])
    throw new Refusal(node, `There is no operation "${name}". The nearest one is "${near}"`)
  }
}

/** Refuses what would silently do nothing, each with its remedy. */
export const refuseUseless = (program: Program, names: Names, calls: readonly CallExpression[]): void => {
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
