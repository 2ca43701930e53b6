import { bytesOf } from './log.ts'

/** What became of a run's state: JSON text, nothing at all, or too much of it. */
export type FinalState =
  | Readonly<{ kind: 'state'; json: string }>
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'too-large'; bytes: number; json: string }>

/**
 * The state as it is stored: `configuration` is never kept. Any JSON value is a state; `undefined` is nothing; a function, a symbol, a BigInt and
 * what holds itself throw `TypeError`.
 */
export const finalState = (state: unknown): FinalState => {
  if (state === undefined) return { kind: 'nothing' }
  const made = toJson(withoutConfiguration(state))
  if (made === undefined) throw new TypeError(`The final state is no JSON value but a ${typeof state}`)
  const json = withoutHidden(made)
  if (json.length <= maxBytes / 3) return { kind: 'state', json }
  const bytes = bytesOf(json)
  if (bytes <= maxBytes) return { kind: 'state', json }
  return { kind: 'too-large', bytes, json: JSON.stringify(json.slice(0, keptOfTooLarge)) }
}

/** `semantics.md` 7: final state over 10 MB. */
export const maxBytes = 10_000_000
/** Characters that are kept for people to read. */
const keptOfTooLarge = 64_000

const toJson = (state: unknown): string | undefined => {
  try {
    return JSON.stringify(state)
  } catch (error) {
    if (typeof state === 'bigint' || isOfJson(error))
      throw new TypeError(`The final state is not JSON: ${firstLine(error)}`)
    throw error
  }
}

/** JSON's own complaints, as V8 words them; all others are the user's, thrown in a getter or in `toJSON`. */
const isOfJson = (error: unknown): boolean =>
  error instanceof TypeError &&
  /^(Converting circular structure|Do not know how to serialize a BigInt)/.test(error.message)

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0] ?? ''

const withoutConfiguration = (state: unknown): unknown => {
  if (typeof state !== 'object' || state === null || !('configuration' in state)) return state
  const { configuration: _, ...rest } = state
  return rest
}

/** What a proxy or a `toJSON` brought along all the same. */
const withoutHidden = (json: string): string => {
  if (!json.startsWith('{') || !json.includes('"configuration":')) return json
  const made = JSON.parse(json) as object
  return Object.hasOwn(made, 'configuration') ? JSON.stringify(withoutConfiguration(made)) : json
}
