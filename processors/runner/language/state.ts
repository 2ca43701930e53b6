import type { JsonObject } from '../../../topology/words/json.ts'
import type { RunInput } from '../../../topology/words/run.ts'

/**
 * The JSON text of a run's initial state (`semantics.md` 5). A body becomes `data`, beside `request` and empty `references`, by joining texts:
 * it was found to be JSON when it came in, so it is not parsed here.
 */
export const stateText = (input: RunInput): string => {
  switch (input.kind) {
    case 'body':
      return `{"data":${withoutMark(input.body.toString('utf8'))},"request":${input.request},"references":[]}`
    case 'state':
      return input.state
    default:
      return input satisfies never
  }
}

const withoutMark = (text: string): string => (text.startsWith('\ufeff') ? text.slice(1) : text)

/** The state with `configuration`, which wins over one that the state brings. A state that is no object has no place for it. */
export const withConfiguration = (state: string, configuration: JsonObject | null): string => {
  const text = state.trim()
  if (configuration === null || !text.endsWith('}')) return state
  const rest = text.slice(0, -1).trimEnd()
  return `${rest}${rest.endsWith('{') ? '' : ','}"configuration":${JSON.stringify(configuration)}}`
}
