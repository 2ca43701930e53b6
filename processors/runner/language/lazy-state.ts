import type { AnyNode, CallExpression, Expression, Node, Program } from 'acorn'
import type { Edit, Wrap } from './edits.ts'
import { childrenOf, type Names } from './free-names.ts'
import { stateName } from './names.ts'
import { rootOf } from './operation-calls.ts'
import { Refusal } from './refusal.ts'
import { isPlain, lazyName as lazy, type Scope } from './scope.ts'

/**
 * Makes `$` stand for the state at the moment when an operation works. The argument around it becomes a function of `$`: of nested calls that of
 * the innermost one, of those that work at once (`encodeURIComponent($.id)`, `$.list.map(…)`) the one around. In a function that is given
 * `state` it is that. Any other `$`, and one that is assigned, is refused.
 */
export const lazyState = (
  program: Program,
  { names, scope }: Readonly<{ names: Names; scope: Scope }>,
): Readonly<{ wraps: readonly Wrap[]; edits: readonly Edit[] }> => {
  const free = new Map<Node, string>(names.free.map((one) => [one.node, one.name]))
  const wraps = new Map<Node, Wrap>()
  const edits: Edit[] = []

  /** A call that has no use for a function in place of a value. */
  const worksAtOnce = ({ callee }: CallExpression): boolean => {
    const root = rootOf(callee)
    if (root.type === 'CallExpression') return isMethodOfValues(callee) || worksAtOnce(root as CallExpression)
    const name = free.get(root)
    if (name === lazy) return true
    if (name !== undefined && scope.operations.has(name)) return isPlain(scope, name) || isBuilder(callee)
    return (name !== undefined && isPlain(scope, name)) || isMethodOfValues(callee)
  }

  const resolve = (dollar: AnyNode, around: readonly AnyNode[]): void => {
    refuseWritten(dollar, around)
    for (let at = around.length - 1; at >= 0; at--) {
      const node = around[at] as AnyNode
      const child = around[at + 1] ?? dollar
      if (isFunction(node) && takesState(node)) {
        const parent = around.at(-1)
        const text = parent?.type === 'Property' && parent.shorthand ? `${lazy}:${stateName}` : stateName
        edits.push({ at: dollar.start, removed: lazy.length, text })
        return
      }
      if (node.type !== 'CallExpression' || child === node.callee || worksAtOnce(node)) continue
      if (isFunction(child)) throw new Refusal(dollar, nameTheState(child))
      if (child.type === 'SpreadElement')
        throw new Refusal(dollar, 'The state cannot be spread over arguments. Do it inside fn(state => …)')
      wraps.set(child, { start: child.start, end: child.end, before: `${lazy}=>(`, after: ')' })
      return
    }
    throw new Refusal(
      dollar,
      '$ must be inside an operation: it is the state while that works, as in get($.data.url). Elsewhere write state => state.data.url',
    )
  }

  const around: AnyNode[] = []
  const walk = (node: AnyNode): void => {
    if (free.get(node) === lazy) resolve(node, around)
    around.push(node)
    for (const child of childrenOf(node)) walk(child)
    around.pop()
  }

  if (names.free.some(({ name }) => name === lazy)) walk(program)
  return { wraps: [...wraps.values()], edits }
}

type FunctionNode = AnyNode & { type: 'ArrowFunctionExpression' | 'FunctionExpression' | 'FunctionDeclaration' }

const isFunction = (node: AnyNode): node is FunctionNode =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'

const takesState = ({ params }: FunctionNode): boolean =>
  params.some((param) => {
    const own = param.type === 'AssignmentPattern' ? param.left : param
    return own.type === 'Identifier' && own.name === stateName
  })

const nameTheState = ({ params }: FunctionNode): string => {
  const [first] = params
  return first?.type === 'Identifier'
    ? `This function is given the state as "${first.name}": write ${first.name} in place of $`
    : 'This function does not name the state. Write state => …, and state in place of $'
}

/** `http.options(…)` builds what a request is given. */
export const isBuilder = (callee: Expression | { type: 'Super' }): boolean =>
  callee.type === 'MemberExpression' && callee.property.type === 'Identifier' && callee.property.name === 'options'

/** Methods of strings, lists and numbers, by their names. */
const isMethodOfValues = (callee: Expression | { type: 'Super' }): boolean =>
  callee.type === 'MemberExpression' && callee.property.type === 'Identifier' && methods.has(callee.property.name)

const methods: ReadonlySet<string> = new Set(
  [String, Array, Number].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
)

const refuseWritten = (dollar: AnyNode, around: readonly AnyNode[]): void => {
  let at = around.length - 1
  let target = dollar
  for (; at >= 0 && isMemberOf(around[at], target); at--) target = around[at] as AnyNode
  const node = around[at]
  const inPattern = node?.type === 'Property' && node.value === target && around[at - 1]?.type === 'ObjectPattern'
  if (inPattern || (node && writes(node, target)))
    throw new Refusal(dollar, '$ can only be read. Change the state inside fn(state => …), and return it')
}

const isMemberOf = (node: AnyNode | undefined, object: AnyNode): boolean =>
  node?.type === 'MemberExpression' && node.object === object

const writes = (node: AnyNode, target: AnyNode): boolean => {
  switch (node.type) {
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'AssignmentPattern':
      return node.left === target
    case 'UnaryExpression':
      return node.operator === 'delete'
    case 'UpdateExpression':
    case 'ArrayPattern':
    case 'RestElement':
      return true
    default:
      return false
  }
}
