import { JSONPath } from 'jsonpath-plus'

/** Everything in the state that the path points to, in order; nothing is an empty list. Filters are evaluated, never compiled. */
export const valuesAt = (path: string, json: object): readonly unknown[] => {
  forgetPaths()
  return JSONPath({ path, json, wrap: true, eval: 'safe' }) as unknown[]
}

let used = 0

/** The library keeps every path that it ever parsed, and jobs may make new ones without end. */
const forgetPaths = (): void => {
  if (++used % 1_000 === 0) JSONPath.clearCache()
}
