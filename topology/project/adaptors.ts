import type { Json } from '../words/json.ts'
import { remedyFor } from './nearest.ts'
import { quote } from './problems.ts'
import { mustBe, type Read } from './values.ts'

/** What a job may be written against without any download. */
export const builtInAdaptors = ['common', 'http', 'salesforce', 'dhis2', 'openmrs'] as const

export type BuiltInAdaptor = (typeof builtInAdaptors)[number]

/** What the key `adaptor` of a job may hold. */
export type Adaptor = BuiltInAdaptor

/** Reads the key `adaptor`; of a name that is near a known one it says so. */
export const adaptor: Read<Adaptor> = (value: Json) => {
  if (typeof value !== 'string') return mustBe('the name of an adaptor', value)
  const known = builtInAdaptors.find((name) => name === value)
  if (known !== undefined) return { ok: known }
  return { problem: `There is no adaptor ${quote(value)}; ${remedyFor(value, builtInAdaptors)}` }
}

/** As a run shows it: with its version. Those built in have Penstock's. */
export const shownAdaptor = (name: Adaptor, version: string): string => `${name}@${version}`
