/** Node's module `util`, as far as libraries use it. */
export const { TextDecoder, TextEncoder } = globalThis

export const inherits = (child: { prototype: object; super_?: unknown }, parent: { prototype: object }): void => {
  child.super_ = parent
  Object.setPrototypeOf(child.prototype, parent.prototype)
}

type Callback = (error: unknown, value?: unknown) => void
type Called = (...args: unknown[]) => unknown

const custom = Symbol.for('nodejs.util.promisify.custom')

export const promisify: (action: Called) => Called = Object.assign(
  (action: Called): Called =>
    Reflect.get(action, custom) ??
    function (this: unknown, ...args: unknown[]) {
      return new Promise((resolve, reject) => {
        const done: Callback = (error, value) => (error ? reject(error) : resolve(value))
        action.call(this, ...args, done)
      })
    },
  { custom },
)

export const callbackify =
  (action: (...args: unknown[]) => Promise<unknown>) =>
  (...args: unknown[]): void => {
    const done = args.pop() as Callback
    action(...args).then(
      (value) => done(null, value),
      (error) => done(error ?? new Error('Rejected without a reason')),
    )
  }

export const deprecate = <T>(action: T): T => action
export const debuglog = (): Called => Object.assign(() => {}, { enabled: false })
export const stripVTControlCharacters = (text: string): string =>
  text.replace(new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*[A-Za-z]`, 'g'), '')

/** A value as a log line shows it: JSON where it is that, else its name. */
export const inspect: Called = Object.assign(
  (value: unknown): string => {
    if (typeof value === 'string') return `'${value}'`
    if (value instanceof Error) return value.stack ?? String(value)
    if (typeof value !== 'object' || value === null) return String(value)
    try {
      return JSON.stringify(value) ?? String(value)
    } catch {
      return Object.prototype.toString.call(value)
    }
  },
  { custom: Symbol.for('nodejs.util.inspect.custom'), defaultOptions: {} },
)

/** `%s`, `%d`, `%i`, `%f`, `%j`, `%o` and `%O`; what is left over follows. */
export const format = (first?: unknown, ...rest: unknown[]): string => {
  const values = [...rest]
  const begin =
    typeof first !== 'string'
      ? inspect(first)
      : first.replace(/%([sdifjoO%])/g, (mark, kind: string) => {
          if (kind === '%') return '%'
          if (values.length === 0) return mark
          const value = values.shift()
          if (kind === 's') return typeof value === 'object' ? String(inspect(value)) : String(value)
          if (kind === 'd' || kind === 'f') return String(Number(value))
          if (kind === 'i') return String(Number.parseInt(String(value), 10))
          return kind === 'j' ? JSON.stringify(value) : String(inspect(value))
        })
  return [begin, ...values.map((value) => (typeof value === 'string' ? value : inspect(value)))].join(' ')
}

export const isDeepStrictEqual = (a: unknown, b: unknown): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Date || a instanceof RegExp) return String(a) === String(b) && Number(a) === Number(b)
  if (a instanceof Map || a instanceof Set) return isDeepStrictEqual([...a], [...(b as Iterable<unknown>)])
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && isDeepStrictEqual(value, right.get(key)))
  )
}

const is =
  (kind: string) =>
  (value: unknown): boolean =>
    Object.prototype.toString.call(value) === `[object ${kind}]`

export const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...{ isDate: is('Date'), isRegExp: is('RegExp'), isPromise: is('Promise'), isMap: is('Map'), isSet: is('Set') },
  ...{ isUint8Array: is('Uint8Array'), isArrayBuffer: is('ArrayBuffer'), isAnyArrayBuffer: is('ArrayBuffer') },
  isAsyncFunction: is('AsyncFunction'),
  isGeneratorFunction: is('GeneratorFunction'),
  isArrayBufferView: (value) => ArrayBuffer.isView(value),
  isTypedArray: (value) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isNativeError: (value) => value instanceof Error,
  isBoxedPrimitive: (value) => value instanceof String || value instanceof Number || value instanceof Boolean,
  isProxy: () => false,
  isExternal: () => false,
}
export const isArray = Array.isArray
export const { isDate, isRegExp } = types
export const isError = types['isNativeError']
