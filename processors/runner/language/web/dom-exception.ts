/** The error of the web's own functions: told apart by `name` (`AbortError`, `TimeoutError`, `DataCloneError` …). */
export class DOMException extends Error {
  readonly code: number

  constructor(message = '', name = 'Error') {
    super(message)
    Object.defineProperty(this, 'name', { value: name, configurable: true })
    this.code = codes.get(name) ?? 0
  }
}

/** The numbers of the names that something here throws (Web IDL, section 2.8). */
const codes: ReadonlyMap<string, number> = new Map([
  ['InvalidCharacterError', 5],
  ['AbortError', 20],
  ['QuotaExceededError', 22],
  ['TimeoutError', 23],
  ['DataCloneError', 25],
])
