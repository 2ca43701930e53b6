// Two starts side by side: one works, the other waits for it. Runs on any Node from 20 on, with nothing installed.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** Waits until the lock `file` is ours; whoever ended without giving it back does not count. Returns what gives it back. */
export const takeTurn = (file, onWait) => {
  const mine = `${file}.${process.pid}.new`
  writeFileSync(mine, identityOf(process.pid))
  try {
    for (let told = false; !link(mine, file); ) {
      const holder = textIn(file)
      if (!isAlive(holder)) moveAway(file, holder)
      else {
        if (!told) onWait(holder)
        told = true
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      }
    }
  } finally {
    rmSync(mine, { force: true })
  }
  return () => rmSync(file, { force: true })
}

/** A link appears with its content or not at all, unlike a file that is opened and then written. */
const link = (from, to) => {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** Two may find the same dead holder: who moves away what the other has just taken puts it back. */
const moveAway = (file, dead) => {
  const aside = `${file}.${process.pid}.old`
  try {
    renameSync(file, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  if (textIn(aside) !== dead) link(aside, file)
  rmSync(aside, { force: true })
}

const isAlive = (holder) => {
  const pid = Number(holder.split(' ')[0])
  return pid > 0 && identityOf(pid) === holder
}

/** `process <number>` is no identity, as numbers are given out again: the time of the start goes with it, where the system tells. */
const identityOf = (pid) => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error.code !== 'EPERM') return undefined
  }
  const stat = textIn(`/proc/${pid}/stat`)
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
}

const textIn = (path) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
