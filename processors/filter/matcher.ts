import type { Job, Project, Trigger } from '../../topology/project/project.ts'
import { isJsonArray, isJsonObject, type Json, sameJson } from '../../topology/words/json.ts'
import type { Message } from '../../topology/words/message.ts'
import { type Condition, type FilterIndex, filterIndex } from './filter-index.ts'
import type { Body } from './read-body.ts'

/** Says which triggers and jobs of one deploy of a project want a message. */
export type Matcher = Readonly<{ match(message: Pick<Message, 'source'>, body: Body): Match }>

/** `triggers`: every one that matched, with or without a job. `jobs`: each enabled job once, with the triggers that asked for it. */
export type Match = Readonly<{ triggers: readonly string[]; jobs: readonly WantedRun[] }>
export type WantedRun = Readonly<{ job: Job; triggers: readonly [string, ...string[]] }>

/** Makes the matchers of one project, deploy after deploy. */
export type MatcherMaker = Readonly<{
  /**
   * The matcher of a project, made step by step: between two steps other work may be done, and matchers that were made before go on as they
   * are. Only what differs from the project before is put into the index. One at a time.
   */
  make(project: Project): Generator<void, Matcher>
}>

/**
 * All matchers of a project share one index, which only grows; which of its rules count, in what order, and for which jobs, is a matcher's
 * own. When a good part of the rules is out of use, the next matcher begins with an empty index.
 */
export const matcherMaker = (): MatcherMaker => {
  let rules = ruleBook()
  return {
    *make(project) {
      if (rules.size() > project.triggers.size * 1.25 + 100) rules = ruleBook()
      const book = rules
      const order = new Int32Array(book.size() + project.triggers.size).fill(-1)
      let position = 0
      for (const trigger of project.triggers.values()) {
        if (trigger.kind === 'message') order[book.slotOf(trigger)] = position++
        if (position % atOnce === 0) yield
      }
      const jobs = [...project.jobs.values()].filter((job) => job.enabled)
      const wishes = yield* wishesOf(jobs, { slots: order.length, slotOf: book.slotOfName })
      return {
        match({ source }, body) {
          let { rules, byNumber } = book.ask({ source, body: body.rough }, order)
          const exact = byNumber ? body.exact() : body.rough
          if (exact !== body.rough) rules = book.ask({ source, body: exact }, order).rules
          if (rules.length === 0) return nothing
          rules.sort((a, b) => (order[a.slot] ?? 0) - (order[b.slot] ?? 0))
          return { triggers: rules.map(({ trigger }) => trigger.name), jobs: wishes(rules) }
        },
      }
    },
  }
}

/** A matcher, made at once. */
export const matcherOf = (project: Project): Matcher => {
  const steps = matcherMaker().make(project)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** A step is so small that nobody feels it, and not so small that the steps are what costs. */
const atOnce = 8

const nothing: Match = { triggers: [], jobs: [] }

type MessageTrigger = Trigger & { kind: 'message' }

/** A trigger as the index has it; its slot is a number that no other rule of the book has. */
type Rule = Readonly<{ slot: number; trigger: MessageTrigger; not: readonly Condition[] }>

const ruleBook = () => {
  const index = filterIndex()
  const byName = new Map<string, Rule>()
  const byCondition = new Map<Condition, Rule[]>()
  let size = 0

  const add = (trigger: MessageTrigger): Rule => {
    const rule: Rule = { slot: size++, trigger, not: conditionsOf(index, notOf(trigger)) }
    byName.set(trigger.name, rule)
    for (const condition of conditionsOf(index, wantedOf(trigger))) {
      const rules = byCondition.get(condition)
      if (rules === undefined) byCondition.set(condition, [rule])
      else rules.push(rule)
    }
    return rule
  }

  return {
    size: (): number => size,
    /** The slot of the rule for a trigger, made when there is none. */
    slotOf: (trigger: MessageTrigger): number => {
      const known = byName.get(trigger.name)
      return (known !== undefined && asksTheSame(known.trigger, trigger) ? known : add(trigger)).slot
    },
    slotOfName: (name: string): number | undefined => byName.get(name)?.slot,
    /** The rules with a place in the order that a message meets. */
    ask: (message: Json, order: Int32Array) =>
      index.ask(message, (met, byNumber) => {
        const rules: Rule[] = []
        for (const condition of met) {
          for (const rule of byCondition.get(condition) ?? none) {
            if ((order[rule.slot] ?? -1) >= 0 && !rule.not.some(({ holds }) => holds)) rules.push(rule)
          }
        }
        return { rules, byNumber }
      }),
  }
}

const none: readonly Rule[] = []

const asksTheSame = (one: MessageTrigger, other: MessageTrigger): boolean =>
  sameOrNone(one.filter, other.filter) && sameOrNone(one.not, other.not) && sameJson(one.sources, other.sources)

const sameOrNone = (one: Json | undefined, other: Json | undefined): boolean =>
  one === undefined || other === undefined ? one === other : sameJson(one, other)

const conditionsOf = (index: FilterIndex, filters: readonly Json[]): readonly Condition[] =>
  filters.map((filter) => index.add(filter))

/** What a trigger asks of `{ source, body }`: any one of these, and of several at most one can be so. */
const wantedOf = ({ filter, sources }: MessageTrigger): readonly Json[] => {
  const bodies = filter === undefined ? [{}] : bodiesWith(filter)
  return sources === null ? bodies : sources.flatMap((source) => bodies.map((body) => ({ ...body, source })))
}

const notOf = ({ not }: MessageTrigger): readonly Json[] => (not === undefined ? [] : bodiesWith(not))

/** At the root, and only there, an array contains a bare scalar. */
const bodiesWith = (filter: Json): readonly { readonly body: Json }[] =>
  isJsonArray(filter) || isJsonObject(filter) ? [{ body: filter }] : [{ body: filter }, { body: [filter] }]

/**
 * Which jobs want what the rules matched: lists of pairs (rule, job), one list a rule, in arrays of numbers, because there is one of these
 * for every deploy of projects with very many triggers.
 */
function* wishesOf(
  jobs: readonly Job[],
  { slots, slotOf }: Readonly<{ slots: number; slotOf(name: string): number | undefined }>,
): Generator<void, (rules: readonly Rule[]) => readonly WantedRun[]> {
  const pairs = jobs.reduce((sum, job) => sum + job.triggers.length, 0)
  const firstOf = new Int32Array(slots).fill(-1)
  const [nextOf, jobOf, placeOf] = [new Int32Array(pairs), new Int32Array(pairs), new Int32Array(pairs)]
  let pair = 0
  for (const [at, job] of jobs.entries()) {
    for (const [place, name] of job.triggers.entries()) {
      const slot = slotOf(name)
      if (slot !== undefined) {
        ;[nextOf[pair], jobOf[pair], placeOf[pair]] = [firstOf[slot] ?? -1, at, place]
        firstOf[slot] = pair++
      }
      if (pair % atOnce === 0) yield
    }
  }
  return (rules) => {
    const wishes = []
    for (const { slot, trigger } of rules) {
      for (let pair = firstOf[slot] ?? -1; pair >= 0; pair = nextOf[pair] ?? -1) {
        wishes.push({ at: jobOf[pair] ?? 0, place: placeOf[pair] ?? 0, trigger: trigger.name })
      }
    }
    wishes.sort((a, b) => a.at - b.at || a.place - b.place)
    const runs: { job: Job; triggers: [string, ...string[]] }[] = []
    for (const { at, trigger } of wishes) {
      const job = jobs[at] as Job
      const last = runs.at(-1)
      if (last?.job === job) last.triggers.push(trigger)
      else runs.push({ job, triggers: [trigger] })
    }
    return runs
  }
}
