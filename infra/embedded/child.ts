import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, type ProcessId, runningProcess, signalProcess } from './process-id.ts'

/** How a child process ended. `wanted` when we had stopped it; `lastWords` are its last lines of output. */
export type Exit = Readonly<{
  code: number | null
  signal: NodeJS.Signals | null
  wanted: boolean
  lastWords: readonly string[]
}>

/** A running child process. Disposing stops it: SIGTERM, then SIGKILL after its grace. */
export type Child = AsyncDisposable &
  Readonly<{
    pid: number
    /** What the ready pattern found in the line that said so. */
    ready: RegExpExecArray
    /** Resolves when it has ended, for whatever reason. Never rejects. */
    exited: Promise<Exit>
  }>

export type ChildOptions = Readonly<{
  /** One child of a name in a directory: `<dir>/<name>.pid` remembers it. */
  name: string
  /** Must stand in `args`: that is how a survivor is recognised. */
  dir: string
  command: string
  args: readonly string[]
  /** The child's whole environment; ours when it is not given. */
  env?: NodeJS.ProcessEnv
  /** The first line of output (stdout or stderr) that matches says that it is ready. */
  ready: RegExp
  readyWithinMs?: number
  graceMs?: number
  onLine?: (line: string) => void
}>

/**
 * Starts a process and waits until it says that it is ready. A survivor of an earlier start (ours was killed) is stopped first.
 * It runs in its own process group, so that Ctrl-C reaches only us and we stop it in order; its stdin is a pipe that ends when we end.
 * Throws, with the child's last words, when it ends or stays silent before it is ready; nothing is left running then.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, env, graceMs = 6_000, onLine = () => {} } = options
  await stopSurvivor(options)

  const spawned = spawn(command, args, { detached: true, stdio: 'pipe', ...(env && { env }) })
  const pid = spawned.pid ?? 0
  if (pid !== 0) rememberChild(options, pid)
  await once(spawned, 'spawn')
  spawned.stdin?.on('error', () => {}) // it ended: `exited` tells

  const said = lastLines(20)
  const ready = Promise.withResolvers<RegExpExecArray>()
  eachLine(spawned, (line) => {
    said.add(line)
    onLine(line)
    const found = options.ready.exec(line)
    if (found) ready.resolve(found)
  })

  let wanted = false
  const exited = once(spawned, 'close').then(([code, signal]): Exit => {
    living.delete(pid)
    rmSync(pidFile(options), { force: true })
    return { code, signal, wanted, lastWords: said.lines() }
  })
  const stop = async (): Promise<void> => {
    wanted = true
    signalProcess(pid, 'SIGTERM')
    const late = setTimeout(() => signalProcess(pid, 'SIGKILL'), graceMs)
    await exited.finally(() => clearTimeout(late))
  }

  const tooLate = new AbortController()
  const silence = sleep(options.readyWithinMs ?? 60_000, 'silent' as const, { signal: tooLate.signal })
  const first = await Promise.race([ready.promise, exited, silence])
  tooLate.abort()
  silence.catch(() => {})
  if (!Array.isArray(first)) {
    const how = first === 'silent' ? 'did not become ready' : `ended while starting (${first.signal ?? first.code})`
    await stop()
    throw new Error(
      [`the ${name} ${how}${said.lines().length > 0 ? '; its last words:' : ''}`, ...said.lines()].join('\n  '),
    )
  }
  return { pid, ready: first as RegExpExecArray, exited, [Symbol.asyncDispose]: stop }
}

/** Stops the process that an earlier start left behind, if it is still that process. Anything else with its number is left alone. */
export async function stopSurvivor({
  name,
  dir,
  graceMs = 6_000,
}: Pick<ChildOptions, 'name' | 'dir' | 'graceMs'>): Promise<void> {
  const survivor = survivorOf({ name, dir })
  if (!survivor) return
  signalProcess(survivor.pid, 'SIGTERM')
  for (let waited = 0; isRunning(survivor); waited += 50) {
    if (waited >= graceMs) signalProcess(survivor.pid, 'SIGKILL')
    await sleep(50)
  }
  rmSync(pidFile({ name, dir }), { force: true })
}

/** Lets a short-lived process of another kind (Maven, say) be killed with the children; `group`: with all that it has started itself. */
export const killWithChildren = (
  spawned: ChildProcess,
  { group = false }: Readonly<{ group?: boolean }> = {},
): void => {
  if (spawned.pid === undefined) return
  const id = group ? -spawned.pid : spawned.pid
  living.add(id)
  spawned.once('exit', () => living.delete(id))
}

/** The last resort of a process that must end now: every child that is still there is killed, without waiting. */
export const killChildren = (): void => {
  for (const pid of living) signalProcess(pid, 'SIGKILL')
}

type Place = Pick<ChildOptions, 'name' | 'dir'>

const living = new Set<number>()

const pidFile = ({ name, dir }: Place): string => join(dir, `${name}.pid`)

/** At once after the spawn: what is not written down cannot be found again if we are killed. */
const rememberChild = (place: Place, pid: number): void => {
  living.add(pid)
  const id: ProcessId = { pid, started: runningProcess(pid)?.started ?? '' }
  writeFileSync(pidFile(place), JSON.stringify(id))
}

const survivorOf = (place: Place): ProcessId | undefined => {
  try {
    const { pid, started } = JSON.parse(readFileSync(pidFile(place), 'utf8')) as ProcessId
    const found = runningProcess(pid)
    return found?.started === started && found.command.includes(place.dir) ? found : undefined
  } catch {
    return undefined // no file, or half of one: nobody is known
  }
}

const eachLine = (child: ChildProcess, take: (line: string) => void): void => {
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream as Readable }).on('line', take)
}

const lastLines = (count: number) => {
  const kept: string[] = []
  return {
    add: (line: string): void => {
      kept.push(line)
      if (kept.length > count) kept.shift()
    },
    lines: (): readonly string[] => [...kept],
  }
}
