import { type DestinationStream, destination, type Logger as Pino, pino, stdSerializers, stdTimeFunctions } from 'pino'
import { build } from 'pino-pretty'
import type { Logger } from '../topology/flow/ports.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A logger that can make others which say more about where they speak from. */
export type HouseLogger = Logger & Readonly<{ child(fields: object): HouseLogger }>

export type LogOptions = Readonly<{
  level: LogLevel
  /** Readable lines for people, or JSON lines for programs; by default people are whoever sits at a terminal. */
  readable?: boolean
  fd?: number
}>

/** Writes lines at once, so that the last words before an end are not lost. A reader that has gone away (`| head`) stops no work. */
export function openLog({ level, fd = 1, readable = process.stdout.isTTY }: LogOptions): HouseLogger {
  const to = readable
    ? build({ destination: fd, sync: true, ignore: 'pid,hostname,role', colorize: true, translateTime: 'HH:MM:ss' })
    : destination({ fd, sync: true })
  to.on('error', () => {})
  return houseLogger(
    pino({ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters, serializers }, to as DestinationStream),
  )
}

const formatters = { level: (label: string) => ({ level: label }) }
const serializers = { error: (value: unknown) => (value instanceof Error ? stdSerializers.err(value) : value) }

const houseLogger = (log: Pino): HouseLogger => ({
  debug: (fields, text) => log.debug(fields, text),
  info: (fields, text) => log.info(fields, text),
  warn: (fields, text) => log.warn(fields, text),
  error: (fields, text) => log.error(fields, text),
  child: (fields) => houseLogger(log.child(fields)),
})
