import type { FoundAdaptor, UpstreamAdaptor } from '../../../../topology/project/adaptors.ts'
import { type Checked, type Compile, checkDocument } from '../../../../topology/project/check.ts'
import {
  type Deployment,
  deletionOf,
  deploymentOf,
  sourceIdsOfOthers,
} from '../../../../topology/project/deployment.ts'
import { parseDocument } from '../../../../topology/project/document.ts'
import { type Applied, type DefinitionsFold, foldDefinitions } from '../../../../topology/project/fold.ts'
import type { Problem } from '../../../../topology/project/problems.ts'
import type { Incoming, Outgoing } from '../../../../topology/words/record.ts'

type Format = 'json' | 'yaml'

/** The problems of a document, in short: `line:column path: sentence`. */
export const problemsOf = (text: string, format: Format = 'yaml'): readonly string[] =>
  rawProblemsOf(text, format).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)

export const rawProblemsOf = (text: string, format: Format = 'yaml'): readonly Problem[] => {
  const parsed = parseDocument(text, format)
  if ('problems' in parsed) return parsed.problems
  const result = checkDocument(parsed.document, {
    project: 'p',
    othersSourceIds: new Set([takenId]),
    compile: findOops,
  })
  return 'problems' in result ? result.problems : []
}

/** An id that a source of another project has. */
export const takenId = 'aaaaaaaa-0000-4000-8000-000000000000'

/** A document that must be right. */
export const checked = (
  text: string,
  options: { project?: string; format?: Format; compile?: Compile; adaptors?: Adaptors } = {},
): Checked => {
  const parsed = parseDocument(text, options.format ?? 'yaml')
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems))
  const { project = 'p', compile = findOops, adaptors = new Map() } = options
  const result = checkDocument(parsed.document, { project, othersSourceIds: new Set(), adaptors, compile })
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.checked
}

/** A log of definitions and what one reader makes of it. */
export const newLog = () => {
  const records: Incoming[] = []
  const fold = foldDefinitions()
  const write = (outgoing: readonly Outgoing[]): readonly Applied[] =>
    outgoing.map((record) => {
      const incoming = recordAt(record, records.length)
      records.push(incoming)
      return fold.apply(incoming)
    })
  return {
    records,
    fold,
    write,
    prepare: (text: string, project = 'p', adaptors?: Adaptors): Deployment =>
      deploymentFor(fold, { text, project, ...(adaptors && { adaptors }) }),
    deploy: (text: string, project = 'p'): Applied | undefined =>
      write(deploymentFor(fold, { text, project }).records).at(-1),
    remove: (project = 'p'): Applied | undefined =>
      write(deletionOf(project, { history: fold.history(project), by: 'ann' }).records).at(-1),
  }
}

type Adaptors = ReadonlyMap<UpstreamAdaptor, FoundAdaptor>
type Wanted = Readonly<{ text: string; project: string; adaptors?: Adaptors }>

const deploymentFor = (fold: DefinitionsFold, { text, project, adaptors }: Wanted): Deployment =>
  deploymentOf(checked(text, { project, ...(adaptors && { adaptors }) }), {
    history: fold.history(project),
    othersSourceIds: sourceIdsOfOthers(fold.projects(), project),
    by: 'ann',
  })

export const recordAt = ({ topic, key, value, headers }: Outgoing, offset: number): Incoming => ({
  topic,
  partition: 0,
  offset: BigInt(offset),
  timestamp: 0,
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value as string),
  headers: new Map(Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as string)])),
})

/** As a compiler would: says where the word `oops` stands. */
const findOops: Compile = (code) => {
  const before = code.split('oops', 1)[0] ?? ''
  if (before === code) return { kind: 'compiled', text: `compiled: ${code}` }
  const lines = before.split('\n')
  return { kind: 'problem', message: 'Unexpected oops.', line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
}
