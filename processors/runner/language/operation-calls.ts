import type { AnyNode, CallExpression, Expression, Node, Program } from 'acorn'
import type { FreeName, Names } from './free-names.ts'
import { Refusal } from './refusal.ts'
import { isPlain, type Scope } from './scope.ts'

/** An expression at the top level that makes an operation; `maker` is the same with what is chained to it left out, mostly a call. */
export type OperationPlace = Readonly<{ expression: Expression; maker: Expression }>

/** All that a job does, in order: its calls at the top level, alone or joined by commas (OpenFn v1), or its `export default […]`. */
export const operationPlaces = (
  program: Program,
  { names, scope }: Readonly<{ names: Names; scope: Scope }>,
): readonly OperationPlace[] => {
  const list = exportedList(program)
  if (list) return list.map(placeOf)
  const free = new Map(names.free.map((one) => [one.node, one.name]))
  const isOperation = ({ expression, maker }: OperationPlace): boolean => {
    if (expression.type !== 'CallExpression') return false
    const name = free.get(rootOf(maker.type === 'CallExpression' ? maker.callee : maker))
    return name === undefined || scope.operations.has(name)
  }
  return program.body
    .flatMap((statement) => (statement.type === 'ExpressionStatement' ? partsOf(statement.expression) : []))
    .map(placeOf)
    .filter(isOperation)
}

/** The expressions that a comma joins. */
export const partsOf = (expression: Expression): readonly Expression[] =>
  expression.type === 'SequenceExpression' ? expression.expressions : [expression]

/** What `export default […]` lists, if the job has one: then nothing else at its top level is an operation. */
const exportedList = (program: Program): readonly Expression[] | undefined => {
  const exported = program.body.find((statement) => statement.type === 'ExportDefaultDeclaration')
  if (!exported) return undefined
  if (exported.declaration.type !== 'ArrayExpression')
    throw new Refusal(
      exported,
      'Write export default [fn(…), each(…)], or leave it out and write the operations one after another',
    )
  return exported.declaration.elements.map((element) => {
    if (element && element.type !== 'SpreadElement') return element
    throw new Refusal(element ?? exported, 'Write the operations of the list one by one')
  })
}

const placeOf = (expression: Expression): OperationPlace => ({ expression, maker: withoutChain(expression) })

/** `get(…)` of `get(…).then(…).catch(…)`; anything else is given back as it is. */
export const withoutChain = (node: Expression): Expression => {
  let inner = node
  while (isLink(inner)) inner = inner.callee.object
  return inner
}

/** A call of `then`, `catch` or `finally`. */
export const isLink = (
  node: AnyNode,
): node is CallExpression & { callee: { type: 'MemberExpression'; object: Expression } } =>
  node.type === 'CallExpression' &&
  node.callee.type === 'MemberExpression' &&
  !node.callee.computed &&
  node.callee.object.type !== 'Super' &&
  node.callee.property.type === 'Identifier' &&
  links.has(node.callee.property.name)

const links: ReadonlySet<string> = new Set(['then', 'catch', 'finally'])

/** `http` of `http.get`, `fn(…)` of `fn(…).name`. */
export const rootOf = (node: Node): Node => {
  let root = node as Expression
  while (root.type === 'MemberExpression') root = root.object as Expression
  return root
}

/** A call of an operation that happens when the job is loaded, wherever it stands. */
export const isOperationCall =
  (scope: Scope) =>
  ({ name, how, inFunction }: FreeName): boolean =>
    how === 'call' && !inFunction && scope.operations.has(name) && !isPlain(scope, name)
