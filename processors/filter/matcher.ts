import type { Job, Project, Trigger } from '../../topology/project/project.ts'
import type { Json } from '../../topology/words/json.ts'
import type { Message } from '../../topology/words/message.ts'
import { contains } from './contains.ts'

/** Says which triggers and jobs of one project want a message. */
export type Matcher = Readonly<{ match(message: Pick<Message, 'source'>, body: Json): Match }>

/** `triggers`: every one that matched, with or without a job. `jobs`: each enabled job once, with the triggers that asked for it. */
export type Match = Readonly<{ triggers: readonly string[]; jobs: readonly WantedRun[] }>
export type WantedRun = Readonly<{ job: Job; triggers: readonly [string, ...string[]] }>

/** Asks the filters one after another, in the order of the document (`semantics.md` 3). */
export const matcherOf = (project: Project): Matcher => {
  const triggers = [...project.triggers.values()].filter((trigger) => trigger.kind === 'message')
  const jobs = [...project.jobs.values()].filter((job) => job.enabled)
  return {
    match(message, body) {
      const matched = new Set<string>()
      for (const trigger of triggers) if (wants(trigger, message.source, body)) matched.add(trigger.name)
      return { triggers: [...matched], jobs: matched.size === 0 ? [] : jobs.flatMap((job) => wantedRun(job, matched)) }
    },
  }
}

type MessageTrigger = Trigger & { kind: 'message' }

const wants = (trigger: MessageTrigger, source: string | null, body: Json): boolean =>
  (trigger.sources === null || (source !== null && trigger.sources.includes(source))) &&
  (trigger.filter === undefined || contains(body, trigger.filter)) &&
  (trigger.not === undefined || !contains(body, trigger.not))

const wantedRun = (job: Job, matched: ReadonlySet<string>): readonly WantedRun[] => {
  const [first, ...others] = job.triggers.filter((name) => matched.has(name))
  return first === undefined ? [] : [{ job, triggers: [first, ...others] }]
}
