import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isRunning, type ProcessId, runningProcess } from './process-id.ts'

/** Held by this process until it is disposed, or until the process ends however it may: a lock of the dead does not count. */
export type Lock = Readonly<{ kind: 'held' }> & Disposable

/** Takes the lock, or tells who has it. Waits for nothing. */
export function takeLock(file: string): Lock | Readonly<{ kind: 'taken'; by: ProcessId }> {
  const mine = `${file}.${process.pid}.new`
  const { pid, started } = runningProcess(process.pid) ?? { pid: process.pid, started: '' }
  writeFileSync(mine, JSON.stringify({ pid, started } satisfies ProcessId))
  try {
    for (;;) {
      if (link(mine, file)) return { kind: 'held', [Symbol.dispose]: () => rmSync(file, { force: true }) }
      const by = holderOf(file)
      if (by && isRunning(by)) return { kind: 'taken', by }
      moveAway(file, by)
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

/** A link appears with its content or not at all, unlike a file that is opened and then written. */
const link = (from: string, to: string): boolean => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const holderOf = (file: string): ProcessId | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessId
  } catch {
    return undefined
  }
}

/** Two may find the same dead holder: who moves away what the other has just taken puts it back. */
const moveAway = (file: string, dead: ProcessId | undefined): void => {
  const aside = `${file}.${process.pid}.old`
  try {
    renameSync(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (JSON.stringify(holderOf(aside)) !== JSON.stringify(dead)) link(aside, file)
  rmSync(aside, { force: true })
}
