import { composeNextState } from '../language/functions/references.ts'
import type { Response } from '../language/http/send.ts'
import type { State } from '../language/operation.ts'

export type Callback = (state: State) => unknown

/** What came of an operation as the newest of `references`; `data` stays, so that the next operation finds in it what the message brought (OpenFn v1). */
export const withReference = (state: State, result: unknown): State => {
  const { references } = state
  return { ...state, references: [result, ...(Array.isArray(references) ? references : [])] }
}

/** The answer as `data`, the old `data` as newest of `references`, and all else of the answer as `response`; then the callback, if there is one. */
export const withAnswer = (
  state: State,
  { response, data, callback }: Readonly<{ response: Response; data: unknown; callback?: Callback | undefined }>,
): unknown => {
  const { body: _, ...rest } = response
  const next = { ...composeNextState(state, data), response: rest }
  return callback ? callback(next) : next
}
