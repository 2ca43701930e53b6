import { writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { setPriority } from 'node:os'
import { type AdaptorBundle, isUpstream } from '../../../topology/project/adaptors.ts'
import { compiledAtDeploy } from '../language/at-deploy.ts'
import { type Compiled, compileJob } from '../language/compile.ts'
import { scopeOf } from '../language/scope.ts'
import { framesOver } from './frames.ts'
import { type JobHost, openJobHost, type RunToDo } from './job-host.ts'
import { type NotRunnable, notRunnable } from './killed.ts'
import { aliveMs, aliveText, endedText, type JobToRun, parseToChild, readyText, stuckText } from './messages.ts'
import { realmMaker } from './realm-host.ts'
import { rehearse } from './rehearsal.ts'
import { openSpares, type Spares } from './spares.ts'
import { openThreads } from './threads.ts'

// The process in which jobs run: it has no environment, no secrets and no connection but the pipe to its parent.

const nice = Number(process.argv[2])
setPriority(nice) // before any other thread is there, so that all of them have it
try {
  writeFileSync('/proc/self/autogroup', String(nice)) // Linux deals out its processors by session first
} catch {} // no such thing here, or asked for too often

const lookAtThreads = nice === 0 ? openThreads() : () => {}
const adaptors = new Map<string, AdaptorBundle>()
const jobs = new Map<number, Readonly<{ facts: JobToRun; compiled: Compiled | NotCompiled }>>()
/** Those that take runs, by job; the order is that of last use. */
const hosts = new Map<number, JobHost>()
/** Also those that only end what they have. */
const everyHost = new Set<JobHost>()
let sweeper: NodeJS.Timeout | undefined
let toldAt = 0
let spares: Spares | undefined

const mostIsolates = 60
const sweepMs = 20
/** A turn of an isolate that takes longer may be without end. */
const longTurnMs = 15

const frames = framesOver(new Socket({ fd: 3 }), {
  onText: (text) => void receive(text),
  // The parent is gone, or speaks another language. An isolate that loops must not keep us here.
  onEnd: () => process.kill(process.pid, 'SIGKILL'),
  maxBytes: 1_000_000_000,
})

const receive = async (text: string): Promise<void> => {
  const message = parseToChild(text)
  switch (message.kind) {
    case 'realm': {
      const make = realmMaker(message.script)
      await rehearse(make)
      spares = openSpares(make)
      await spares.warm()
      frames.send(readyText)
      return
    }
    case 'adaptor': {
      const bundle = JSON.parse(message.bundle) as AdaptorBundle
      adaptors.set(bundle.id, bundle)
      return
    }
    case 'job': {
      const facts = JSON.parse(message.facts) as JobToRun
      jobs.set(message.job, { facts, compiled: compiledOf(facts) })
      return
    }
    case 'run':
      start(message.job, message)
      return
    case 'answer':
      for (const host of everyHost) host.answer(message)
      return
    case 'cut':
      for (const host of everyHost) host.cut(message.run)
      return
    default:
      message satisfies never
  }
}

const start = (job: number, todo: RunToDo): void => {
  const known = jobs.get(job)
  if (!known) throw new Error(`a run of the unknown job ${job}`)
  const { facts, compiled } = known
  if (compiled.kind === 'problem') {
    const { state: _, ...outcome } = notRunnable(compiled)
    frames.send(endedText(`${todo.run}\n${JSON.stringify(outcome)}\n`))
    return
  }
  const host = hosts.get(job) ?? openHost(job, { facts, compiled })
  hosts.delete(job)
  hosts.set(job, host)
  host.add(todo)
  sweeper ??= setInterval(sweep, sweepMs)
}

const openHost = (job: number, { facts, compiled }: Readonly<{ facts: JobToRun; compiled: Compiled }>): JobHost => {
  if (!spares) throw new Error('a run before the realm')
  makeRoom()
  const host = openJobHost({
    memoryMb: facts.memoryMb,
    realm: spares.take(facts.memoryMb).then(async (realm) => {
      await realm.load(compiled, { ...facts, bundle: bundleOf(facts) })
      return realm
    }),
    send: frames.send,
    onLeave: (notBegun) => {
      if (hosts.get(job) === host) hosts.delete(job)
      for (const todo of notBegun) start(job, todo)
    },
    onStuck: () => frames.send(stuckText(job)),
  })
  everyHost.add(host)
  return host
}

type NotCompiled = NotRunnable & Readonly<{ kind: 'problem' }>

const compiledOf = (facts: JobToRun): Compiled | NotCompiled => {
  const { code, compiled, adaptor } = facts
  const bundle = bundleOf(facts)
  if (bundle || !isUpstream(adaptor))
    return (compiled && compiledAtDeploy(compiled)) || compileJob(code, scopeOf({ adaptor, bundle }))
  const message = `The script of ${adaptor} is not in the definitions: deploy the project again`
  return { kind: 'problem', name: 'ImportError', message }
}

/** Null for an adaptor that is built in, or whose script is not there. */
const bundleOf = ({ bundle }: JobToRun): AdaptorBundle | null => {
  if (bundle === null) return null
  const known = adaptors.get(bundle)
  if (!known) throw new Error('a job of an unknown adaptor')
  return known
}

/** The host that nobody has used for the longest time goes, if nothing runs in it. */
const makeRoom = (): void => {
  if (hosts.size < mostIsolates) return
  const idle = [...hosts.values()].find((host) => host.size() === 0)
  idle?.dispose()
}

const sweep = (): void => {
  const now = performance.now()
  let runs = 0
  let busyMs = 0
  for (const host of everyHost) {
    host.sweep(now)
    runs += host.size()
    busyMs = Math.max(busyMs, host.busyMs(now))
    if (host.isOver()) everyHost.delete(host)
  }
  lookAtThreads(busyMs > longTurnMs)
  if (runs === 0) {
    clearInterval(sweeper)
    sweeper = undefined
  }
  if (runs > 0 && now - toldAt < aliveMs) return
  toldAt = now
  frames.send(aliveText({ loaded: everyHost.size, spare: spares?.count() ?? 0 }))
}
