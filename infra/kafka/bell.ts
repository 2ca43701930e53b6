/** One waits, others ring. */
export type Bell = Readonly<{
  ring(): void
  /** Resolves at the next ring, or when the signal aborts. One that waits on one signal again and again adds one listener to it. */
  rung(signal: AbortSignal): Promise<void>
}>

export const openBell = (): Bell => {
  const heard = new WeakSet<AbortSignal>()
  let waiter: (() => void) | undefined
  const ring = (): void => {
    waiter?.()
    waiter = undefined
  }
  return {
    ring,
    rung(signal) {
      if (!heard.has(signal)) signal.addEventListener('abort', ring, { once: true })
      heard.add(signal)
      return new Promise((resolve) => {
        waiter = resolve
      })
    },
  }
}
