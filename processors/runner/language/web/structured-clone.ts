import { Blob } from './blob.ts'
import { DOMException } from './dom-exception.ts'

/** A deep copy of data, as the HTML Standard has it: cycles, dates, maps, sets, bytes and errors included; functions and symbols are refused. */
export const structuredClone = <T>(value: T, options: Readonly<{ transfer?: readonly unknown[] }> = {}): T => {
  if (options.transfer?.length)
    throw new DOMException('structuredClone transfers nothing here: leave transfer out', 'DataCloneError')
  return copy(value, new Map()) as T
}

type Seen = Map<object, unknown>

const copy = (value: unknown, seen: Seen): unknown => {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new DOMException(`A ${typeof value} cannot be cloned`, 'DataCloneError')
  if (typeof value !== 'object' || value === null) return value
  const before = seen.get(value)
  if (before !== undefined) return before
  const leaf = leafOf(value, seen)
  if (leaf !== undefined) return remember(value, leaf, seen)
  if (value instanceof Map) {
    const map = remember(value, new Map<unknown, unknown>(), seen)
    for (const [key, item] of [...value]) map.set(copy(key, seen), copy(item, seen))
    return map
  }
  if (value instanceof Set) {
    const set = remember(value, new Set<unknown>(), seen)
    for (const item of [...value]) set.add(copy(item, seen))
    return set
  }
  if (value instanceof Error) return errorOf(value, seen)
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet)
    throw new DOMException(`A ${value.constructor.name} cannot be cloned`, 'DataCloneError')
  const made: object = remember(value, Array.isArray(value) ? new Array(value.length) : {}, seen)
  for (const key of Object.keys(value)) define(made, key, copy(Reflect.get(value, key), seen))
  return made
}

/** What holds nothing that would have to be copied in turn. */
const leafOf = (value: object, seen: Seen): object | undefined => {
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof RegExp) return new RegExp(value.source, value.flags)
  if (value instanceof Boolean || value instanceof Number || value instanceof String) return Object(value.valueOf())
  if (value instanceof ArrayBuffer) return value.slice(0)
  if (value instanceof Blob) return value // it never changes
  if (!ArrayBuffer.isView(value)) return undefined
  const buffer = copy(value.buffer, seen) as ArrayBuffer
  if (value instanceof DataView) return new DataView(buffer, value.byteOffset, value.byteLength)
  const bytes = value as Uint8Array
  return new (plainArray(bytes))(buffer, bytes.byteOffset, bytes.length)
}

/** Not `constructor`, which a subclass such as Buffer changes. */
const plainArray = (array: Uint8Array): Uint8ArrayConstructor =>
  Reflect.get(globalThis, array[Symbol.toStringTag]) as Uint8ArrayConstructor

const errorOf = (error: Error, seen: Seen): Error => {
  const kind = errorKinds.find(({ name }) => name === error.name) ?? Error
  const made = remember(error, new kind(error.message), seen)
  for (const key of ['stack', 'cause'] as const)
    if (Object.hasOwn(error, key))
      Object.defineProperty(made, key, { value: copy(error[key], seen), configurable: true, writable: true })
  return made
}

const errorKinds = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const

/** Like a literal does it: `__proto__` is a key as any other. */
const define = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

const remember = <T>(value: object, made: T, seen: Seen): T => {
  seen.set(value, made)
  return made
}
