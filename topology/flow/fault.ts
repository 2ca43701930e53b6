/** Every trouble we expect, and what is done about it. The only place that decides. */
export const faults = {
  'message-unreadable': 'bury',
  'headers-unreadable': 'bury',
  'project-unknown': 'bury',
  'job-unknown': 'bury',
  'loop-limit': 'bury',
  'record-too-large': 'bury',
  'record-refused': 'bury',
  'row-refused': 'bury',
  'stage-broke': 'bury',
  'crash-loop': 'bury',
  'log-unavailable': 'retry',
  'store-unavailable': 'retry',
  'sandbox-unavailable': 'retry',
  'membership-lost': 'stop',
  'catalogue-lost': 'stop',
} as const satisfies Record<string, 'bury' | 'retry' | 'stop'>

export type FaultCode = keyof typeof faults

/** Expected trouble, by name. Anything else that is thrown is a bug. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const isRetryable = (error: unknown): error is Fault => error instanceof Fault && faults[error.code] === 'retry'
export const isBurial = (error: unknown): error is Fault => error instanceof Fault && faults[error.code] === 'bury'
export const isFaultCode = (text: string): text is FaultCode => Object.hasOwn(faults, text)
