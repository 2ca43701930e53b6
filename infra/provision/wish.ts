import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseDocument } from '../../topology/project/document.ts'
import { projectTopics, type TopicSpec } from '../../topology/topics.ts'
import { isName } from '../../topology/words/ids.ts'
import { StartProblem } from '../start-problem.ts'

/** What `penstock provision` is asked for. */
export type Wish = Readonly<{
  kind: 'make' | 'print' | 'help'
  json: boolean
  /** Topics of the documents that were named: of projects that are not deployed yet. */
  topics: readonly TopicSpec[]
}>

export const usage = `Usage: penstock provision [--print] [--json] [--project <document>]...

  Makes the topics that are missing, the fixed ones and those of all deployed projects, says what of those that are
  there is not as it should be, and brings ClickHouse to its newest schema. Twice is harmless.

  --print               only print the topics with their settings, and the ACLs of each role; asks no broker
  --json                print data instead of text
  --project <document>  also the topics of this project document (YAML or JSON), before it is deployed; several times

  Where Kafka and ClickHouse are is said by the settings KAFKA_... and CLICKHOUSE_... (infra/README.md).
  Exit code: 0 when all is there that is needed, 1 when not.`

/** Reads the arguments. Throws a StartProblem for those that it does not know, and for documents that cannot be read. */
export const readWish = (args: readonly string[]): Wish => {
  const { print, json, help, project } = optionsIn(args)
  return {
    kind: help ? 'help' : print ? 'print' : 'make',
    json: json ?? false,
    topics: help ? [] : (project ?? []).flatMap(topicsIn),
  }
}

const optionsIn = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        print: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        project: { type: 'string', multiple: true },
      },
    }).values
  } catch (error) {
    throw new StartProblem(
      `penstock provision: ${(error as Error).message}; penstock provision --help lists the options.`,
    )
  }
}

/** Only names count here; whether the document is right in all is decided when it is deployed. */
const topicsIn = (file: string): readonly TopicSpec[] => {
  const parsed = parseDocument(textIn(file), file.endsWith('.json') ? 'json' : 'yaml')
  if ('problems' in parsed) throw new StartProblem(`${file}: ${parsed.problems[0]?.message ?? 'cannot be read'}`)
  const { value } = parsed.document
  const { name, jobs } = (isObject(value) ? value : {}) as Readonly<{ name?: unknown; jobs?: unknown }>
  const jobNames = isObject(jobs) ? Object.keys(jobs) : []
  if (typeof name !== 'string' || ![name, ...jobNames].every(isName))
    throw new StartProblem(`${file}: is not a project document: it needs a name, and jobs by their names`)
  return projectTopics(name, jobNames)
}

const textIn = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartProblem(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
