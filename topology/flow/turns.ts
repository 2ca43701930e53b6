import { setImmediate } from 'node:timers/promises'

/**
 * For work that is long but can stop anywhere: asked now and then, it gives something to wait for when `sliceMs` have gone by since the last
 * time, so that requests, heartbeats and all else in this process have their turn between.
 */
export const turns = (sliceMs: number): (() => Promise<void> | undefined) => {
  let began = performance.now()
  const rest = async (): Promise<void> => {
    await setImmediate()
    began = performance.now()
  }
  return () => (performance.now() - began < sliceMs ? undefined : rest())
}
