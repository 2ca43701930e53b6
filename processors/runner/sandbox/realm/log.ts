import type { LogLevel, LogLine } from '../../../../topology/words/run.ts'

/** The log of one run: what the job prints, up to a limit of bytes; what comes after is counted and dropped. */
export type Log = Readonly<{
  /** The lines since it was last asked. */
  take(): readonly LogLine[]
  console: Readonly<Record<LogLevel, (...values: unknown[]) => void>>
  /** A line of Penstock's own; never cut. */
  note(level: LogLevel, message: string): void
  flooded(): boolean
}>

export const openLog = (limitBytes: number, enabled: boolean): Log => {
  let lines: LogLine[] = []
  let bytes = 0
  let cut = false

  const note = (level: LogLevel, message: string): void => {
    lines.push({ time: new Date().toISOString(), level, source: 'penstock', message })
  }

  const print = (level: LogLevel, values: readonly unknown[]): void => {
    const message = values.map(shown).join(' ')
    const left = limitBytes - bytes - bytesOfLine
    bytes += bytesOf(message) + bytesOfLine
    if (left >= 0) {
      const kept = bytes <= limitBytes ? message : startOf(message, left)
      lines.push({ time: new Date().toISOString(), level, source: 'job', message: kept })
    }
    if (bytes > limitBytes && !cut) {
      cut = true
      note('warn', `The log is cut here: it may have ${limitBytes} bytes`)
    }
    if (bytes > limitBytes * floodFactor)
      throw new RangeError(`The job printed more than ${floodFactor} times what its log may hold`)
  }

  const at =
    (level: LogLevel) =>
    (...values: unknown[]): void => {
      if (enabled) print(level, values)
    }
  const console = { debug: at('debug'), log: at('log'), info: at('info'), warn: at('warn'), error: at('error') }
  const take = (): readonly LogLine[] => {
    const taken = lines
    lines = []
    return taken
  }
  return { take, console, note, flooded: () => bytes > limitBytes * floodFactor }
}

/** What a line costs beside its text: time, level and source are stored with it. */
const bytesOfLine = 80

/** How far over its limit a log makes its run a danger to the others (`semantics.md` 7). */
const floodFactor = 100

/** Text as it is; errors with their stack; all else as JSON where that is possible. */
const shown = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `[function ${value.name || 'without a name'}]`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    if (value instanceof Error) return String(value.stack ?? value)
    if (value instanceof Map || value instanceof Set)
      return `${value[Symbol.toStringTag]} ${JSON.stringify([...value])}`
    return JSON.stringify(value) ?? '[object]'
  } catch {
    return '[an object that is not JSON]'
  }
}

/** As much of the text as fits into `limit` bytes of UTF-8, in whole characters. */
const startOf = (text: string, limit: number): string => {
  let left = limit
  let end = 0
  for (const character of text) {
    left -= bytesOf(character)
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}

/** Length in UTF-8. */
export const bytesOf = (text: string): number => {
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}
