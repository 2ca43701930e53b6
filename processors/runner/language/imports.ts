import type { ImportDeclaration, ImportExpression, ImportSpecifier, Node, Program } from 'acorn'
import { builtInAdaptors } from '../../../topology/project/adaptors.ts'
import { remedyFor } from '../../../topology/project/nearest.ts'
import { ImportRefusal } from './refusal.ts'
import { isInScope, type Scope } from './scope.ts'

/** A job's imports do nothing, because what they name is in scope already: only other names for it are new. */
export type Imports = Readonly<{
  lines: readonly ImportDeclaration[]
  /** Own name → name in scope, where they differ. */
  aliases: ReadonlyMap<string, string>
}>

/** Reads the imports of a job, and refuses those of what is not in scope, each with its remedy. */
export const importsOf = (program: Program, scope: Scope): Imports => {
  const lines = program.body.filter((statement) => statement.type === 'ImportDeclaration')
  const aliases = new Map<string, string>()
  for (const line of lines) {
    const from = String(line.source.value)
    refusePackage(line.source, { from, scope })
    for (const one of line.specifiers) {
      if (one.type !== 'ImportSpecifier')
        throw new ImportRefusal(
          one,
          `Name what you import: import { get } from '${from}'. Or leave it out: all of it is in scope`,
        )
      const imported = nameOf(one)
      const own = one.local.name
      if (!isInScope(scope, imported))
        throw new ImportRefusal(
          one,
          `There is no "${imported}" in ${from}; ${remedyFor(imported, [...scope.operations])}`,
        )
      if (own === imported) continue
      if (isInScope(scope, own))
        throw new ImportRefusal(
          one.local,
          `"${own}" is in scope already and means something else. Import it by another name`,
        )
      aliases.set(own, imported)
    }
  }
  return { lines, aliases }
}

/** Refuses `import(…)`: there is nothing that a job could load while it runs. */
export const refuseLateImports = (imports: readonly ImportExpression[], scope: Scope): void => {
  for (const { source, start } of imports) {
    if (source.type !== 'Literal')
      throw new ImportRefusal({ start }, `Nothing can be imported while a job runs: ${oneText}`)
    refusePackage(source, { from: String(source.value), scope })
    throw new ImportRefusal({ start }, 'Leave import(…) out: all that can be imported is in scope')
  }
}

const nameOf = ({ imported }: ImportSpecifier): string =>
  imported.type === 'Identifier' ? imported.name : String(imported.value)

const refusePackage = (place: Node, { from, scope }: Readonly<{ from: string; scope: Scope }>): void => {
  const name = from.replace(/(?<=.)@[^/]*$/, '') // the version
  if (scope.packages.includes(name)) return
  const own = builtInAdaptors.find((adaptor) => name === `@openfn/language-${adaptor}`)
  const remedy = name.startsWith('@openfn/language-')
    ? `set the job's adaptor to ${own ? `${own}, or to ${name}` : name}, and what it has is in scope`
    : oneText
  throw new ImportRefusal(place, `"${from}" cannot be imported: ${remedy}`)
}

/** What to do instead of bringing in another text. */
export const oneText = 'a job is one text, with all operations in scope. Write what you need of it into the job'
