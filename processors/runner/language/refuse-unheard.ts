import type { AnyNode, CallExpression, Expression, Node, Program } from 'acorn'
import { childrenOf, type Names } from './free-names.ts'
import { isBuilder } from './lazy-state.ts'
import { isLink, type OperationPlace, rootOf, withoutChain } from './operation-calls.ts'
import { Refusal } from './refusal.ts'
import { textOf } from './refuse.ts'
import type { Scope } from './scope.ts'

/**
 * Refuses what is called and does nothing, without an error: a generator in the place of an operation, whose body never runs, and within a
 * function an operation that is made and dropped.
 */
export const refuseUnheard = (
  program: Program,
  { names, scope, places }: Readonly<{ names: Names; scope: Scope; places: readonly OperationPlace[] }>,
): void => {
  const makers = names.free.filter(({ name, how }) => how === 'call' && scope.makers.has(name))
  const calls = new Map<Node, string>(makers.map((one) => [one.node, one.name]))
  const inFunctions = new Set<Node>(makers.filter(({ inFunction }) => inFunction).map(({ node }) => node))

  const walk = (node: AnyNode): void => {
    if (node.type === 'ExpressionStatement') for (const value of lastOf(node.expression)) refuseDropped(value)
    if (node.type === 'CallExpression') {
      const maker = withoutChain(node)
      const name = maker.type === 'CallExpression' ? calls.get(rootOf(maker.callee)) : undefined
      if (name) refuseGenerators(node.arguments, listFirst.has(name) && !isLink(node))
    }
    for (const child of childrenOf(node)) walk(child)
  }

  const refuseDropped = (value: Expression): void => {
    const maker = withoutChain(value)
    if (maker.type !== 'CallExpression') return
    const root = rootOf(maker.callee)
    const name = calls.get(root)
    if (!name || !inFunctions.has(root) || (name === 'http' && isBuilder(maker.callee))) return
    if (scope.makers.get(name) === 'unless-given-state' && mayEndWithState(maker)) return
    const call = `${textOf(maker.callee as Expression)}(…)`
    throw new Refusal(
      maker,
      `${call} does nothing here: it makes an operation, which works in the list of operations or when it is given a state. Write return ${call}(state), or put it after this one`,
    )
  }

  refuseGenerators(
    places.map(({ expression }) => expression),
    false,
  )
  if (calls.size > 0) walk(program)
}

/** What an expression comes to, and nobody takes where it is a statement. */
const lastOf = (node: Expression): readonly Expression[] => {
  switch (node.type) {
    case 'SequenceExpression':
      return node.expressions.flatMap(lastOf)
    case 'LogicalExpression':
      return lastOf(node.right)
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap(lastOf)
    case 'AwaitExpression':
    case 'UnaryExpression':
      return lastOf(node.argument)
    default:
      return [node]
  }
}

/** In a list there may be no state, and a function or a text is none; whatever is not written out here may be one. */
const mayEndWithState = ({ arguments: given }: CallExpression): boolean => {
  const last = given.at(-1)
  if (given.length < 2 || !last) return given.some(({ type }) => type === 'SpreadElement')
  if (last.type === 'ObjectExpression') return last.properties.some(({ type }) => type === 'SpreadElement')
  return !neverState.has(last.type)
}

const neverState: ReadonlySet<string> = new Set([
  ...['Literal', 'TemplateLiteral', 'ArrayExpression', 'ArrowFunctionExpression', 'FunctionExpression'],
])

/** `function* …` where a list may come from it is none of these. */
const refuseGenerators = (given: readonly AnyNode[], firstMayBe: boolean): void => {
  const generator = given.find((one, at) => isGenerator(one) && !(firstMayBe && at === 0))
  if (generator)
    throw new Refusal(generator, 'The body of a generator would never run here. Leave the * of function* out')
}

const isGenerator = (node: AnyNode): boolean => node.type === 'FunctionExpression' && node.generator

/** What takes a list first, and that may come from a generator. */
const listFirst: ReadonlySet<string> = new Set(['each', 'beta', 'map', 'merge', 'join', 'parseCsv'])
