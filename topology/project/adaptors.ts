import type { Json } from '../words/json.ts'
import type { Catalogue } from './catalogue.ts'
import { remedyFor } from './nearest.ts'
import { quote } from './problems.ts'
import { mustBe, type Read } from './values.ts'

/** What a job may be written against without any download. */
export const builtInAdaptors = ['common', 'http', 'salesforce', 'dhis2', 'openmrs', 'postgresql'] as const

export type BuiltInAdaptor = (typeof builtInAdaptors)[number]

/** An adaptor of OpenFn's, by its package; in what is deployed with its exact version. */
export type UpstreamAdaptor = `@openfn/language-${string}`

/** What the key `adaptor` of a job may hold. */
export type Adaptor = BuiltInAdaptor | UpstreamAdaptor

/** An upstream adaptor as one script, found by the SHA-256 of its text (`id`, in hex); `names` are what it has for jobs. */
export type AdaptorBundle = Readonly<{ id: string; names: readonly string[]; code: string }>

/** An upstream adaptor, ready for jobs, by the name with its exact version; or why it is not. */
export type FoundAdaptor = Readonly<{ adaptor: UpstreamAdaptor; bundle: AdaptorBundle } | { problem: string }>

/** Why a package is no adaptor for jobs, or cannot be had: a sentence, with its remedy. */
export class NoAdaptor extends Error {}

/** Where packages come from. Both throw `NoAdaptor` for what cannot be had. */
export type Packages = Readonly<{
  newest(name: string): Promise<string>
  /** With all that it needs, in `node_modules` of a directory that is there until it is disposed of. */
  install(name: string, version: string): Promise<AsyncDisposable & Readonly<{ dir: string }>>
}>

/** Gets upstream adaptors, by the names that a document has for them. */
export type FindAdaptors = (names: readonly UpstreamAdaptor[]) => Promise<ReadonlyMap<UpstreamAdaptor, FoundAdaptor>>

/** An adaptor that a job in force has. */
export const deployedAdaptor = (
  projects: ReturnType<Catalogue['projects']>,
  name: UpstreamAdaptor,
): AdaptorBundle | undefined => {
  const jobs = [...projects.values()].flatMap(({ project }) => [...project.jobs.values()])
  return jobs.find(({ adaptor }) => adaptor === name)?.bundle ?? undefined
}

/** Reads the key `adaptor`; of a name that is near a known one it says so. */
export const adaptor: Read<Adaptor> = (value: Json) => {
  if (typeof value !== 'string') return mustBe('the name of an adaptor', value)
  const known = builtInAdaptors.find((name) => name === value)
  if (known !== undefined) return { ok: known }
  if (isUpstream(value)) return { ok: value }
  if (/^(@openfn\/|language-)/.test(value))
    return { problem: `${quote(value)} is no adaptor: write @openfn/language-name@1.2.3, or @latest, or no version.` }
  return { problem: `There is no adaptor ${quote(value)}; ${remedyFor(value, builtInAdaptors)}` }
}

/** `version` is null for the newest one. */
export const upstreamParts = (name: UpstreamAdaptor): Readonly<{ package: string; version: string | null }> => {
  const at = name.lastIndexOf('@')
  const version = at > 0 ? name.slice(at + 1) : 'latest'
  return { package: at > 0 ? name.slice(0, at) : name, version: version === 'latest' ? null : version }
}

/** How a document names an upstream adaptor. */
export const upstreamPattern: string =
  '^@openfn/language-[a-z0-9][a-z0-9-]{0,60}(@(latest|[0-9]{1,9}[.][0-9]{1,9}[.][0-9]{1,9}(-[0-9A-Za-z][0-9A-Za-z.-]{0,60})?))?$'

const upstream = new RegExp(upstreamPattern)

export const isUpstream = (name: string): name is UpstreamAdaptor => upstream.test(name)

/** As a run shows it: with its version. Those built in have Penstock's. */
export const shownAdaptor = (name: Adaptor, version: string): string => (isUpstream(name) ? name : `${name}@${version}`)
