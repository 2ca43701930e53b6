/** Two steps out of the door: first take no more in, then, if it takes too long, drop what is in hand. */
export type Stop = Readonly<{ reading: AbortSignal; working: AbortSignal }>

/** Resolves when the signal aborts, at once if it has. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
