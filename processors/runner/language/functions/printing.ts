import type { RunHost } from '../host.ts'
import type { Operation } from '../operation.ts'
import { resolved } from './resolve.ts'

/** `log(value, …)` of a run: an operation that prints values, and what functions give for the state. The state stays as it is. */
export const logOf = ({ console }: Pick<RunHost, 'console'>): ((...values: readonly unknown[]) => Operation) =>
  printing(console.log)

/** `debug(value, …)` of a run: as `log`, a line of level debug. */
export const debugOf = ({ console }: Pick<RunHost, 'console'>): ((...values: readonly unknown[]) => Operation) =>
  printing(console.debug)

const printing =
  (print: (...values: readonly unknown[]) => void) =>
  (...values: readonly unknown[]): Operation =>
  (state) => {
    print(...values.map((value) => resolved(state, value)))
    return state
  }
