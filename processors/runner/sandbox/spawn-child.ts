import { ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/** 19: behind all others, for runs that may be greedy. More than 0 for all runs, and neighbours of a loop would wait with it. */
export type Niceness = 0 | 19

/**
 * Starts `child.ts` with an empty environment and a pipe. What could not be started is a process too, one that says so with `error`, whatever
 * the system lacks.
 */
export const spawnChild = (nice: Niceness): ChildProcess => {
  try {
    return spawn(process.execPath, ['--no-node-snapshot', childFile, String(nice)], {
      env: {},
      cwd: '/',
      detached: true, // Ctrl-C is for the one who stops it in order; its pipe ends when that one ends
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const none = new ChildProcess()
    process.nextTick(() => none.emit('error', error))
    return none
  }
}

/** There is none where no process could be started (Node's own types do not know that). */
export const pipeOf = ({ stdio }: Partial<ChildProcess>): Socket => (stdio?.[3] as Socket | undefined) ?? new Socket()

/** Resident memory in bytes, as Linux tells it; 0 elsewhere, where only the isolates' own limits hold. */
export const rssOf = ({ pid }: ChildProcess): number => {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

const childFile = fileURLToPath(new URL('child.ts', import.meta.url))
