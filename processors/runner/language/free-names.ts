import type { AnyNode, ImportExpression, Node, Pattern, Program } from 'acorn'

/** A use of a name that the program declares nowhere around it. */
export type FreeName = Readonly<{
  /** What it means: of an import under another name, the name that it was imported by. */
  name: string
  node: Node
  /** `call`: it is what a call calls, or whose method. `typeof` asks, and may be told that there is no such thing. */
  how: 'read' | 'write' | 'call' | 'typeof'
  /** It stands within a function, so it is not looked up when the job is loaded. */
  inFunction: boolean
}>

/** What the compiler wants to know of a program's names. */
export type Names = Readonly<{
  free: readonly FreeName[]
  /** Declared at the top level. */
  declared: readonly string[]
  topLevelAwaits: readonly Node[]
  /** `import(…)`, wherever it stands. */
  lateImports: readonly ImportExpression[]
}>

/**
 * Finds the free names of a program by ECMAScript's rules of scope; what is imported is free, and `aliases` say by which name it was imported.
 * Throws `RangeError` where code nests too deeply to be walked.
 */
export const namesOf = (program: Program, aliases: ReadonlyMap<string, string>): Names => {
  const free: FreeName[] = []
  const topLevelAwaits: Node[] = []
  const lateImports: ImportExpression[] = []

  const use = (node: AnyNode & { type: 'Identifier' }, at: At, how: FreeName['how'] = 'read'): void => {
    for (let scope: Scope | null = at.scope; scope; scope = scope.outer) if (scope.names.has(node.name)) return
    free.push({ name: aliases.get(node.name) ?? node.name, node, how, inFunction: at.inFunction })
  }

  const walkCallee = (node: AnyNode, at: At): void => {
    if (node.type === 'Identifier') use(node, at, 'call')
    else if (node.type === 'MemberExpression') {
      walkCallee(node.object, at)
      if (node.computed) walk(node.property, at)
    } else walk(node, at)
  }

  const walkAll = (nodes: readonly (AnyNode | null | undefined)[], at: At): void => {
    for (const node of nodes) walk(node, at)
  }

  /** A pattern's names are declared or written, its defaults and computed keys are read. */
  const walkTarget = (node: AnyNode | null, at: At, how: 'declare' | 'write'): void => {
    switch (node?.type) {
      case undefined:
        return
      case 'Identifier':
        if (how === 'write') use(node, at, 'write')
        return
      case 'ArrayPattern':
        for (const element of node.elements) walkTarget(element, at, how)
        return
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'Property' && property.computed) walk(property.key, at)
          walkTarget(property.type === 'Property' ? property.value : property.argument, at, how)
        }
        return
      case 'RestElement':
        walkTarget(node.argument, at, how)
        return
      case 'AssignmentPattern':
        walkTarget(node.left, at, how)
        walk(node.right, at)
        return
      default:
        walk(node, at)
    }
  }

  const walk = (node: AnyNode | null | undefined, at: At): void => {
    if (!node) return
    switch (node.type) {
      case 'Identifier':
        use(node, at)
        return
      case 'CallExpression':
        walkCallee(node.callee, at)
        walkAll(node.arguments, at)
        return
      case 'UnaryExpression':
        if (node.operator === 'typeof' && node.argument.type === 'Identifier') use(node.argument, at, 'typeof')
        else walk(node.argument, at)
        return
      case 'AwaitExpression':
        if (!at.inFunction) topLevelAwaits.push(node)
        walk(node.argument, at)
        return
      case 'AssignmentExpression':
        walkTarget(node.left, at, 'write')
        walk(node.right, at)
        return
      case 'UpdateExpression':
        walkTarget(node.argument, at, 'write')
        return
      case 'VariableDeclarator':
        walkTarget(node.id, at, 'declare')
        walk(node.init, at)
        return
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression': {
        const names = new Set(node.params.flatMap(boundNames))
        if (node.type !== 'ArrowFunctionExpression') names.add('arguments')
        if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name)
        for (const name of varNames(node.body)) names.add(name)
        const within = { scope: { names, outer: at.scope }, inFunction: true }
        for (const param of node.params) walkTarget(param, within, 'declare')
        walk(node.body, within)
        return
      }
      case 'ClassDeclaration':
      case 'ClassExpression': {
        const within = inner(at, node.id ? [node.id.name] : [])
        walk(node.superClass, within)
        walk(node.body, within)
        return
      }
      case 'Program':
      case 'BlockStatement':
      case 'StaticBlock':
        walkAll(node.body, inner(at, lexicalNames(node.body)))
        return
      case 'SwitchStatement':
        walk(node.discriminant, at)
        walkAll(node.cases, inner(at, lexicalNames(node.cases.flatMap((one) => one.consequent))))
        return
      case 'ForStatement': {
        const within = inner(at, node.init ? lexicalNames([node.init]) : [])
        walkAll([node.init, node.test, node.update, node.body], within)
        return
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        if (node.type === 'ForOfStatement' && node.await && !at.inFunction) topLevelAwaits.push(node)
        const within = inner(at, lexicalNames([node.left]))
        if (node.left.type === 'VariableDeclaration') walk(node.left, within)
        else walkTarget(node.left, within, 'write')
        walkAll([node.right, node.body], within)
        return
      }
      case 'CatchClause': {
        const within = inner(at, node.param ? boundNames(node.param) : [])
        walkTarget(node.param ?? null, within, 'declare')
        walk(node.body, within)
        return
      }
      case 'MemberExpression':
        walk(node.object, at)
        if (node.computed) walk(node.property, at)
        return
      case 'Property':
        if (node.computed) walk(node.key, at)
        walk(node.value, at)
        return
      case 'MethodDefinition':
        if (node.computed) walk(node.key, at)
        walk(node.value, at)
        return
      case 'PropertyDefinition':
        if (node.computed) walk(node.key, at)
        walk(node.value, { ...at, inFunction: true })
        return
      case 'LabeledStatement':
        walk(node.body, at)
        return
      case 'ImportExpression':
        lateImports.push(node)
        walkAll(childrenOf(node), at)
        return
      case 'ImportDeclaration':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
        return
      default:
        walkAll(childrenOf(node), at)
    }
  }

  const vars = varNames(program)
  walk(program, { scope: { names: new Set(vars), outer: null }, inFunction: false })
  return { free, declared: [...vars, ...lexicalNames(program.body)], topLevelAwaits, lateImports }
}

type Scope = Readonly<{ names: ReadonlySet<string>; outer: Scope | null }>
type At = Readonly<{ scope: Scope; inFunction: boolean }>

const inner = (at: At, names: readonly string[]): At =>
  names.length === 0 ? at : { ...at, scope: { names: new Set(names), outer: at.scope } }

/** The nodes directly below a node, in the order of the text. */
export const childrenOf = (node: AnyNode): readonly AnyNode[] => Object.values(node).flat().filter(isNode)

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

const boundNames = (pattern: Pattern | null): readonly string[] => {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames)
    case 'ObjectPattern':
      return pattern.properties.flatMap((one) => boundNames(one.type === 'Property' ? one.value : one.argument))
    case 'RestElement':
      return boundNames(pattern.argument)
    case 'AssignmentPattern':
      return boundNames(pattern.left)
    default:
      return []
  }
}

/** What `let`, `const`, `class` and `function` declare directly in a block. */
const lexicalNames = (body: readonly AnyNode[]): readonly string[] =>
  body.flatMap((node) => {
    if (node.type === 'VariableDeclaration' && node.kind !== 'var')
      return node.declarations.flatMap((one) => boundNames(one.id))
    if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') return node.id ? [node.id.name] : []
    return []
  })

/** What `var` declares anywhere below, other functions left out. */
const varNames = (node: AnyNode): readonly string[] => {
  if (node.type === 'VariableDeclaration')
    return node.kind === 'var' ? node.declarations.flatMap((one) => boundNames(one.id)) : []
  return holdsStatements.has(node.type) ? childrenOf(node).flatMap(varNames) : []
}

const holdsStatements: ReadonlySet<string> = new Set([
  ...['Program', 'BlockStatement', 'IfStatement', 'SwitchStatement', 'SwitchCase', 'TryStatement', 'CatchClause'],
  ...['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement', 'LabeledStatement'],
])
