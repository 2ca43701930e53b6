import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { UsageProblem } from './arguments.ts'

/**
 * Says when one of the files has changed: `next` resolves once for all changes since it was last asked. Directories are watched rather than
 * files, because editors put a new file in the place of the old one. Throws `UsageProblem` for a directory that is not there.
 */
export const watchFiles = (files: readonly string[]): Disposable & Readonly<{ next(): Promise<void> }> => {
  let change = Promise.withResolvers<void>()
  let settling: NodeJS.Timeout | undefined

  const told = (): void => {
    clearTimeout(settling)
    settling = setTimeout(() => change.resolve(), settleMs)
  }
  using opening = new DisposableStack()
  opening.defer(() => clearTimeout(settling))
  for (const file of files) opening.adopt(watchOne(file, told), (watcher) => watcher.close())
  const watching = opening.move()
  return {
    next: async () => {
      await change.promise
      change = Promise.withResolvers()
    },
    [Symbol.dispose]: () => watching.dispose(),
  }
}

const watchOne = (file: string, told: () => void): FSWatcher => {
  const name = basename(file)
  try {
    return watch(dirname(file), (_, changed) => {
      if (changed === null || changed === name) told()
    })
  } catch (error) {
    throw new UsageProblem(`${file} cannot be watched: ${(error as Error).message}`)
  }
}

/** An editor writes a file in several steps. */
const settleMs = 50
