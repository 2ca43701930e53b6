import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds by what processes do; `ended` is what those used that were gone at the second reading. */
export type CpuSeconds = Readonly<Record<string, number>>

/** What each process of a tree had used when we looked, and what its ended ones had in all. */
export type Reading = Readonly<{
  processes: ReadonlyMap<number, Readonly<{ name: string; ticks: number }>>
  endedTicks: number
}>

/** One process of a tree now. Memory in bytes: `pss` shares what several have among them, so that it may be added up. */
export type Process = Readonly<{ pid: number; name: string; rss: number; pss: number }>

/** Reads `/proc` (proc(5)): user and system time of the process and all its descendants, also of those that ended and were waited for. */
export function cpuOf(rootPid: number): Reading {
  const tree = treeOf(rootPid)
  return {
    processes: new Map(tree.map(({ pid, ticks }) => [pid, { name: nameOf(pid), ticks }])),
    endedTicks: tree.reduce((sum, { endedTicks }) => sum + endedTicks, 0),
  }
}

/** What was used between two readings. Who ended meanwhile brings all it ever used to its parent: what it had before is taken off. */
export function usedBetween(before: Reading, after: Reading): CpuSeconds {
  const seconds: Record<string, number> = {}
  const add = (name: string, ticks: number): void => {
    seconds[name] = (seconds[name] ?? 0) + ticks / ticksPerSecond
  }
  for (const [pid, { name, ticks }] of after.processes) add(name, ticks - (before.processes.get(pid)?.ticks ?? 0))
  let ended = after.endedTicks - before.endedTicks
  for (const [pid, { ticks }] of before.processes) if (!after.processes.has(pid)) ended -= ticks
  if (ended > 0) add('ended', ended)
  return seconds
}

export const sumOf = (parts: CpuSeconds): number => Object.values(parts).reduce((sum, part) => sum + part, 0)

/** `penstock 62 %, store 20 %, …`, the greatest first. */
export const sharesOf = (used: CpuSeconds): string =>
  Object.entries(used)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, seconds]) => `${name} ${Math.round((100 * seconds) / sumOf(used))} %`)
    .join(', ')

/** The process and all its descendants, with their memory. */
export const processesOf = (rootPid: number): readonly Process[] =>
  treeOf(rootPid).map(({ pid }) => ({ pid, name: nameOf(pid), rss: memoryOf(pid, 'Rss'), pss: memoryOf(pid, 'Pss') }))

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
