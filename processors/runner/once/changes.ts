import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/**
 * Says when one of the files has changed: `next` resolves once for all changes since it was last asked. Directories are watched rather than
 * files, because editors put a new file in the place of the old one.
 */
export const watchFiles = (files: readonly string[]): Disposable & Readonly<{ next(): Promise<void> }> => {
  let change = Promise.withResolvers<void>()
  let settling: NodeJS.Timeout | undefined

  const told = (): void => {
    clearTimeout(settling)
    settling = setTimeout(() => change.resolve(), settleMs)
  }
  const watchers = files.map((file): FSWatcher => {
    const name = basename(file)
    return watch(dirname(file), (_, changed) => {
      if (changed === null || changed === name) told()
    })
  })
  return {
    next: async () => {
      await change.promise
      change = Promise.withResolvers()
    },
    [Symbol.dispose]: () => {
      clearTimeout(settling)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** An editor writes a file in several steps. */
const settleMs = 50
