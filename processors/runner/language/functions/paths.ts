import { valuesAt } from '../json-path.ts'
import type { State } from '../operation.ts'
import { mustBePath } from './arguments.ts'
import { dataFrom } from './items.ts'

/** `source(path)`: a function of the state that gives everything that the JSONPath points to; nothing is an empty list. */
export const source = (path: string): ((state: State) => readonly unknown[]) => {
  mustBePath('source', path)
  return (state) => valuesAt(path, state)
}

/** `sourceValue(path)`: a function of the state that gives the first of what the JSONPath points to; nothing is `undefined`. */
export const sourceValue = (path: string): ((state: State) => unknown) => {
  mustBePath('sourceValue', path)
  return (state) => valuesAt(path, state)[0]
}

/** `dataPath('name')`: the JSONPath of that within `data`, `'$.data.name'`. Any `$` and `.` before it are dropped. */
export const dataPath = (path: string): string => {
  mustBePath('dataPath', path)
  return `$.data.${withoutRoot('dataPath', path)}`
}

/** `dataValue('name')`: a function of the state that gives the first of what the path points to within `data`. */
export const dataValue = (path: string): ((state: State) => unknown) => {
  mustBePath('dataValue', path)
  return sourceValue(`$.data.${withoutRoot('dataValue', path)}`)
}

/** `referencePath('[0].id')`: the JSONPath of that within `references`, `'$.references[0].id'`. */
export const referencePath = (path: string): string => {
  mustBePath('referencePath', path)
  return `$.references${withoutRoot('referencePath', path)}`
}

/** `lastReferenceValue('id')`: a function of the state that gives that of the newest reference. References are newest first (`semantics.md` 7). */
export const lastReferenceValue = (path: string): ((state: State) => unknown) => {
  mustBePath('lastReferenceValue', path)
  return sourceValue(`$.references[0].${path}`)
}

/** `jsonValue(object, path)`: the first of what the JSONPath points to in any object, at once; nothing is `undefined`. */
export const jsonValue = (json: unknown, path: string): unknown => {
  mustBePath('jsonValue', path)
  return valuesAt(path, json)[0]
}

/** `asData(data, state)`: of a text, what it points to as a JSONPath; of a function, what it gives for the state; else the data itself. */
export const asData = (data: unknown, state: State): unknown => dataFrom(data, state)

const withoutRoot = (name: string, path: string): string => {
  if (path === '') throw new TypeError(`${name} takes a path such as 'form.name', not an empty text`)
  return /^[$.]*(.+)$/s.exec(path)?.[1] ?? path
}
