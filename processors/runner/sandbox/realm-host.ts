import { randomBytes } from 'node:crypto'
import ivm from 'isolated-vm'
import type { AdaptorBundle } from '../../../topology/project/adaptors.ts'
import type { Compiled } from '../language/compile.ts'
import type { JobToRun } from './messages.ts'
import type { Runs } from './realm/runs.ts'

/** An isolate that has been locked down, seen from the host: strings in, strings out. */
export type Realm = Readonly<{
  load(compiled: Compiled, job: JobToLoad): Promise<void>
  /** Gives answers, starts runs and fires timers; what came of it is `realm/runs.ts`'s to say. Rejects when the isolate ends meanwhile. */
  turn(given: Given): Promise<string>
  cut(run: number, waitedMs?: number): Promise<void>
  usedBytes(): Promise<number>
  dispose(): void
}>

/** A job with its upstream adaptor, where it has one. */
export type JobToLoad = Pick<JobToRun, 'adaptor' | 'console' | 'logLimitBytes'> &
  Readonly<{ bundle: AdaptorBundle | null }>

/** `answers`: run, number of the call, JSON, and so on; `starts`: run, initial state, and so on. */
export type Given = Readonly<{ answers: readonly (number | string)[]; starts: readonly (number | string)[] }>

/**
 * Makes realms from the realm's script. The script runs once in a process: each realm begins with a snapshot of what it left, which is locked
 * down then. The snapshot holds V8's compiled code, too, and never leaves the process.
 */
export const realmMaker = (script: string): ((memoryMb: number) => Promise<Realm>) => {
  const compiledAdaptor = adaptorCompiler()
  const snapshot = ivm.Isolate.createSnapshot([{ code: script, filename: 'penstock.js' }], rehearsal)

  return async (memoryMb) => {
    const isolate = new ivm.Isolate({
      memoryLimit: Math.max(8, memoryMb),
      snapshot,
      // After such an error nothing in the process can be trusted: the parent starts another (isolated-vm's own advice).
      onCatastrophicError: () => process.abort(),
    })
    const context = await isolate.createContext()
    const opening = await isolate.compileScript('penstock()')
    const door = (await opening.run(context, { reference: true })) as ivm.Reference<Runs>
    const [load, turn, again, cut] = await Promise.all([
      door.get('load', { reference: true }),
      door.get('turn', { reference: true }),
      door.get('again', { reference: true }),
      door.get('cut', { reference: true }),
    ])
    return {
      load: async ({ script: text, ...facts }, { adaptor, bundle, console, logLimitBytes }) => {
        const script = bundle && (await compiledAdaptor(isolate, bundle).catch(unreadable(adaptor)))
        const upstream = await script?.run(context, { reference: true })
        // The script begins one line above the user's first.
        const compiled = await isolate.compileScript(text, { filename: 'job.js', lineOffset: -1 })
        const job = await compiled.run(context, { reference: true })
        compiled.release()
        await load.apply(undefined, [
          job.derefInto(),
          JSON.stringify({ ...facts, seed: randomBytes(32).toString('hex'), adaptor, console, logLimitBytes }),
          upstream?.derefInto(),
        ])
      },
      turn: async ({ answers, starts }) => {
        try {
          return (await turn.apply(undefined, [answers.length / 3, ...answers, ...starts], awaited)) as string
        } catch (error) {
          if (isolate.isDisposed) throw error
          return (await again.apply(undefined, [])) as string // the error is of a job's promise that nobody asked
        }
      },
      cut: async (run, waitedMs) => {
        await cut.apply(undefined, [run, waitedMs])
      },
      usedBytes: async () => {
        const { used_heap_size, externally_allocated_size } = await isolate.getHeapStatistics()
        return used_heap_size + externally_allocated_size
      },
      dispose: () => {
        if (!isolate.isDisposed) isolate.dispose()
      },
    }
  }
}

/** V8 does not take an adaptor's script. */
export class UnreadableAdaptor extends Error {}

/** Compiles scripts of adaptors; V8 keeps what it made of each, for this process alone, because it is machine code. */
const adaptorCompiler = (): ((isolate: ivm.Isolate, bundle: AdaptorBundle) => Promise<ivm.Script>) => {
  const known = new Map<string, ivm.ExternalCopy<ArrayBuffer>>()
  return async (isolate, { id, code }) => {
    const filename = 'adaptor.js'
    const cachedData = known.get(id)
    if (cachedData) return isolate.compileScript(code, { filename, cachedData })
    const script: ivm.Script & ivm.CachedDataResult = await isolate.compileScript(code, {
      filename,
      produceCachedData: true,
    })
    if (script.cachedData) known.set(id, script.cachedData)
    return script
  }
}

const unreadable =
  (adaptor: string) =>
  (error: unknown): never => {
    if (!(error instanceof SyntaxError)) throw error
    throw new UnreadableAdaptor(`The script of ${adaptor} cannot be read (${error.message}): deploy the project again`)
  }

const awaited = { result: { promise: true, copy: true } } as const

/** Done in a context of its own before the snapshot is taken, so that the code of a realm's first steps is compiled in it. */
const rehearsal = `
const runs = penstock()
runs.load(async (add) => add(0, () => fn((state) => state)), '{"uses":[],"seed":"","adaptor":"common","inserts":[],"operations":[],"console":true,"logLimitBytes":1000}')
void runs.turn(0, 1, '{"data":{}}')`
