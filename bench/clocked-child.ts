import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { framesOver } from '../processors/runner/sandbox/frames.ts'
import { type FromChild, type JobToRun, parseFromChild, toChildText } from '../processors/runner/sandbox/messages.ts'
import { realmScript } from '../processors/runner/sandbox/realm-script.ts'

/** Calls of one job in the sandbox's real child, which has a clock in it (`child-clock.ts`). Times in milliseconds. */
export type ClockedCalls = Readonly<{
  /** From the frame read to the answer given to the kernel, and to where the kernel has taken it; of use where calls come one at a time. */
  given: readonly number[]
  taken: readonly number[]
  /** From here, through the pipe, and back. */
  thereAndBack: readonly number[]
  /** CPU of the child for one call. */
  cpu: number
}>

export type ClockedChild = AsyncDisposable & {
  call(wanted: Readonly<{ calls: number; inFlight: number }>): Promise<ClockedCalls>
}

/** A job that gets the same state again and again; each call checks what came back. */
export type ClockedJob = Readonly<{
  code: string
  state: string
  final: string
  /** All threads of the child on one CPU: then no call pays for waking another one. */
  oneCpu: boolean
}>

/** Starts a child with one job. */
export async function openClockedChild(job: ClockedJob): Promise<ClockedChild> {
  const root = resolve(import.meta.dirname, '..')
  const files = ['--import', `${root}/bench/child-clock.ts`, `${root}/processors/runner/sandbox/child.ts`, '0']
  const command = [...(job.oneCpu ? ['taskset', '-c', '0'] : []), process.execPath, '--no-node-snapshot', ...files]
  const child = spawn('env', command, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  const clock = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
  const waiting = new Map<number, () => void>()
  const ready = Promise.withResolvers<void>()
  child.on('exit', (code) => ready.reject(new Error(`the child ended with ${code}`)))

  const receive = (message: FromChild): void => {
    if (message.kind === 'ready') ready.resolve()
    if (message.kind !== 'ended') return
    for (const { run, outcome } of message.runs) {
      if (outcome.state !== job.final) throw new Error(`${outcome.error?.name}: ${outcome.error?.message}`)
      waiting.get(run)?.()
      waiting.delete(run)
    }
  }
  const frames = framesOver(child.stdio[3] as Socket, {
    onText: (text) => receive(parseFromChild(text)),
    onEnd: () => {},
    maxBytes: 10_000_000,
  })
  frames.send(toChildText({ kind: 'realm', script: await realmScript() }))
  await ready.promise
  const facts: JobToRun = {
    ...{
      code: job.code,
      compiled: null,
      adaptor: 'common',
      bundle: null,
      memoryMb: 128,
      console: true,
      logLimitBytes: 1_000_000,
    },
  }
  frames.send(toChildText({ kind: 'job', job: 1, facts: JSON.stringify(facts) }))

  const read = async (): Promise<Clock> => {
    const line = once(clock, 'line')
    child.kill('SIGUSR2')
    const [text] = (await line) as [string]
    return JSON.parse(text) as Clock
  }

  let runs = 0
  const oneCall = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.set(++runs, resolve)
      frames.send(toChildText({ kind: 'run', run: runs, job: 1, timeoutMs: 10_000, state: job.state }))
    })

  return {
    call: async ({ calls, inFlight }) => {
      await read()
      const thereAndBack: number[] = []
      let left = calls
      const loop = async (): Promise<void> => {
        while (left-- > 0) {
          const begun = performance.now()
          await oneCall()
          thereAndBack.push(performance.now() - begun)
        }
      }
      await Promise.all(Array.from({ length: inFlight }, loop))
      const { given, taken, cpu } = await read()
      return { given, taken, thereAndBack, cpu: cpu / 1_000 / calls }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await once(child, 'close')
    },
  }
}

/** What `child-clock.ts` prints. */
type Clock = Readonly<{ given: readonly number[]; taken: readonly number[]; cpu: number }>
