import type { Job } from '../../../topology/project/project.ts'

/** Jobs that took a whole process with them: they run alone for ten minutes, so that they hurt nobody again. */
export type Quarantine = Readonly<{ holds(job: Job): boolean; take(job: Job): void }>

/** `now` in milliseconds, from any start. */
export const openQuarantine = (now: () => number = () => performance.now()): Quarantine => {
  const until = new Map<string, number>()
  return {
    holds: ({ codeId }) => {
      if (until.size === 0) return false
      if ((until.get(codeId) ?? 0) > now()) return true
      until.delete(codeId)
      return false
    },
    take: ({ codeId }) => void until.set(codeId, now() + quarantineMs),
  }
}

const quarantineMs = 600_000
