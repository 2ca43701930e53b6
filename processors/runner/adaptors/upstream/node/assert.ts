import { isDeepStrictEqual } from './utilities.ts'

/** Node's module `assert`. */
export const whole = (value: unknown, message?: unknown): void =>
  check(Boolean(value), message ?? 'The expression is not true')

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
  readonly code = 'ERR_ASSERTION'
}

export const ok = whole
export const strictEqual = (a: unknown, b: unknown, message?: unknown): void =>
  check(Object.is(a, b), message ?? `${a} is not ${b}`)
export const notStrictEqual = (a: unknown, b: unknown, message?: unknown): void =>
  check(!Object.is(a, b), message ?? `${a} is ${b}`)
export const deepEqual = (a: unknown, b: unknown, message?: unknown): void =>
  check(isDeepStrictEqual(a, b), message ?? 'The values are not alike')
export { deepEqual as deepStrictEqual, notStrictEqual as notEqual, strictEqual as equal }
export const fail = (message?: unknown): void => check(false, message ?? 'Failed')

const check = (right: boolean, message: unknown): void => {
  if (right) return
  throw message instanceof Error ? message : new AssertionError(String(message))
}
