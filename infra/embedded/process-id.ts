import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A process as the system knows it. A number alone is no identity, as numbers are given out again: the start time goes with it. */
export type ProcessId = Readonly<{ pid: number; started: string }>
export type RunningProcess = ProcessId & Readonly<{ command: string }>

/** The process of that number, or undefined when there is none (one that has ended and waits for its parent is none). */
export const runningProcess = (pid: number): RunningProcess | undefined => {
  try {
    return existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid)
  } catch {
    return undefined
  }
}

/** True while exactly this process runs, not another that got its number. */
export const isRunning = (id: ProcessId): boolean => runningProcess(id.pid)?.started === id.started

/** Sends a signal; a process that is gone already is what was wanted. */
export const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const fromProc = (pid: number): RunningProcess | undefined => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name before it may hold anything
  const [state, started] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X' || !started) return undefined
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)
  return {
    pid,
    started: `${boot}/${started}`,
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '),
  }
}

const fromPs = (pid: number): RunningProcess | undefined => {
  const line = execFileSync('ps', ['-ww', '-o', 'stat=,lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
  }).trim()
  const [, state, started, command] = /^(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/s.exec(line) ?? []
  return !state || state.startsWith('Z') ? undefined : { pid, started: started ?? '', command: command ?? '' }
}
