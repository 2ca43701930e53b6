import type { Adaptor } from '../../../topology/project/adaptors.ts'
import type { LogLine, Outcome } from '../../../topology/words/run.ts'

/**
 * What parent and child say to each other, as text: a word, then fields, a line each; only the last field may hold line breaks.
 * What comes from a child is what a job made of it, so the parent reads it with care.
 */
export type ToChild =
  | Readonly<{ kind: 'realm'; script: string }>
  | Readonly<{ kind: 'adaptor'; bundle: string }>
  | Readonly<{ kind: 'job'; job: number; facts: string }>
  | Readonly<{ kind: 'run'; run: number; job: number; timeoutMs: number; state: string }>
  | Readonly<{ kind: 'answer'; run: number; call: number; text: string }>
  | Readonly<{ kind: 'cut'; run: number }>

/**
 * What the child must know of a job version to make it run: what the deploy made of its code, where it did; `bundle` is the id of its upstream
 * adaptor, which the child was told before.
 */
export type JobToRun = Readonly<{
  code: string
  compiled: string | null
  adaptor: Adaptor
  bundle: string | null
  memoryMb: number
  console: boolean
  logLimitBytes: number
}>

export const toChildText = (message: ToChild): string => {
  switch (message.kind) {
    case 'realm':
      return `realm\n${message.script}`
    case 'adaptor':
      return `adaptor\n${message.bundle}`
    case 'job':
      return `job\n${message.job}\n${message.facts}`
    case 'run':
      return `run\n${message.run}\n${message.job}\n${message.timeoutMs}\n${message.state}`
    case 'answer':
      return `answer\n${message.run}\n${message.call}\n${message.text}`
    case 'cut':
      return `cut\n${message.run}`
    default:
      return message satisfies never
  }
}

export const parseToChild = (text: string): ToChild => {
  const [kind, rest] = firstLine(text)
  switch (kind) {
    case 'realm':
      return { kind, script: rest }
    case 'adaptor':
      return { kind, bundle: rest }
    case 'job': {
      const [job, facts] = firstLine(rest)
      return { kind, job: Number(job), facts }
    }
    case 'run': {
      const [run, afterRun] = firstLine(rest)
      const [job, afterJob] = firstLine(afterRun)
      const [timeoutMs, state] = firstLine(afterJob)
      return { kind, run: Number(run), job: Number(job), timeoutMs: Number(timeoutMs), state }
    }
    case 'answer': {
      const [run, afterRun] = firstLine(rest)
      const [call, text] = firstLine(afterRun)
      return { kind, run: Number(run), call: Number(call), text }
    }
    case 'cut':
      return { kind, run: Number(rest) }
    default:
      throw new Error(`a message of unknown kind: ${kind.slice(0, 40)}`)
  }
}

/** Runs that were cut off for what another one did: they are to be done again. */
export type Again = Readonly<{ why: 'memory' | 'timeout'; runs: readonly number[] }>

export const readyText = 'ready'
/** Isolates of a child: those with a job loaded, and those that wait for one. */
export type Isolates = Readonly<{ loaded: number; spare: number }>

/** Said by a child that has runs, every `aliveMs`, and when it has none left: it watches over them. */
export const aliveText = ({ loaded, spare }: Isolates): string => `alive\n${loaded}\n${spare}`
export const aliveMs = 500
/** Requests of runs to the world: run, number of the call, JSON, a line each. */
export const callsText = (lines: readonly string[]): string => `calls\n${lines.join('\n')}`
/** What runs have printed since they were last heard of: run, JSON of the lines, a line each. */
export const printedText = (lines: readonly string[]): string => `printed\n${lines.join('\n')}`
/** Ended runs as the realm wrote them: three lines each (`realm/runs.ts`). */
export const endedText = (lines: string): string => `ended\n${lines}`
export const againText = ({ why, runs }: Again): string => `again\n${[why, ...runs].join('\n')}`
/** An isolate of this job does not end: the process has to, and the job is to blame. */
export const stuckText = (job: number): string => `stuck\n${job}`

export type FromChild =
  | Readonly<{ kind: 'ready' }>
  | Readonly<{ kind: 'alive'; isolates: Isolates }>
  | Readonly<{ kind: 'ended'; runs: readonly Readonly<{ run: number; outcome: Outcome }>[] }>
  | Readonly<{ kind: 'calls'; calls: readonly Readonly<{ run: number; call: number; text: string }>[] }>
  | Readonly<{ kind: 'printed'; pieces: readonly Readonly<{ run: number; lines: readonly LogLine[] }>[] }>
  | (Again & Readonly<{ kind: 'again' }>)
  | Readonly<{ kind: 'stuck'; job: number }>

/** Throws for what is no message of ours: such a child is not to be trusted any longer. */
export const parseFromChild = (text: string): FromChild => {
  const [kind, ...lines] = text.split('\n')
  switch (kind) {
    case 'ready':
      return { kind }
    case 'alive':
      return { kind, isolates: { loaded: Number(lines[0]), spare: Number(lines[1]) } }
    case 'calls':
      return {
        kind,
        calls: rowsOf(lines, 3).map(([run, call, text = '']) => ({ run: Number(run), call: Number(call), text })),
      }
    case 'printed':
      return {
        kind,
        pieces: rowsOf(lines, 2).map(([run, text = '']) => ({ run: Number(run), lines: JSON.parse(text) })),
      }
    case 'again':
      return { kind, why: lines[0] === 'timeout' ? 'timeout' : 'memory', runs: lines.slice(1).map(Number) }
    case 'stuck':
      return { kind, job: Number(lines[0]) }
    case 'ended': {
      const runs = rowsOf(lines, 3).map(([run, outcome = '', state]) => ({
        run: Number(run),
        outcome: { ...(JSON.parse(outcome) as Omit<Outcome, 'state'>), state: state || null },
      }))
      return { kind, runs }
    }
    default:
      throw new Error(`a message of unknown kind: ${(kind ?? '').slice(0, 40)}`)
  }
}

const rowsOf = (lines: readonly string[], width: number): readonly (readonly string[])[] =>
  Array.from({ length: Math.floor(lines.length / width) }, (_, at) => lines.slice(at * width, (at + 1) * width))

/** The first line of a text, and what follows it. */
export const firstLine = (text: string): readonly [string, string] => {
  const end = text.indexOf('\n')
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end + 1)]
}
