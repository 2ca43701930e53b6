import { wrong } from '../../language/functions/arguments.ts'
import { type Field, field } from '../../language/functions/fields.ts'
import { sourceValue } from '../../language/functions/paths.ts'
import { resolved } from '../../language/functions/resolve.ts'
import type { State } from '../../language/operation.ts'

/**
 * `relationship('Clinic__r', 'Code__c', value)`: a field that points to the record whose external id is the value, which may be a function of
 * the state.
 */
export const relationship = (name: string, externalId: string, value: unknown): Field => {
  if (typeof externalId !== 'string')
    throw wrong('relationship', { takes: 'a relationship, an external id and its value', got: externalId })
  return field(name, (state: State) => ({ [externalId]: resolved(state, value) }))
}

/** `lookup('Clinic__r', 'Code__c', '$.data.clinic')`: the same with the value at a JSONPath of the state. */
export const lookup = (name: string, externalId: string, path: string): Field =>
  relationship(name, externalId, sourceValue(path))

/** `reference(0)`: a function of the state that gives the id of what the newest operation made; `1` is the one before. */
export const reference =
  (position: number) =>
  (state: State): unknown => {
    const { references } = state
    const found: unknown = Array.isArray(references) ? references[position] : undefined
    if (typeof found !== 'object' || found === null)
      throw new TypeError(`reference(${position}) finds nothing: so many operations have not left a result yet`)
    return (found as Readonly<Record<string, unknown>>)['id']
  }
