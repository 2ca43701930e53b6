import {
  type Adaptor,
  type AdaptorBundle,
  builtInAdaptors,
  isUpstream,
  upstreamParts,
} from '../../../topology/project/adaptors.ts'
import { globalNames } from './globals.ts'
import { adaptorNames, ofRunNames, ofRunOperationNames, operationNames, stateName } from './names.ts'

/** The names that a job has in scope without import, beside ECMAScript's own. An adaptor adds its own to them. */
export type Scope = Readonly<{
  /** What is called at the top level of a job; also those of the run. */
  operations: ReadonlySet<string>
  /** Those whose call does nothing yet, whatever it is given. Of an upstream adaptor nobody knows which they are. */
  makers: ReadonlyMap<string, Maker>
  /** What is made for each run. The compiled job takes those that it uses as parameters, in this order. */
  ofRun: readonly string[]
  /** Packages that a job may name in an import, because all that they have is in scope. */
  packages: readonly string[]
}>

/** Whether a call makes an operation whatever it is given, or does its work at once if its last argument is a state (`adaptors/curried.ts`). */
export type Maker = 'always' | 'unless-given-state'

const plain: ReadonlySet<string> = new Set([
  ...['util', 'dateFns', '_', 'chunk', 'toArray', 'splitKeys', 'humanProper', 'scrubEmojis', 'arrayToString'],
  ...['jsonValue', 'asData', 'dataPath', 'referencePath', 'composeNextState'],
])

/** Made at once: of what works at once, and of fields, whose values may be functions of the state. */
const isValue = (name: string): boolean => plain.has(name) || name === 'field' || name === 'fields'

const languageNames = [...operationNames, ...ofRunOperationNames]

/** What every job has in scope. */
export const commonScope: Scope = {
  operations: new Set(languageNames),
  makers: new Map([
    ...languageNames.filter((name) => !isValue(name)).map((name) => [name, 'always'] as const),
    ['map', 'unless-given-state'],
  ]),
  ofRun: ofRunNames,
  packages: ['@openfn/language-common', '@openfn/language-http'],
}

/**
 * What a job of this adaptor has in scope. What the adaptor calls by a name that is there already stands in its place. Of an upstream adaptor it
 * is what that exports, and of ours only what the web has.
 */
export const scopeOf = ({ adaptor, bundle }: Readonly<{ adaptor: Adaptor; bundle: Bundle }>): Scope =>
  isUpstream(adaptor)
    ? {
        operations: new Set(bundle?.names),
        makers: new Map(),
        ofRun: [...new Set([...ofRunNames.filter((name) => !own.has(name)), ...(bundle?.names ?? [])])],
        packages: [upstreamParts(adaptor).package, '@openfn/language-common'],
      }
    : (scopes.get(adaptor) ?? commonScope)

type Bundle = Pick<AdaptorBundle, 'names'> | null

/** What is the language's, though it is made for each run. */
const own: ReadonlySet<string> = new Set([...ofRunOperationNames, 'util'])

const scopes: ReadonlyMap<Adaptor, Scope> = new Map(
  builtInAdaptors.map((adaptor) => {
    const names = adaptorNames[adaptor]
    return [
      adaptor,
      {
        operations: new Set([...commonScope.operations, ...names]),
        makers: new Map([...commonScope.makers, ...names.map((name) => [name, 'unless-given-state'] as const)]),
        ofRun: [...new Set([...commonScope.ofRun, ...names])],
        packages: [...new Set([...commonScope.packages, `@openfn/language-${adaptor}`])],
      },
    ]
  }),
)

/** The state at the moment when an operation works (`lazy-state.ts`). */
export const lazyName = '$'

export const isInScope = ({ operations, ofRun }: Scope, name: string): boolean =>
  operations.has(name) || globalNames.has(name) || name === stateName || name === lazyName || ofRun.includes(name)

/** It does its work when it is called and gives a value: no operation, and no use for a function of state. */
export const isPlain = ({ operations }: Scope, name: string): boolean =>
  plain.has(name) || (globalNames.has(name) && !operations.has(name))
