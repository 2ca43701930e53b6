import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../words/json.ts'
import { type Adaptor, type AdaptorBundle, type FoundAdaptor, isUpstream, type UpstreamAdaptor } from './adaptors.ts'
import { type Document, maxDocument, tooLarge } from './document.ts'
import { remedyFor } from './nearest.ts'
import { collectProblems, type Path, type Problem, quote, type Report } from './problems.ts'
import { codeIdOf, type Draft, type DraftJob, readDraft } from './schema.ts'
import { withAdaptors, withJobFacts } from './stored.ts'

/** A document in which everything is right: as it was sent, and as it was understood. */
export type Checked = Readonly<{ value: JsonObject; draft: Draft }>

export type CheckOptions = Readonly<{
  /** The project that the document is sent for; the document must have the same name. */
  project: string
  /** Ids of webhook sources of all other projects (`sourceIdsOfOthers`). */
  othersSourceIds: ReadonlySet<string>
  /** Names of the credentials that its jobs may use; without them it is not asked whether there are those that jobs name. */
  credentials?: ReadonlySet<string>
  compile: Compile
  /** The upstream adaptors that its jobs name (`upstreamIn`). */
  adaptors?: ReadonlyMap<UpstreamAdaptor, FoundAdaptor>
}>

/** What the code of a job becomes, given what it has in scope, or what is wrong with it. Lines and columns count from 1 and are those of the code. */
export type Compile = (
  code: string,
  of: Readonly<{ adaptor: Adaptor; bundle: Pick<AdaptorBundle, 'names'> | null }>,
) => Readonly<{ kind: 'compiled'; text: string } | { kind: 'problem'; message: string; line: number; column: number }>

/** Checks all of a document: its keys and values, what refers to what, and the code of its jobs, which it compiles. All problems at once, in the text's order. */
export const checkDocument = (
  document: Document,
  options: CheckOptions,
): Readonly<{ checked: Checked }> | Readonly<{ problems: readonly Problem[] }> => {
  const { report, problems } = collectProblems(document)
  const read = readDraft(document.value, report)
  const { adaptors = new Map() } = options
  const draft = withJobFacts(read, (job) => foundFor(job, adaptors))
  const value = withAdaptors(isJsonObject(document.value) ? document.value : {}, draft)
  if (draft.name !== '' && draft.name !== options.project) {
    report(['name'], `Must be ${quote(options.project)}, the project that the address names, not ${quote(draft.name)}.`)
  }
  checkSources(draft, options.othersSourceIds, report)
  checkTriggers(value, draft, report)
  checkAdaptors(read, { adaptors, report })
  checkJobs(value, draft, { ...options, report })
  const compiled = compileJobs(draft, { ...options, report })
  if (storedBytes(value, draft) > maxDocument) report([], tooLarge)
  const found = problems()
  return found.length > 0 ? { problems: found } : { checked: { value, draft: compiled } }
}

/** The upstream adaptors that the jobs of a document name: what has to be found before the document can be checked. */
export const upstreamIn = ({ value }: Document): readonly UpstreamAdaptor[] => {
  const { jobs } = readDraft(value, () => {})
  return [...new Set([...jobs.values()].flatMap(({ adaptor }) => (isUpstream(adaptor) ? [adaptor] : [])))]
}

const foundFor = (
  { adaptor }: DraftJob,
  adaptors: Adaptors,
): Extract<FoundAdaptor, { bundle: unknown }> | undefined => {
  const found = isUpstream(adaptor) ? adaptors.get(adaptor) : undefined
  return found && 'bundle' in found ? found : undefined
}

type Adaptors = NonNullable<CheckOptions['adaptors']>

const checkAdaptors = (draft: Draft, { adaptors, report }: Readonly<{ adaptors: Adaptors; report: Report }>): void => {
  for (const { name, adaptor } of draft.jobs.values()) {
    const found = isUpstream(adaptor) ? (adaptors.get(adaptor) ?? notFound) : undefined
    if (found && 'problem' in found) report(['jobs', name, 'adaptor'], found.problem)
  }
}

const notFound = { problem: 'Adaptors cannot be fetched here: take one that is built in.' }

/** About what a deploy's record will take at most: aliases and escapes can make it longer than the text. */
const storedBytes = (value: JsonObject, draft: Draft): number =>
  Buffer.byteLength(JSON.stringify(value)) + 200 * (draft.sources.size + draft.jobs.size)

const checkSources = (draft: Draft, othersIds: ReadonlySet<string>, report: Report): void => {
  const ids = new Map<string, string>()
  const paths = new Map<string, string>()
  for (const { name, id, path } of draft.sources.values()) {
    if (id !== null) {
      const first = ids.get(id)
      if (first !== undefined)
        report(['sources', name, 'id'], `The source ${quote(first)} has this id too: give each its own.`)
      else if (othersIds.has(id))
        report(['sources', name, 'id'], 'A source of another project has this id: take another.')
      ids.set(id, name)
    }
    if (path !== null) {
      const first = paths.get(path)
      if (first !== undefined)
        report(['sources', name, 'path'], `The source ${quote(first)} has this path too: give each its own.`)
      paths.set(path, name)
    }
  }
}

const checkTriggers = (value: JsonObject, draft: Draft, report: Report): void => {
  const sources = namesOf(value, 'sources')
  const jobs = namesOf(value, 'jobs')
  for (const trigger of draft.triggers.values()) {
    const path = ['triggers', trigger.name]
    if (trigger.kind === 'message') {
      if (trigger.sources?.length === 0) report([...path, 'source'], 'Names no source: leave it out to listen to all.')
      checkNames(wordsAt(value, [...path, 'source']), { kind: 'source', known: sources, report })
    } else if (trigger.job !== '') {
      checkNames([{ path: [...path, 'job'], name: trigger.job }], { kind: 'job', known: jobs, report })
    }
  }
}

const checkJobs = (
  value: JsonObject,
  draft: Draft,
  { report, credentials }: Pick<CheckOptions, 'credentials'> & { report: Report },
): void => {
  const known = namesOf(value, 'triggers')
  for (const job of draft.jobs.values()) {
    const path = ['jobs', job.name]
    const words = ['trigger', 'triggers'].flatMap((key) => wordsAt(value, [...path, key]))
    checkNames(words, { kind: 'trigger', known, report })
    for (const word of words) {
      const trigger = draft.triggers.get(word.name)
      if (trigger !== undefined && trigger.kind !== 'message' && trigger.job === job.name) {
        report(
          word.path,
          `The trigger ${quote(word.name)} follows this same job, which would start itself for ever: name another.`,
        )
      }
    }
    if (credentials !== undefined && job.credential !== null) {
      const remedy = `PUT /api/credentials/${job.credential} makes it, or lets this project use it.`
      checkNames(wordsAt(value, [...path, 'credential']), { kind: 'credential', known: credentials, report, remedy })
    }
  }
}

const compileJobs = (
  draft: Draft,
  { report, compile }: Pick<CheckOptions, 'compile'> & Readonly<{ report: Report }>,
): Draft =>
  withJobFacts(draft, (job) => {
    if (job.code === '' || (isUpstream(job.adaptor) && job.bundle === null)) return undefined
    const made = compile(job.code, job)
    if (made.kind === 'compiled') return { compiled: { id: codeIdOf(made.text), text: made.text } }
    report(['jobs', job.name, 'expression'], `Line ${made.line}, column ${made.column} of the code: ${made.message}`)
    return undefined
  })

type Word = Readonly<{ path: Path; name: string }>
/** `remedy`: what to do beside taking a known name. */
type Known = Readonly<{ kind: string; known: ReadonlySet<string>; report: Report; remedy?: string }>

const checkNames = (words: readonly Word[], { kind, known, report, remedy }: Known): void => {
  for (const { path, name } of words) {
    if (known.has(name)) continue
    const sentences = [`There is no ${kind} ${quote(name)}; ${remedyFor(name, [...known])}`, remedy ?? '']
    report(path, sentences.join(' ').trimEnd())
  }
}

/** Names of a section as they stand there, those of broken entries too: each mistake is told once. */
const namesOf = (value: JsonObject, section: string): ReadonlySet<string> => {
  const entries = at(value, [section])
  return new Set(isJsonObject(entries) ? Object.keys(entries) : [])
}

/** The names that a key holds, one or a list, each with its own path. */
const wordsAt = (value: JsonObject, path: Path): readonly Word[] => {
  const held = at(value, path)
  if (typeof held === 'string') return [{ path, name: held }]
  if (!isJsonArray(held)) return []
  return held.flatMap((name, index) => (typeof name === 'string' ? [{ path: [...path, index], name }] : []))
}

const at = (value: Json, path: Path): Json | undefined =>
  path.reduce<Json | undefined>(
    (here, key) => (isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined),
    value,
  )
