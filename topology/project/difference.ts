import { isDeepStrictEqual } from 'node:util'
import type { Project } from './project.ts'

/** What a deploy changes, in the words of the document. */
export type Difference = Readonly<{
  /** Top-level keys, like `description`. */
  settings: readonly string[]
  sources: Changes
  triggers: Changes
  jobs: Changes
}>

export type Changes = Readonly<{
  added: readonly string[]
  changed: readonly Readonly<{ name: string; keys: readonly string[] }>[]
  removed: readonly string[]
}>

/** Compares what was understood, so a default that is written out is no change. */
export const differenceOf = (previous: Project | undefined, next: Project): Difference => ({
  settings: previous === undefined ? [] : changedKeys(settingsOf(previous), settingsOf(next)),
  sources: changesOf(previous?.sources, next.sources),
  triggers: changesOf(previous?.triggers, next.triggers),
  jobs: changesOf(previous?.jobs, next.jobs),
})

/** Keys of the document in which two things of one kind differ. */
export const changedKeys = (before: object, after: object): readonly string[] => {
  const old = new Map(Object.entries(before))
  const now = new Map(Object.entries(after))
  const fields = [...new Set([...old.keys(), ...now.keys()])].filter((field) => documentKey(field) !== null)
  const changed = fields.filter((field) => !isDeepStrictEqual(old.get(field), now.get(field)))
  return [...new Set(changed.map((field) => documentKey(field) ?? ''))]
}

const changesOf = <T extends object>(
  before: ReadonlyMap<string, T> = new Map(),
  after: ReadonlyMap<string, T>,
): Changes => ({
  added: [...after.keys()].filter((name) => !before.has(name)),
  changed: [...after].flatMap(([name, entry]) => {
    const keys = changedKeys(before.get(name) ?? entry, entry)
    return keys.length > 0 ? [{ name, keys }] : []
  }),
  removed: [...before.keys()].filter((name) => !after.has(name)),
})

const settingsOf = ({ description, egress, limits }: Project): object => ({ description, egress, limits })

/** How the document calls a field; null for what does not stand there. */
const documentKey = (field: string): string | null => {
  const known = renamed.get(field)
  return known === undefined ? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : known
}

const renamed: ReadonlyMap<string, string | null> = new Map([
  ['name', null],
  ['version', null],
  ['code', null],
  ['compiled', null],
  ['kind', 'type'],
  ['codeId', 'expression'],
  ['bundle', 'adaptor'],
  ['sources', 'source'],
  ['timeoutMs', 'timeout'],
  ['logLimitBytes', 'log_limit'],
])
