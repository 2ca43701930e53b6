import { setImmediate as letOthersRun } from 'node:timers/promises'
import { Check } from 'typebox/value'
import { newestMessages } from '../../sinks/clickhouse/read/bodies.ts'
import { problem, type Reply, type Request, type Route } from '../../topology/http.ts'
import { jsonAnswer, refusal } from '../../topology/http-answers.ts'
import type { Catalogue } from '../../topology/project/catalogue.ts'
import { type Document, parseDocument } from '../../topology/project/document.ts'
import { optional, readKeys } from '../../topology/project/keys.ts'
import type { Explain, Wish } from '../../topology/project/mismatch.ts'
import { remedyFor } from '../../topology/project/nearest.ts'
import { collectProblems, type Problem, quote } from '../../topology/project/problems.ts'
import type { Project } from '../../topology/project/project.ts'
import { integer, json, mustBe, names, type Read } from '../../topology/project/values.ts'
import { isJsonObject } from '../../topology/words/json.ts'
import { documentText, documentTypes } from './document-text.ts'
import { type HistoryDeps, historyRoute } from './history.ts'
import { type ListQuery, listParameters, listSearchOf } from './list-query.ts'
import { trial, trialAnswer } from './match-schema.ts'
import { badDocument } from './project-answers-schema.ts'
import { noProject, projectOf } from './project-of.ts'

export type TryDeps = HistoryDeps & Readonly<{ catalogue: Pick<Catalogue, 'projects'>; explain: Explain }>

/** Tries a trigger out on messages that came already. Nothing is written, nothing runs. */
export const tryFilterRoutes = (deps: TryDeps): readonly Route[] => [
  {
    ...historyRoute(deps, {
      path: '/api/projects/:project/triggers/test',
      summary: 'Which of the last messages a filter would match, and why it would not match the others',
      answers: {
        200: jsonAnswer('Message by message, newest first', trialAnswer),
        400: badDocument('The trigger cannot be read.'),
        415: refusal('The trigger is neither JSON nor YAML by its content type.'),
        422: badDocument('The trigger is not right: every problem of it, with its path and place.'),
      },
      answer: (request) => tryFilter(deps, request),
    }),
    accepts: { body: Object.fromEntries(documentTypes.map((mediaType) => [mediaType, trial])) },
    method: 'POST',
    bodyLimit: 1_000_000,
  },
]

const tryFilter = async (deps: TryDeps, request: Request): Promise<Reply> => {
  const deployed = projectOf(deps.catalogue, request)
  if (deployed === undefined) return noProject(request)
  const text = documentText(request)
  if (text.kind === 'refused') return text.reply
  const parsed = parseDocument(text.text, text.format)
  if ('problems' in parsed) return refuse(400, 'The trigger cannot be read.', parsed.problems)
  const trial = readTrial(parsed.document, deployed.project)
  if ('problems' in trial) return refuse(422, 'The trigger is not right.', trial.problems)
  return {
    status: 200,
    body: await outcomeOf(deps, { ...trial, project: deployed.project.name, signal: request.signal }),
  }
}

type Trial = Readonly<{ trigger: Wish; range: Pick<ListQuery, 'from' | 'to'>; last: number }>

/** By the rules of a project document, of which a message trigger is a part. */
const readTrial = (document: Document, project: Project): Trial | Readonly<{ problems: readonly Problem[] }> => {
  const { report, problems } = collectProblems(document)
  const root = isJsonObject(document.value) ? document.value : {}
  if (root !== document.value) report([], mustBe('an object with the keys of a trigger', document.value).problem)
  const { filter, not, source: sources, last, from, to } = readKeys(root, trialKeys, { path: [], report })
  if (sources?.length === 0) report(['source'], 'Names no source: leave it out to listen to all.')
  for (const name of sources?.filter((name) => !project.sources.has(name)) ?? []) {
    report(['source'], `There is no source ${quote(name)}; ${remedyFor(name, [...project.sources.keys()])}`)
  }
  const found = problems()
  if (found.length > 0) return { problems: found }
  const trigger = { sources, ...(filter !== undefined && { filter }), ...(not !== undefined && { not }) }
  return { trigger, last, range: { ...(from !== null && { from }), ...(to !== null && { to }) } }
}

const time: Read<string> = (value) =>
  typeof value === 'string' && Check(listParameters.from, value)
    ? { ok: value }
    : mustBe('a day such as 2026-11-21, or a time such as 2026-11-21T09:00:00Z', value)

const trialKeys = {
  filter: optional(json, undefined),
  not: optional(json, undefined),
  source: optional(names, null),
  last: optional(integer(1, 1_000), 100),
  from: optional(time, null),
  to: optional(time, null),
}

/** Asks message after message, as long as somebody waits and there is time. `complete` says whether all were asked about. */
const outcomeOf = async (
  { store, explain }: TryDeps,
  { trigger, last, range, project, signal }: Trial & Readonly<{ project: string; signal: AbortSignal }>,
): Promise<object> => {
  const end = performance.now() + patienceMs
  const whyNot = explain([trigger])
  const items: object[] = []
  const count = { matched: 0, unreadable: 0 }
  let complete = true
  for await (const message of newestMessages(store, listSearchOf(project, { ...range, limit: last }))) {
    if (signal.aborted || performance.now() > end) {
      complete = false
      break
    }
    const [why = null] = whyNot(message)
    if (why === null) count.matched++
    if (why?.problem === 'unreadable') count.unreadable++
    const { id: message_id, received_at, source } = message
    items.push({ message_id, received_at, source, matched: why === null, why })
    await letOthersRun() // a large body takes long to read, and other requests wait meanwhile
  }
  return { checked: items.length, ...count, complete, items, next: null }
}

const patienceMs = 10_000

const refuse = (status: number, detail: string, problems: readonly Problem[]): Reply =>
  problem(status, status === 400 ? 'Bad Request' : 'Unprocessable Content', detail, { extra: { problems } })
