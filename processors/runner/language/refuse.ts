import type { AnyNode, CallExpression, Expression, Node, Program } from 'acorn'
import { builtInAdaptors } from '../../../topology/project/adaptors.ts'
import { nearest, remedyFor } from '../../../topology/project/nearest.ts'
import { quote } from '../../../topology/project/problems.ts'
import { listed } from '../../../topology/project/values.ts'
import { childrenOf, type FreeName, type Names } from './free-names.ts'
import { oneText } from './imports.ts'
import { adaptorNames } from './names.ts'
import { isOperationCall, type OperationPlace, partsOf, rootOf } from './operation-calls.ts'
import { Refusal } from './refusal.ts'
import { isInScope, type Scope } from './scope.ts'

type Job = Readonly<{ names: Names; scope: Scope }>

/** Refuses calls of what is nowhere. Within functions it is not looked for: the job may know that it never gets there. */
export const refuseUnknownCalls = ({ names, scope }: Job): void => {
  for (const one of names.free) {
    if (one.how !== 'call' || one.inFunction || isInScope(scope, one.name)) continue
    const owners = builtInAdaptors.filter((adaptor) => adaptorNames[adaptor].includes(one.name))
    if (one.name === 'require') throw new Refusal(one.node, `There is no require: ${oneText}`)
    const known = [...names.declared, ...scope.operations]
    const near = nearest(one.name, known)
    const remedy =
      owners.length > 0
        ? `it comes with the adaptor ${listed(owners)}: name it in the job's key "adaptor"`
        : near
          ? `did you mean ${quote(near)}?`
          : remedyFor(one.name, [...scope.operations])
    throw new Refusal(one.node, `There is no operation "${one.name}"; ${remedy}`)
  }
}

/** Refuses what is read while the job is loaded and is nowhere: every run would end with a ReferenceError. */
export const refuseUnknownNames = ({ names, scope }: Job): void => {
  const written = new Set(names.free.filter(({ how }) => how === 'write').map(({ name }) => name))
  const isUnknown = ({ name, how, inFunction }: FreeName): boolean =>
    how === 'read' && !inFunction && !written.has(name) && !isInScope(scope, name)
  const unknown = names.free.find(isUnknown)
  if (!unknown) return
  const near = nearest(unknown.name, [...names.declared, ...scope.operations])
  const remedy = near
    ? `did you mean "${near}"?`
    : `declare it, or take it from the state: state => state.data.${unknown.name}`
  throw new Refusal(unknown.node, `There is no "${unknown.name}"; ${remedy}`)
}

/** Refuses what would silently do nothing, each with its remedy. */
export const refuseUseless = (
  program: Program,
  { names, scope, places }: Job & Readonly<{ places: readonly OperationPlace[] }>,
): void => {
  const operations = new Map(names.free.filter(isOperationCall(scope)).map((one) => [one.node, one.name]))
  const nameOf = (node: Node | null | undefined): string | undefined =>
    (node as CallExpression | undefined)?.type === 'CallExpression'
      ? operations.get(rootOf((node as CallExpression).callee))
      : undefined

  for (const node of names.topLevelAwaits) {
    const name = nameOf((node as Node & { argument?: Node }).argument)
    if (name) throw new Refusal(node, `await does nothing to an operation: ${name}(…) waits by itself. Leave await out`)
    if (places.some(({ expression }) => contains(expression, node)))
      throw new Refusal(node, 'await cannot stand in what an operation is given. Await it inside fn(async state => …)')
  }
  for (const { maker } of places) refuseMisread(maker, nameOf)
  const listed = program.body.some(({ type }) => type === 'ExportDefaultDeclaration')
  for (const statement of program.body) {
    switch (statement.type) {
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
        throw new Refusal(statement, 'Nothing needs to be exported: write the operations one after another')
      case 'ImportDeclaration':
      case 'ExportDefaultDeclaration':
      case 'VariableDeclaration':
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        continue
      case 'ExpressionStatement':
        if (statement.directive !== undefined) continue
        for (const part of partsOf(statement.expression)) {
          if (listed && nameOf(part))
            throw new Refusal(
              part,
              `${nameOf(part)}(…) would never run beside export default [ … ]. Put it into the list`,
            )
          refuseWithoutEffect(part, { names, scope, nameOf })
        }
        continue
      default: {
        const lost = [...operations].find(([node]) => contains(statement, node))
        if (lost)
          throw new Refusal(lost[0], `${lost[1]}(…) would never run here: ${remedies[statement.type] ?? moveIn}`)
      }
    }
  }
}

type NameOf = (node: Node | null | undefined) => string | undefined

/** Refuses an operation that goes on where its author thought that it had ended. */
const refuseMisread = (maker: Expression, nameOf: NameOf): void => {
  if (maker.type !== 'CallExpression') return
  const { callee } = maker
  if (nameOf(callee)) throw new Refusal({ start: callee.end }, missingSemicolon)
  const before = rootOf(callee)
  const name = nameOf(before)
  if (!name || callee.type !== 'MemberExpression') return
  if (isListAfter(callee)) throw new Refusal({ start: before.end }, missingSemicolon)
  throw new Refusal(callee.property, `An operation has no such method. Do it inside fn(state => …) after ${name}(…)`)
}

const missingSemicolon = 'This goes on with what the operation before it gives. Is a semicolon missing before it?'

/** `fn(…)[1, 2].map(…)`: brackets right after the operation. */
const isListAfter = (callee: Expression): boolean => {
  let node = callee
  while (node.type === 'MemberExpression') {
    if (node.computed && node.object.type === 'CallExpression') return true
    node = node.object as Expression
  }
  return false
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
const refuseWithoutEffect = (part: Expression, { names, scope, nameOf }: Job & Readonly<{ nameOf: NameOf }>): void => {
  if (part.type === 'TaggedTemplateExpression' && nameOf(part.tag))
    throw new Refusal({ start: part.tag.end }, missingSemicolon)
  if (hasEffect.has(part.type)) return // an operation in it may be wanted: assigned, or given to a function
  const root = rootOf(part)
  const bare = names.free.some(({ name, node }) => node === root && scope.operations.has(name))
  const holdsCall = names.free.some((one) => isOperationCall(scope)(one) && contains(part, one.node))
  if (bare) throw new Refusal(part, `${textOf(part)} is not called. Write ${textOf(part)}(…)`)
  if (holdsCall)
    throw new Refusal(
      part,
      'An operation in the middle of an expression would never run. Write it as a statement of its own',
    )
  if (isIdle(part)) throw new Refusal(part, 'This does nothing. Operations are calls, such as fn(state => …)')
}

/** `http.get`, as it was written but for spaces. */
export const textOf = (node: Node): string => {
  const one = node as Expression
  if (one.type === 'Identifier') return one.name
  if (one.type !== 'MemberExpression' || one.property.type !== 'Identifier') return 'This'
  return `${textOf(one.object)}.${one.property.name}`
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
