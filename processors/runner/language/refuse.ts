import type { AnyNode, CallExpression, Expression, Node, Program } from 'acorn'
import { remedyFor } from '../../../topology/project/nearest.ts'
import { childrenOf, type Names } from './free-names.ts'
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
    throw new Refusal(node, `There is no operation "${name}"; ${remedyFor(name, [...operationNames])}`)
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

/** Refuses what stands at the top level and is no operation, if an operation is lost in it, or if it surely does nothing. */
const refuseWithoutEffect = (expression: Expression, names: Names): void => {
  const parts = expression.type === 'SequenceExpression' ? expression.expressions : [expression]
  for (const part of parts) {
    if (hasEffect.has(part.type)) continue // an operation in it may be wanted: assigned, or given to a function
    const bare = part.type === 'Identifier' && operationNames.has(part.name)
    const holdsCall = names.free.some((one) => isOperationCall(one) && contains(part, one.node))
    if (bare) throw new Refusal(part, `${part.name} is not called. Write ${part.name}(…)`)
    if (holdsCall)
      throw new Refusal(
        part,
        'An operation in the middle of an expression would never run. Write it as a statement of its own',
      )
    if (isIdle(part)) throw new Refusal(part, 'This does nothing. Operations are calls, such as fn(state => …)')
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

/** Nothing in it is called, assigned, deleted or even looked up in an object, where a getter might do something. */
const isIdle = (node: AnyNode): boolean => {
  if (idle.has(node.type)) return true
  if (node.type === 'UnaryExpression' && node.operator === 'delete') return false
  return idleIfPartsAre.has(node.type) && childrenOf(node).every(isIdle)
}

const idle: ReadonlySet<string> = new Set([
  ...['Identifier', 'Literal', 'TemplateElement', 'ThisExpression', 'FunctionExpression', 'ArrowFunctionExpression'],
])
const idleIfPartsAre: ReadonlySet<string> = new Set([
  ...['ArrayExpression', 'ObjectExpression', 'Property', 'TemplateLiteral', 'SequenceExpression'],
  ...['UnaryExpression', 'BinaryExpression', 'LogicalExpression', 'ConditionalExpression'],
])
