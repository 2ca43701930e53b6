import type { CallExpression, Expression, Node, Program } from 'acorn'
import type { FreeName, Names } from './free-names.ts'
import { operationNames } from './operations.ts'

/** The calls that stand at the top level, alone or joined by commas (OpenFn v1), in order. */
export const operationCalls = (program: Program, names: Names): readonly CallExpression[] => {
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
export const rootOf = (node: Node): Node => {
  let root = node as Expression
  while (root.type === 'MemberExpression') root = root.object as Expression
  return root
}

/** A call of an operation that happens when the job is loaded, wherever it stands. */
export const isOperationCall = ({ name, called, inFunction }: FreeName): boolean =>
  called && !inFunction && operationNames.has(name)
