import type { Job } from '../../../topology/project/project.ts'
import type { JobToRun, ToChild } from './messages.ts'

/** What a child has been told of jobs: each job version once, and each upstream adaptor once, however many job versions have it. */
export type ToldJobs = Readonly<{
  /** The number by which the child knows the job; tells the child first where it does not know it yet. */
  numberOf(job: Job): number
  /** Undefined for a number that was never given. */
  job(number: number): Job | undefined
}>

export const openToldJobs = (send: (message: ToChild) => void): ToldJobs => {
  const numbers = new Map<string, number>()
  const jobs = new Map<number, Job>()
  const adaptors = new Set<string>()

  return {
    numberOf: (job) => {
      const { name, version, codeId, code, compiled, adaptor, bundle, memoryMb, console, logLimitBytes } = job
      const key = [name, version, codeId, bundle?.id ?? adaptor, memoryMb, console, logLimitBytes].join('/')
      const known = numbers.get(key)
      if (known !== undefined) return known
      if (bundle && !adaptors.has(bundle.id)) {
        adaptors.add(bundle.id)
        send({ kind: 'adaptor', bundle: JSON.stringify(bundle) })
      }
      const number = numbers.size + 1
      numbers.set(key, number)
      jobs.set(number, job)
      const made = { code, compiled: compiled?.text ?? null, adaptor, bundle: bundle?.id ?? null }
      const facts: JobToRun = { ...made, memoryMb, console, logLimitBytes }
      send({ kind: 'job', job: number, facts: JSON.stringify(facts) })
      return number
    },
    job: (number) => jobs.get(number),
  }
}
