import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { StartProblem } from '../start-problem.ts'
import { takeLock } from './lock.ts'

/** A directory that holds the state of one installation on this machine, ours alone until it is disposed. */
export type DataDir = Disposable &
  Readonly<{
    path: string
    /** A secret that is made once (32 random bytes, base64url) and kept in a file that only its owner can read. */
    secretFile(name: string): string
  }>

/** Opens (and makes, if need be) the directory. Refuses when another instance works on it, or when it cannot be written. */
export function openDataDir(dir: string): DataDir {
  const path = resolve(dir)
  const lock = takeDir(path)
  if (lock.kind === 'taken') {
    throw new StartProblem(
      `Penstock already runs on ${path} (process ${lock.by.pid}): stop it first, or choose another directory and port with DATA_DIR=<dir> PORT=<port>.`,
    )
  }
  return {
    path,
    secretFile: (name) => secretFile(join(path, name)),
    [Symbol.dispose]: () => lock[Symbol.dispose](),
  }
}

/** The secret in that file; made when it is not there. Two that make it at once get the same. */
export function secretFile(file: string): string {
  const made = `${file}.${process.pid}.new`
  if (!exists(file)) {
    writeFileSync(made, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    try {
      linkSync(made, file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      rmSync(made, { force: true })
    }
  }
  return readFileSync(file, 'utf8').trim()
}

const takeDir = (path: string): ReturnType<typeof takeLock> => {
  try {
    makeDir(path)
    return takeLock(join(path, 'lock'))
  } catch (error) {
    throw new StartProblem(
      `The data directory ${path} cannot be used (${(error as Error).message}): choose another one with DATA_DIR=<dir>.`,
    )
  }
}

/** Node's own `recursive` never comes back from /proc. */
const makeDir = (path: string): void => {
  if (existsSync(path)) return
  makeDir(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!existsSync(path)) throw error // else somebody was quicker
  }
}

const exists = (file: string): boolean => {
  try {
    readFileSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
