/** What a cell has to reach. A direction, because a rate wants to be high and a latency low. */
export type Target = Readonly<{ at: 'least' | 'most'; must: number; ambition?: number }>

const least = (must: number, ambition?: number): Target => ({ at: 'least', must, ...(ambition && { ambition }) })
const most = (must: number, ambition?: number): Target => ({ at: 'most', must, ...(ambition && { ambition }) })

/** The one table of targets: bench, cell, what it has to reach. A cell that is not here is published without a mark. */
export const targets: Readonly<Record<string, Readonly<Record<string, Target>>>> = {
  B1: {
    '200 connections: messages per CPU-second': least(2_000, 4_000),
    '200 connections: messages': least(2_500, 5_000),
    '10 connections: messages per CPU-second': least(600, 1_200),
  },
  'B1-latency': {
    'acknowledged p99': most(8, 4),
    'run finished p50': most(15, 8),
    'run finished p99': most(60, 30),
    'visible in SQL p95': most(2_000, 1_000),
  },
  B2: {
    '200 connections: ingress to bare Fastify, per CPU-second': least(0.5, 0.7),
    '10 connections: ingress to bare Fastify, per CPU-second': least(0.5, 0.7),
  },
  B3: {
    '10,000 filters to 10': least(0.8),
    '100,000 filters to 10': least(0.7),
    'parsed events, 1 % match': least(100_000),
    'with parsing, 1 % match': least(40_000),
  },
  'B3-oracle': { 'mismatches against PostgreSQL': most(0) },
  'B3-change': { 'stall of one change, beyond an idle loop’s': most(1), 'load of 10,000 filters': most(1_000) },
  B4: { 'runs per CPU-second': least(8_000, 12_000), 'CPU of the child, 16 in flight': most(50) },
  'B4-cold': { 'first run p99': most(100), 'first run with a warm spare p99': most(15) },
  B5: {
    '1,000 jobs to 10, per CPU-second': least(0.8),
    '1,000 jobs to 10, per second': least(0.8),
    'deploy of 1,000 jobs, all consumed': most(10),
  },
  B6: { 'rows per CPU-second': least(20_000, 30_000) },
  B7: { 'newest 100 by filter p95': most(100), 'all words p95': most(100), 'by id p95': most(30) },
  B8: { 'CSV to the engine’s own rate': least(0.7, 0.9), 'RSS growth': most(64), 'first byte': most(200) },
  B9: {
    'others that failed': most(0),
    'loop: others’ p99 to quiet': most(1.5),
    'leak: others’ p99 to quiet': most(1.5),
    'leak of buffers: others’ p99 to quiet': most(1.5),
    'log of 10 MB: others’ p99 to quiet': most(1.5),
  },
  B10: { 'backlog to B1, per second': least(2, 3), 'penstock: growth after a tenth': most(64) },
  start: { warm: most(8, 5), cold: most(120) },
  memory: { 'all processes, idle': most(1.6, 1.2) },
}

/** How a cell stands to its target. */
export type Mark = 'none' | 'missed' | 'must' | 'ambition'

export const markOf = (target: Target | undefined, value: number): Mark => {
  if (!target) return 'none'
  const reaches = (limit: number): boolean => (target.at === 'least' ? value >= limit : value <= limit)
  if (!reaches(target.must)) return 'missed'
  return target.ambition !== undefined && reaches(target.ambition) ? 'ambition' : 'must'
}
