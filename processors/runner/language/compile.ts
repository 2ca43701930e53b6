import { type Comment, type Expression, type Program, parse } from 'acorn'
import { type Chain, chained, chainsOf } from './chains.ts'
import { deferredName } from './deferred.ts'
import { earlyEnd } from './early-end.ts'
import { blanked, type Edit, edited, type Wrap } from './edits.ts'
import { type Names, namesOf } from './free-names.ts'
import { importsOf, refuseLateImports } from './imports.ts'
import { lazyState } from './lazy-state.ts'
import { stateName } from './names.ts'
import { type OperationPlace, operationPlaces } from './operation-calls.ts'
import { type Insert, type Place, placesIn, userPlace } from './positions.ts'
import { offsetOf, type Problem, placeAt, problemAt } from './problem.ts'
import { ImportRefusal, Refusal } from './refusal.ts'
import { refuseUnknownCalls, refuseUnknownNames, refuseUseless } from './refuse.ts'
import { refuseUnheard } from './refuse-unheard.ts'
import { commonScope, isInScope, type Scope } from './scope.ts'

/**
 * A job ready to run. `script` is an expression: an async arrow function that takes `add(number, thunk)` and what `uses` names, in that order
 * (`of-run.ts`, an adaptor's own, `stateName`), declares what the job declares, and adds the job's operations in order. The user's line n is
 * line n + 1 of it; `inserts` map columns back.
 */
export type Compiled = Readonly<{
  kind: 'compiled'
  script: string
  uses: readonly string[]
  inserts: readonly Insert[]
  operations: readonly (Place & Readonly<{ name: string }>)[]
}>

/** Of `Compiled` and of what its script takes. It counts up when either changes: deploys keep what they compiled (`at-deploy.ts`). */
export const compilerVersion = 1

/**
 * Compiles a job's code, in OpenFn's older dialect or in its newer one: what tells them apart means the same in both. What upstream silently
 * ignores (an `if` or `await` around a top-level operation) is a problem here.
 * The same code always gives the same result, and no code makes it throw.
 */
export const compileJob = (code: string, scope: Scope = commonScope): Compiled | Problem => {
  try {
    const program = parseAs(code, 'module')
    const { lines, aliases } = importsOf(program, scope)
    const names = namesOf(program, aliases)
    refuseLateImports(names.lateImports, scope)
    refuseUnknownCalls({ names, scope })
    const places = operationPlaces(program, { names, scope })
    refuseUseless(program, { names, scope, places })
    refuseUnheard(program, { names, scope, places })
    const lazy = lazyState(program, { names, scope })
    refuseUnknownNames({ names, scope })
    const chains = chainsOf(program, { code, names, scope })
    const job = { code, names, scope, chains }
    return checked(
      code,
      written(job, {
        places,
        aliases,
        wraps: lazy.wraps,
        edits: [...lazy.edits, ...lines.map((line) => blanked(code, line)), ...exportMarks(program, code)],
      }),
    )
  } catch (error) {
    if (error instanceof ImportRefusal) return { ...problemAt(code, error.offset, error.message), name: 'ImportError' }
    if (error instanceof Refusal) return problemAt(code, error.offset, error.message)
    if (error instanceof SyntaxError && 'pos' in error)
      return earlyEnd(code, error) ?? problemAt(code, Number(error.pos), textOf(error))
    if (error instanceof RangeError) return problemAt(code, 0, 'The code nests too deeply to be read')
    throw error
  }
}

const parseAs = (code: string, sourceType: 'module' | 'script', onComment: Comment[] = []): Program =>
  parse(code, { ecmaVersion: 'latest', sourceType, allowHashBang: false, onComment })

/** acorn's message without the place, which we tell in our own way. */
const textOf = (error: SyntaxError): string => error.message.replace(/ \(\d+:\d+\)$/, '')

/** `export default` before the list of operations. */
const exportMarks = (program: Program, code: string): readonly Edit[] =>
  program.body
    .filter((statement) => statement.type === 'ExportDefaultDeclaration')
    .map(({ start, declaration }) => blanked(code, { start, end: declaration.start }))

type Job = Readonly<{ code: string; names: Names; scope: Scope; chains: readonly Chain[] }>
type Changes = Readonly<{
  places: readonly OperationPlace[]
  aliases: ReadonlyMap<string, string>
  wraps: readonly Wrap[]
  edits: readonly Edit[]
}>

/** Operations are wrapped where they stand, so that lines stay; they are thunks, so that all declarations come first. */
const written = ({ code, names, scope, chains }: Job, { places, aliases, wraps, edits }: Changes): Compiled => {
  const [add, then, promise] = ['$add', '$then', '$promise'].map((name) => unusedName(code, name)) as Triple
  const used = new Set(names.free.map(({ name }) => name))
  const links = chained(chains, { then, promise })
  const { text, inserts } = edited(code, {
    wraps: [
      ...places.map(({ expression: { start, end } }, at) => ({
        start,
        end,
        before: `${add}(${at},()=>(`,
        after: '))',
      })),
      ...wraps,
      ...links.wraps,
    ],
    edits: [...edits, ...links.edits],
  })
  const uses = [...new Set([stateName, ...scope.ofRun])].filter((name) =>
    name === deferredName ? chains.length > 0 : used.has(name),
  )
  const params = [add, ...uses.map((name) => (name === deferredName ? then : name))]
  const own = names.free.filter(({ how, name }) => how === 'write' && !isInScope(scope, name)).map(({ name }) => name)
  const renamed = [...aliases]
    .filter(([, imported]) => used.has(imported))
    .map(([name, imported]) => `${name}=${imported}`)
  const head = `'use strict';(async(${params})=>{${declare('let', new Set(own))}${declare('const', renamed)}{\n`
  const place = placesIn(code)
  const operations = places.map(({ expression, maker }) => ({ name: nameOf(code, maker), ...place(expression.start) }))
  return { kind: 'compiled', script: `${head}${text}\n}})`, uses, inserts, operations }
}

type Triple = [string, string, string]

const declare = (keyword: 'let' | 'const', names: Iterable<string>): string => {
  const list = [...names].join()
  return list && `${keyword} ${list};`
}

const unusedName = (code: string, begin: string): string => {
  let name = begin
  while (code.includes(name)) name += '$'
  return name
}

/** What the operation's maker is called; without a maker it has no name of its own. */
const nameOf = (code: string, maker: Expression): string => {
  const { type, start, end } = maker.type === 'CallExpression' ? maker.callee : maker
  return type === 'Identifier' || maker.type === 'CallExpression'
    ? code.slice(start, Math.min(end, start + 60))
    : 'operation'
}

/**
 * Reads the script once more, as V8 will: some code is a fine module and yet another script (`<!--` begins a comment in one only).
 * It must still be one function, so that no job can put anything beside it.
 */
const checked = (code: string, compiled: Compiled): Compiled | Problem => {
  try {
    const comments: Comment[] = []
    const { body } = parseAs(compiled.script, 'script', comments)
    const strange = comments.find(({ start }) => /^(<!--|-->)/.test(compiled.script.slice(start, start + 4)))
    if (strange) return problemAt(code, ownOffset(code, compiled, strange.start), notAComment)
    const [, job] = body
    const whole =
      body.length === 2 && job?.type === 'ExpressionStatement' && job.expression.type === 'ArrowFunctionExpression'
    return whole ? compiled : problemAt(code, 0, notAComment)
  } catch (error) {
    if (!(error instanceof SyntaxError && 'pos' in error)) throw error
    return problemAt(code, ownOffset(code, compiled, Number(error.pos)), textOf(error))
  }
}

const notAComment = 'The code holds <!-- or --> where a script takes it for a comment. Put a space into it'

/** Where in the user's code an offset of the script lies. */
const ownOffset = (code: string, { script, inserts }: Compiled, offset: number): number => {
  const { line, column } = placeAt(script, offset)
  return offsetOf(code, userPlace(inserts, { line: line - 1, column }))
}
