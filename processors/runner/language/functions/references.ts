import type { Operation, State } from '../operation.ts'
import { resolved } from './resolve.ts'

/**
 * `expandReferences(value, skip)(state)`: the value with every function in it replaced by what that gives for the state. Dates, maps, regular
 * expressions and bytes are left as they are, as is a value for which `skip` says yes.
 */
export const expandReferences =
  (value: unknown, skip?: (value: unknown) => unknown): Operation =>
  (state) =>
    skip?.(value) ? value : resolved(state, value)

/** `composeNextState(state, data)`: the state with new `data`; what was there before becomes the newest, the first, of `references`. */
export const composeNextState = (state: State, data: unknown): State => {
  const { data: before, references } = state ?? {}
  const older: readonly unknown[] = Array.isArray(references) ? references : []
  return { ...state, data, references: before === undefined ? older : [before, ...older] }
}
