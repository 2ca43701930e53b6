import type { Outcome } from '../../../topology/words/run.ts'
import { notRunnable, outOfMemory, timedOut } from './killed.ts'
import { againText, callsText, endedText, firstLine, printedText } from './messages.ts'
import { type Realm, UnreadableAdaptor } from './realm-host.ts'

/** A run on its way through a child. */
export type RunToDo = Readonly<{ run: number; timeoutMs: number; state: string }>

export type CallAnswer = Readonly<{ run: number; call: number; text: string }>

/** The runs of one job version, in one isolate. Shared by as many as come; what one does to it, the others do again elsewhere. */
export type JobHost = Readonly<{
  add(todo: RunToDo): void
  /** What the world answered to a call of this run, as JSON. */
  answer(answer: CallAnswer): void
  /** Nobody wants this run any longer. */
  cut(run: number): void
  /** Looks for runs that are over their time, and for an isolate that does not end. */
  sweep(now: number): void
  /** Runs that wait or are in hand; one, too, while its isolate is ending. */
  size(): number
  /** How long its isolate has been in the turn that it is in; 0 between turns. */
  busyMs(now: number): number
  /** Its isolate is no more. */
  isOver(): boolean
  dispose(): void
}>

export type JobHostOptions = Readonly<{
  /** That its isolate may have. */
  memoryMb: number
  /** With the job loaded. */
  realm: Promise<Realm>
  send: (text: string) => void
  /** This isolate takes no more; these runs had not begun in it. */
  onLeave: (notBegun: readonly RunToDo[]) => void
  /** This isolate was disposed and goes on all the same: some of V8's own loops cannot be stopped. Only the process can end it. */
  onStuck: () => void
}>

type InHand = Readonly<{ timeoutMs: number; startedAt: number }> & { askedAt: number | null; unwanted: boolean }

export const openJobHost = ({ memoryMb, realm: opening, send, onLeave, onStuck }: JobHostOptions): JobHost => {
  const waiting: RunToDo[] = []
  let answers: (number | string)[] = []
  const inHand = new Map<number, InHand>()
  let realm: Realm | undefined
  let mode: 'open' | 'draining' | 'closed' = 'open'
  let busy = false
  let turnSince = 0
  let closedAt = 0
  let turnWanted = false
  let atOnce = 1
  let sinceCheck = 0
  let timer: NodeJS.Timeout | undefined

  const pump = async (): Promise<void> => {
    while (realm && !busy && mode !== 'closed' && (waiting.length > 0 || turnWanted)) {
      busy = true
      turnWanted = false
      const startedAt = performance.now()
      turnSince = startedAt
      const given = { answers, starts: begin(waiting.splice(0, atOnce), startedAt) }
      answers = []
      try {
        deliver(await realm.turn(given))
      } catch {
        giveUp('memory') // isolated-vm ended it at its limit. If it was we who did, this does nothing
      }
      busy = false
      atOnce = nextBatch(atOnce, performance.now() - startedAt)
      if (++sinceCheck >= turnsBetweenChecks) void checkHeap()
    }
  }

  const begin = (todos: readonly RunToDo[], startedAt: number): readonly (number | string)[] =>
    todos.flatMap(({ run, timeoutMs, state }) => {
      inHand.set(run, { timeoutMs, startedAt, askedAt: null, unwanted: false })
      return [run, state]
    })

  const deliver = (collected: string): void => {
    const [next, lines] = firstLine(collected)
    const [due, more, calls, pieces] = next.split(' ')
    turnWanted ||= more === 'more'
    clearTimeout(timer)
    if (due !== '-') timer = setTimeout(wantTurn, Number(due))
    if (lines !== '') {
      const fields = lines.split('\n')
      const asked = fields.splice(0, Number(calls) * 3)
      const printed = fields.splice(0, Number(pieces) * 2)
      if (printed.length > 0) send(printedText(printed)) // first: a call may add a line of its own
      if (asked.length > 0) send(callsText(asked))
      for (let at = 0; at < fields.length; at += 3) inHand.delete(Number(fields[at]))
      if (fields.length > 0) send(endedText(asked.length + printed.length > 0 ? fields.join('\n') : lines))
    }
    if (mode === 'draining' && inHand.size === 0) close()
  }

  const wantTurn = (): void => {
    turnWanted = true
    void pump()
  }

  /** An isolate that yields does this at once: its run ends, and with it the run's timers. */
  const ask = (run: number, waitedMs?: number): void => {
    realm?.cut(run, waitedMs).then(
      () => {
        if (inHand.get(run)?.unwanted) inHand.delete(run)
        wantTurn()
      },
      () => {},
    )
  }

  /**
   * The only run in hand is to blame. Of several nobody knows which one it was: they are done again, each alone, and the youngest first,
   * because those that came after the culprit could not even begin.
   */
  const giveUp = (why: 'memory' | 'timeout'): void => {
    if (mode === 'closed') return
    const wanted = [...inHand].filter(([, { unwanted }]) => !unwanted)
    const [first] = wanted
    if (first && inHand.size === 1)
      tell(first[0], why === 'timeout' ? timedOut(first[1].timeoutMs) : outOfMemory(memoryMb))
    else if (first) send(againText({ why, runs: wanted.map(([run]) => run).reverse() }))
    inHand.clear()
    close()
  }

  const close = (): void => {
    if (mode === 'open') onLeave(waiting.splice(0))
    if (mode !== 'closed') closedAt = performance.now()
    mode = 'closed'
    clearTimeout(timer)
    realm?.dispose()
  }

  const isEnding = (): boolean => mode === 'closed' && busy

  const tell = (run: number, { state, ...outcome }: Outcome): void =>
    send(endedText(`${run}\n${JSON.stringify(outcome)}\n${state ?? ''}`))

  /** A realm that fills up is left, so that no run is blamed for what others left behind. */
  const checkHeap = async (): Promise<void> => {
    sinceCheck = 0
    const used = (await realm?.usedBytes().catch(() => 0)) ?? 0
    if (mode !== 'open' || used < (memoryMb * 1_000_000) / 2) return
    mode = 'draining'
    onLeave(waiting.splice(0))
    if (inHand.size === 0) close()
  }

  opening.then(
    (opened) => {
      realm = opened
      if (mode === 'closed') opened.dispose()
      else void pump()
    },
    (error: unknown) => {
      for (const { run } of waiting.splice(0)) tell(run, outcomeOfLoading(error, memoryMb))
      close()
    },
  )

  return {
    add: (todo) => {
      waiting.push(todo)
      void pump()
    },
    answer: ({ run, call, text }) => {
      if (!inHand.has(run)) return
      answers.push(run, call, text)
      wantTurn()
    },
    cut: (run) => {
      const at = waiting.findIndex((todo) => todo.run === run)
      if (at >= 0) waiting.splice(at, 1)
      const held = inHand.get(run)
      if (!held) return
      held.unwanted = true
      held.askedAt ??= performance.now()
      ask(run)
    },
    sweep: (now) => {
      if (isEnding() && now - closedAt > endMs) {
        closedAt = Number.POSITIVE_INFINITY // told once
        onStuck()
      }
      for (const [run, held] of inHand) {
        if (held.askedAt === null) {
          if (now - held.startedAt <= held.timeoutMs) continue
          held.askedAt = now
          ask(run, held.timeoutMs)
        } else if (now - held.askedAt > (inHand.size === 1 ? yieldAloneMs : yieldMs)) return giveUp('timeout')
      }
    },
    size: () => waiting.length + inHand.size + (isEnding() ? 1 : 0),
    busyMs: (now) => (busy ? now - turnSince : 0),
    isOver: () => mode === 'closed' && !busy,
    dispose: close,
  }
}

const outcomeOfLoading = (error: unknown, memoryMb: number): Outcome => {
  if (error instanceof UnreadableAdaptor) return notRunnable({ name: 'ImportError', message: error.message })
  if (error instanceof SyntaxError)
    return notRunnable({ name: 'SyntaxError', message: error.message, line: 1, column: 1 })
  return outOfMemory(memoryMb)
}

/** How long an isolate may go on after a run of it is over its time (`semantics.md` 7); less where it can hurt no neighbour. */
const yieldMs = 1_000
const yieldAloneMs = 200

/** How long an isolate may go on after it was disposed: JavaScript stops at once. */
const endMs = 1_000

const turnsBetweenChecks = 500

/** Runs that are started together: many where they are short, one where they are long, so that a run's clock starts when it does. */
const nextBatch = (size: number, tookMs: number): number =>
  tookMs < 3 ? Math.min(32, size * 2) : tookMs > 20 ? 1 : Math.max(1, Math.ceil(size / 2))
