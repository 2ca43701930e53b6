import type { RunHost } from '../host.ts'
import { valuesAt } from '../json-path.ts'
import { schemaErrors } from '../json-schema/validate.ts'
import type { Operation, State } from '../operation.ts'
import { kindOf } from './arguments.ts'
import { resolved } from './resolve.ts'

/**
 * `validate(schema, data)`: an operation that checks data by a JSON Schema and adds what is wrong, `{ data, errors }`, to `validationErrors` of the
 * state; data that is wrong fails no run. The schema is an object, a JSONPath into the state (`schema`) or a URL, the data a JSONPath (`data`) or
 * anything else; both may be functions of the state. A schema that is none, or cannot be had, fails the run. Gives a promise.
 */
export const validateOf =
  ({ http }: Pick<RunHost, 'http'>) =>
  (schema: unknown = 'schema', data: unknown = 'data'): Operation =>
  async (state) => {
    const value = pointed(resolved(state, data), state)
    const chosen = resolved(state, schema)
    const isUrl = typeof chosen === 'string' && /^https?:\/\//i.test(chosen)
    const found = isUrl ? await fetched(chosen, http) : pointed(chosen, state)
    if (typeof found !== 'boolean' && (typeof found !== 'object' || found === null))
      throw new TypeError(`validate needs a JSON Schema, and ${textOf(chosen)} is ${kindOf(found)}`)
    const errors = schemaErrors(found, value)
    const { validationErrors } = state
    const before: readonly unknown[] = Array.isArray(validationErrors) ? validationErrors : []
    return { ...state, validationErrors: errors.length > 0 ? [...before, { data: value, errors }] : before }
  }

const pointed = (value: unknown, state: State): unknown =>
  typeof value === 'string' ? valuesAt(value, state)[0] : value

const textOf = (schema: unknown): string => (typeof schema === 'string' ? `what "${schema}" points to` : 'what it got')

const fetched = async (url: string, http: RunHost['http']): Promise<unknown> => {
  const headers = [['accept', 'application/schema+json, application/json']] as const
  const call = { method: 'GET', url, headers, body: null, encoding: 'utf8', redirects: 5, timeoutMs: null } as const
  const { status, body } = await http(call)
  if (status !== 200) throw new Error(`validate asked ${url} for a JSON Schema, and the answer was ${status}`)
  try {
    return JSON.parse(body)
  } catch {
    throw new Error(`validate asked ${url} for a JSON Schema, and the answer is no JSON`)
  }
}
