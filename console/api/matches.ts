import { type Recorded, readRecorded } from '../../sinks/clickhouse/read/matches.ts'
import { type MessageItem, readMessage } from '../../sinks/clickhouse/read/messages.ts'
import type { RunItem } from '../../sinks/clickhouse/read/runs.ts'
import type { Reply, Route } from '../../topology/http.ts'
import { jsonAnswer } from '../../topology/http-answers.ts'
import type { Catalogue, Deployed } from '../../topology/project/catalogue.ts'
import type { Explain, Mismatch } from '../../topology/project/mismatch.ts'
import type { Project, Trigger } from '../../topology/project/project.ts'
import { type HistoryDeps, historyRoute, oneOf } from './history.ts'
import { matchesAnswer } from './match-schema.ts'

export type MatchDeps = HistoryDeps & Readonly<{ catalogue: Pick<Catalogue, 'projects'>; explain: Explain }>

/** Which triggers want a message as they are now, why the others do not, and what the filter said when it saw the message. */
export const matchRoutes = (deps: MatchDeps): readonly Route[] => [
  historyRoute(deps, {
    path: '/api/projects/:project/messages/:id/matches',
    summary: 'For each trigger: whether the message matches, why not, and what was recorded when it came',
    answers: { 200: jsonAnswer('Trigger by trigger', matchesAnswer) },
    answer: (_request, of) => matchesOf(deps, of),
  }),
]

const matchesOf = async (deps: MatchDeps, of: Readonly<{ project: string; id: string }>): Promise<Reply> => {
  const [message, recorded] = await Promise.all([readMessage(deps.store, of), readRecorded(deps.store, of)])
  if (message === undefined) return oneOf('message', message)
  const deployed = deps.catalogue.projects().get(of.project)
  const judged = deployed === undefined ? [] : judge(deployed.project, message, deps.explain)
  const gone = recorded.matches.filter(({ trigger }) => !deployed?.project.triggers.has(trigger))
  const items = [...judged, ...[...new Set(gone.map(({ trigger }) => trigger))].map(notInForce)]
  return {
    status: 200,
    body: {
      message_id: message.id,
      source: message.source,
      received_at: message.received_at,
      duplicate_of: message.duplicate_of,
      deploy: deployed?.deploy ?? null,
      deployed_at: deployed?.deployedAt ?? null,
      seen_at: recorded.seenAt,
      changed_since: changedSince(deployed, recorded.seenAt),
      items: items.map((item) => ({ ...item, ...past(item.trigger, recorded, message.runs) })),
      next: null,
    },
  }
}

/** What a trigger says now. `matched` is null where no message is asked about: `after` names the job that it waits for instead. */
type Judged = Readonly<{
  trigger: string
  type: Trigger['kind'] | null
  in_force: boolean
  matched: boolean | null
  why: Mismatch | null
  /** Enabled jobs that hang on the trigger. */
  jobs: readonly string[]
  after: string | null
}>

const judge = (project: Project, message: MessageItem, explain: Explain): readonly Judged[] => {
  const triggers = [...project.triggers.values()]
  const asked = message.kind === 'message' ? triggers.filter((trigger) => trigger.kind === 'message') : []
  const whys = explain(asked)({
    source: message.source,
    contentType: message.content_type,
    body: Buffer.from(message.body ?? '', message.body_encoding),
  })
  const answers = new Map(asked.map(({ name }, at) => [name, whys[at] ?? null]))
  return triggers.map((trigger) => ({
    trigger: trigger.name,
    type: trigger.kind,
    in_force: true,
    matched: answers.has(trigger.name) ? answers.get(trigger.name) === null : null,
    why: answers.get(trigger.name) ?? null,
    jobs: [...project.jobs.values()].filter((job) => job.enabled && job.triggers.includes(trigger.name)).map(nameOf),
    after: 'job' in trigger ? trigger.job : null,
  }))
}

const nameOf = ({ name }: Readonly<{ name: string }>): string => name

const notInForce = (trigger: string): Judged => ({
  trigger,
  type: null,
  in_force: false,
  matched: null,
  why: null,
  jobs: [],
  after: null,
})

/** `recorded`: whether it matched then; null before the filter has seen the message. A run names one trigger, even if several asked for it. */
const past = (trigger: string, { seenAt, matches }: Recorded, runs: readonly RunItem[]): object => ({
  recorded: seenAt === null ? null : matches.some((match) => match.trigger === trigger),
  runs: runs.filter((run) => run.trigger === trigger).map(({ id, job, status }) => ({ id, job, status })),
})

/** Whether the project was deployed after the filter had seen the message: what was recorded may then differ from what is said now. */
const changedSince = (deployed: Deployed | undefined, seenAt: string | null): boolean | null =>
  deployed === undefined || seenAt === null ? null : Date.parse(deployed.deployedAt) > Date.parse(seenAt)
