import type { Job, Project, Source } from './project.ts'

/** The projects in force, as this process has read them from `definitions` so far. */
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
  /** Offset in `definitions` up to which (inclusive) this catalogue has read; -1 for nothing. */
  offset(): bigint
  /** Resolves when the catalogue has read the offset. */
  reached(offset: bigint, signal: AbortSignal): Promise<void>
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
