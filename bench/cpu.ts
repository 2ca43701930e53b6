import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds of the processes of a tree, by what they do. What ended processes had used is there too, as `sandbox`: only those come and go. */
export type CpuSeconds = Readonly<Record<string, number>>

/** One process of a tree now. Memory in bytes: `pss` shares what several have among them, so that it may be added up. */
export type Process = Readonly<{ name: string; rss: number; pss: number }>

/** Reads `/proc` (proc(5)): user and system time of the process and all its descendants, also of those that ended and were waited for. */
export function cpuOf(rootPid: number): CpuSeconds {
  const seconds: Record<string, number> = {}
  const add = (name: string, ticks: number): void => {
    seconds[name] = (seconds[name] ?? 0) + ticks / ticksPerSecond
  }
  for (const { pid, ticks, endedTicks } of treeOf(rootPid)) {
    add(nameOf(pid), ticks)
    if (endedTicks > 0) add('sandbox', endedTicks)
  }
  return seconds
}

/** What was used between two readings. */
export const usedBetween = (before: CpuSeconds, after: CpuSeconds): CpuSeconds =>
  Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(after)])].map((name) => [
      name,
      (after[name] ?? 0) - (before[name] ?? 0),
    ]),
  )

export const sumOf = (parts: CpuSeconds): number => Object.values(parts).reduce((sum, part) => sum + part, 0)

/** `penstock 62 %, store 20 %, …`, the greatest first. */
export const sharesOf = (used: CpuSeconds): string =>
  Object.entries(used)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, seconds]) => `${name} ${Math.round((100 * seconds) / sumOf(used))} %`)
    .join(', ')

/** The process and all its descendants, with their memory. */
export const processesOf = (rootPid: number): readonly Process[] =>
  treeOf(rootPid).map(({ pid }) => ({ name: nameOf(pid), rss: memoryOf(pid, 'Rss'), pss: memoryOf(pid, 'Pss') }))

type Stat = Readonly<{ pid: number; parent: number; ticks: number; endedTicks: number }>

const treeOf = (rootPid: number): readonly Stat[] => {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)))
  const tree = new Set([rootPid])
  for (let before = 0; before !== tree.size; ) {
    before = tree.size
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid)
  }
  return processes.filter(({ pid }) => tree.has(pid))
}

const statOf = (pid: number): readonly Stat[] => {
  const stat = read(pid, 'stat')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [parent, user, system, endedUser, endedSystem] = [1, 11, 12, 13, 14].map((at) => Number(fields[at]))
  if (parent === undefined || user === undefined || system === undefined || Number.isNaN(user)) return []
  return [{ pid, parent, ticks: user + system, endedTicks: (endedUser ?? 0) + (endedSystem ?? 0) }]
}

const memoryOf = (pid: number, what: 'Rss' | 'Pss'): number =>
  1_024 * Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(read(pid, 'smaps_rollup'))?.[1] ?? 0)

/** Empty for a process that ended while we looked. */
const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}

const nameOf = (pid: number): string => {
  const command = read(pid, 'cmdline').replaceAll('\0', ' ')
  return marks.find(([mark]) => command.includes(mark))?.[1] ?? 'other'
}

/** What the command lines of our processes have, and others have not. */
const marks = [
  ['kafka.Kafka', 'broker'],
  ['store-child', 'store'],
  ['sandbox/child', 'sandbox'],
  ['infra/up.ts', 'penstock'],
  ['bench/door-process', 'door'],
] as const

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100
