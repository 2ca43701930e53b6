import { readdirSync, readFileSync } from 'node:fs'

/** CPU seconds and resident megabytes of each process of a tree, by what it does. */
export type Usage = Readonly<Record<string, Readonly<{ cpuSeconds: number; rssMb: number }>>>

/** Reads `/proc` (proc(5)): user and system time of the process and all its descendants that live now. */
export function usageOf(rootPid: number): Usage {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf)
  const tree = new Set([rootPid])
  for (let before = 0; before !== tree.size; ) {
    before = tree.size
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid)
  }
  const usage: Record<string, { cpuSeconds: number; rssMb: number }> = {}
  for (const { pid, command, ticks, rssPages } of processes) {
    if (!tree.has(pid)) continue
    const name = nameOf(command)
    const sum = usage[name] ?? { cpuSeconds: 0, rssMb: 0 }
    usage[name] = {
      cpuSeconds: sum.cpuSeconds + ticks / ticksPerSecond,
      rssMb: sum.rssMb + (rssPages * 4_096) / 1e6,
    }
  }
  return usage
}

/** What was used between two readings. */
export const usedBetween = (before: Usage, after: Usage): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(after).map(([name, { cpuSeconds }]) => [name, cpuSeconds - (before[name]?.cpuSeconds ?? 0)]),
  )

export const sumOf = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((sum, part) => sum + part, 0)

type Stat = Readonly<{ pid: number; parent: number; command: string; ticks: number; rssPages: number }>

const statOf = (pid: string): readonly Stat[] => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
    return [
      {
        pid: Number(pid),
        parent: Number(fields[1]),
        command,
        ticks: Number(fields[11]) + Number(fields[12]),
        rssPages: Number(fields[21]),
      },
    ]
  } catch {
    return [] // it ended while we looked
  }
}

const nameOf = (command: string): string => {
  if (command.includes('kafka.Kafka')) return 'broker'
  if (command.includes('store-child')) return 'store'
  if (command.includes('sandbox/child')) return 'sandbox'
  return command.includes('infra/up.ts') ? 'penstock' : 'other'
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100
