/** Resolves at that time (milliseconds since 1970), or as soon as one of the signals aborts. */
export const waitUntil = (dueAt: number, signals: readonly AbortSignal[]): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', go)
      resolve()
    }
    const timer = setTimeout(go, Math.max(0, dueAt - Date.now()))
    for (const signal of signals) signal.addEventListener('abort', go, { once: true })
    if (signals.some(({ aborted }) => aborted)) go()
  })
