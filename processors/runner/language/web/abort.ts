import type { RunHost } from '../host.ts'
import { DOMException } from './dom-exception.ts'

type Listener = ((event: AbortEvent) => unknown) | Readonly<{ handleEvent(event: AbortEvent): unknown }>
type AbortEvent = Readonly<{ type: string; target: AbortSignal }>

/** Only a controller may stop a signal. */
let abort: (signal: AbortSignal, reason: unknown) => void

/** Says that something shall stop, and why. Has the `abort` event and no other. */
export class AbortSignal {
  onabort: ((event: AbortEvent) => unknown) | null = null
  #aborted = false
  #reason: unknown
  readonly #listeners = new Map<Listener, boolean>()

  static {
    abort = (signal, reason) => signal.#abort(reason)
  }

  get aborted(): boolean {
    return this.#aborted
  }

  get reason(): unknown {
    return this.#reason
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason
  }

  addEventListener(type: string, listener: Listener, options?: boolean | Readonly<{ once?: boolean }>): void {
    if (type === 'abort' && listener && !this.#listeners.has(listener))
      this.#listeners.set(listener, typeof options === 'object' && Boolean(options?.once))
  }

  removeEventListener(type: string, listener: Listener): void {
    if (type === 'abort') this.#listeners.delete(listener)
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason
    const event = { type: 'abort', target: this }
    this.onabort?.(event)
    for (const [listener, once] of [...this.#listeners]) {
      if (once) this.#listeners.delete(listener)
      if (typeof listener === 'function') listener.call(this, event)
      else listener.handleEvent(event)
    }
  }

  /** A signal that has already said it. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal()
    signal.#abort(reason)
    return signal
  }

  /** Stops with the first of the signals that does. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const all = [...signals]
    const aborted = all.find((signal) => signal.aborted)
    if (aborted) return AbortSignal.abort(aborted.reason)
    const any = new AbortSignal()
    for (const signal of all) signal.addEventListener('abort', () => any.#abort(signal.reason), { once: true })
    return any
  }
}

export class AbortController {
  readonly signal: AbortSignal = new AbortSignal()

  abort(reason?: unknown): void {
    abort(this.signal, reason)
  }
}

/** `AbortSignal` as a run sees it: with `timeout`, which needs the run's clock. */
export const abortSignalOf = (host: RunHost): typeof AbortSignal & Readonly<{ timeout(ms: number): AbortSignal }> =>
  class extends AbortSignal {
    static timeout(ms: number): AbortSignal {
      const controller = new AbortController()
      const reason = new DOMException(`The operation took more than ${ms} ms`, 'TimeoutError')
      host.setTimeout(() => controller.abort(reason), ms)
      return controller.signal
    }

    static override [Symbol.hasInstance](value: unknown): boolean {
      return value instanceof AbortSignal
    }
  }
