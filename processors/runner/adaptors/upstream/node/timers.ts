/** Node's modules `timers` and `timers/promises`. */
export const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis
export const { setImmediate, clearImmediate } = globalThis as unknown as Readonly<
  Record<'setImmediate' | 'clearImmediate', (...args: unknown[]) => unknown>
>

export const promises: object = {
  setTimeout: (ms?: number, value?: unknown) => new Promise((resolve) => setTimeout(() => resolve(value), ms)),
  setImmediate: (value?: unknown) => new Promise((resolve) => setTimeout(() => resolve(value), 0)),
}
