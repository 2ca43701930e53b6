import { Fault } from '../flow/fault.ts'
import type { Credential } from '../words/credential.ts'
import type { Job, Project, Source } from './project.ts'

/** The projects and credentials in force, as this process has read them from `definitions` so far. */
export type Catalogue = Readonly<{
  projects(): ReadonlyMap<string, Deployed>
  /**
   * Every project and job that ever was deployed, those of deleted projects too: their topics may still hold work, so roles subscribe to
   * `intake.<project>` and `job.<project>.<job>` of all of these, not only of what is in force.
   */
  known(): ReadonlyMap<string, ReadonlySet<string>>
  /** The webhook source with this id, of any project. */
  sourceById(id: string): Readonly<{ project: Deployed; source: Source }> | undefined
  /** A job as it was in a version, also when newer ones are in force. */
  jobVersion(project: string, job: string, version: number): Job | undefined
  /** The credentials of all projects by name, sealed; another map after each change. */
  credentials(): ReadonlyMap<string, Credential>
  /** Offset in `definitions` up to which (inclusive) this catalogue has read; -1 for nothing. */
  offset(): bigint
  /** Resolves when the catalogue has read the offset. Throws Fault `catalogue-lost` when it reads no more. */
  reached(offset: bigint, signal: AbortSignal): Promise<void>
  /** Resolves when the catalogue has read all that lies in `definitions` now; waits while nobody can say what does. Throws as `reached` does. */
  caughtUp(signal: AbortSignal): Promise<void>
  /** Calls back after each change, with the name of the project that changed. */
  onChange(listener: (project: string) => void): Disposable
}>

/** A project with the facts of its last deploy. */
export type Deployed = Readonly<{
  project: Project
  /** Counts up with every deploy of this project, from 1. What a writer bases a change on. */
  deploy: number
  deployedAt: string
  /** The document as it was sent, exact numbers and all, job code included, ids of sources filled in. */
  document: unknown
}>

/**
 * Waits until the catalogue has read what a record says its writer had read, so that both see the same jobs. When that takes a minute and
 * `definitions` does not hold it at all, the record was not written by us: Fault `headers-unreadable`.
 */
export const needDefinitions = async (
  catalogue: Pick<Catalogue, 'offset' | 'reached' | 'caughtUp'>,
  { offset, signal, patienceMs = 60_000 }: Readonly<{ offset: bigint; signal: AbortSignal; patienceMs?: number }>,
): Promise<void> => {
  if (offset <= catalogue.offset()) return
  const late = AbortSignal.timeout(patienceMs)
  try {
    await catalogue.reached(offset, AbortSignal.any([signal, late]))
  } catch (error) {
    signal.throwIfAborted()
    if (!late.aborted) throw error
    await catalogue.caughtUp(signal) // what cannot be read for a while may be there all the same
    if (offset <= catalogue.offset()) return
    throw new Fault('headers-unreadable', `it was written after the definitions at ${offset}, which are not there`)
  }
}
