import type { Cancels } from '../../topology/flow/cancels.ts'
import type { Cancel } from '../../topology/wire/control.ts'
import type { LogLine, Outcome } from '../../topology/words/run.ts'
import { ended } from './sandbox/killed.ts'
import type { Sandbox, SandboxTask } from './sandbox/open.ts'

/** A sandbox whose runs are cut off when somebody cancels them: that is their outcome then, with the log as far as it had come. */
export const cancellable = (sandbox: Sandbox, cancels: Pick<Cancels, 'of' | 'watch'>): Pick<Sandbox, 'run'> => ({
  run: async (task: SandboxTask, signal: AbortSignal): Promise<Outcome> => {
    const cut = new AbortController()
    let log: readonly LogLine[] = []
    const onLog = (soFar: readonly LogLine[]): void => {
      log = soFar
    }
    const end = (): void => cut.abort(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    try {
      signal.throwIfAborted()
      using _watched = cancels.watch(task.run, end)
      return await sandbox.run({ ...task, onLog }, cut.signal)
    } catch (error) {
      const cancel = cancels.of(task.run)
      if (!cancel || !cut.signal.aborted || signal.aborted) throw error
      return { ...cancelledBy(cancel), log }
    } finally {
      signal.removeEventListener('abort', end)
    }
  },
})

export const cancelledBy = ({ by }: Cancel): Outcome =>
  ended('cancelled', 6, { name: 'CancelledError', message: `cancelled by ${by}` })

/** Of a run that may have done all of its work, some of it, or none: nobody knows, and so it is not executed again. */
export const unseen: Outcome = ended('unknown', 11, {
  name: 'LostError',
  message: 'its runner died or was stopped while it ran, and with "effects: at-most-once" it is not executed again',
})
