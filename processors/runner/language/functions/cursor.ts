import type { RunHost } from '../host.ts'
import type { Operation } from '../operation.ts'
import { parseDate } from '../parse-date.ts'
import { kindOf, mustBeFunction } from './arguments.ts'
import { resolved } from './resolve.ts'

/** What `cursor` may be told besides its value. */
export type CursorOptions = Readonly<{
  /** The key of the state that holds the cursor; it stays for the rest of the run. `cursor` if no cursor of the run says another. */
  key?: unknown
  /** What it is while the value is null or undefined. */
  defaultValue?: unknown
  /** Makes what is stored, of a Date or of any other value; a Date becomes ISO 8601 without it. */
  format?: (value: unknown) => unknown
}>

/**
 * `cursor(value, { key, defaultValue, format })`: an operation that remembers in the state how far the run has come. The value, also a function of the
 * state, may be `now`, `end`, `start` (of the run), `today`, `yesterday`, `3 hours ago`, `3 days ago`, or anything else, which is stored as it is.
 */
export const cursorOf = ({ console }: Pick<RunHost, 'console'>) => {
  const start = new Date()
  let name = 'cursor'
  return (value: unknown, options: CursorOptions = {}): Operation => {
    if (typeof options !== 'object' || options === null)
      throw new TypeError(`cursor takes its options as an object, not ${kindOf(options)}`)
    const { format, ...others } = options
    if (format !== undefined) mustBeFunction("cursor's format", format)
    return (state) => {
      const { key, defaultValue } = resolved(state, others) as CursorOptions
      if (key) name = String(key)
      const found = parseDate(resolved(state, value) ?? defaultValue, start)
      const formatted = format?.(found) ?? (found instanceof Date ? found.toISOString() : found)
      console.log(`The cursor "${name}" is now`, formatted)
      return { ...state, [name]: formatted }
    }
  }
}
