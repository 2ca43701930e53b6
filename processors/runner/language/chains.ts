import type { AnyNode, Node, Program } from 'acorn'
import type { Edit, Wrap } from './edits.ts'
import { childrenOf, type Names } from './free-names.ts'
import { isLink, rootOf, withoutChain } from './operation-calls.ts'
import { isPlain, type Scope } from './scope.ts'

/** `then`, `catch` and `finally` chained to one operation: from `start` to `end`, the first link's dot stands at `dot`. */
export type Chain = Readonly<{ start: number; end: number; dot: number }>

/** Finds the chains on operations: on calls of what is in scope anywhere, on the job's own functions where the job is loaded. */
export const chainsOf = (
  program: Program,
  { code, names, scope }: Readonly<{ code: string; names: Names; scope: Scope }>,
): readonly Chain[] => {
  if (!/\b(?:then|catch|finally)\b/.test(code)) return []
  const free = new Map<Node, string>(names.free.map((one) => [one.node, one.name]))
  const found: Chain[] = []

  const isOperation = (maker: AnyNode, inFunction: boolean): boolean => {
    const root = rootOf(maker.type === 'CallExpression' ? maker.callee : maker)
    if (root.type !== 'Identifier') return false
    const name = free.get(root)
    return name === undefined ? !inFunction : scope.operations.has(name) && !isPlain(scope, name)
  }

  const walk = (node: AnyNode, inFunction: boolean): void => {
    if (isLink(node)) {
      const maker = withoutChain(node)
      if (isOperation(maker, inFunction))
        found.push({ start: node.start, end: node.end, dot: dotAfter(code, maker.end) })
      let link: AnyNode = node
      for (; isLink(link); link = link.callee.object) for (const given of link.arguments) walk(given, inFunction)
      walk(link, inFunction)
      return
    }
    const within = inFunction || functions.has(node.type)
    for (const child of childrenOf(node)) walk(child, within)
  }

  walk(program, false)
  return found
}

const functions: ReadonlySet<string> = new Set([
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'PropertyDefinition', 'StaticBlock'],
])

/** Spaces, comments and closing parentheses may stand between. */
const dotAfter = (code: string, end: number): number => {
  const between = /(?:[\s)]|\/\*[\s\S]*?\*\/|\/\/.*)*/y
  between.lastIndex = end
  between.test(code)
  return between.lastIndex
}

/** Hands each operation to `then`, with the rest of its chain as a function of `promise` (`deferred.ts`). */
export const chained = (
  chains: readonly Chain[],
  { then, promise }: Readonly<{ then: string; promise: string }>,
): Readonly<{ wraps: readonly Wrap[]; edits: readonly Edit[] }> => ({
  wraps: chains.map(({ start, end }) => ({ start, end, before: `${then}(`, after: ')' })),
  edits: chains.map(({ dot }) => ({ at: dot, removed: 0, text: `,${promise}=>${promise}` })),
})
