import { AdaptorError } from '../../language/http/failure.ts'
import { isThenable } from '../../language/operation.ts'
import { Buffer } from '../../language/web/buffer.ts'

/**
 * A value as PostgreSQL reads it, whatever type it is to have: numbers and booleans as text, dates in UTC, bytes as `bytea`, a list as an array, any
 * other object as JSON; nothing is NULL. (A list for a column of JSON is to be JSON already: `JSON.stringify(list)`.)
 */
export const boundValue = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  if (isThenable(value)) throw badValue('a promise: wait for it before, in an fn')
  if (Array.isArray(value)) return `{${value.map(element).join()}}`
  if (value instanceof Date) return dateText(value)
  if (value instanceof ArrayBuffer) return bytesText(new Uint8Array(value))
  if (ArrayBuffer.isView(value)) return bytesText(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  return JSON.stringify(value)
}

const element = (value: unknown): string => {
  const text = boundValue(value)
  if (text === null) return 'NULL'
  return Array.isArray(value) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

const dateText = (date: Date): string => {
  if (!Number.isNaN(date.getTime())) return date.toISOString()
  throw badValue('a date that is none')
}

const bytesText = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`

const badValue = (what: string): AdaptorError => new AdaptorError('BAD_VALUE', `A value for PostgreSQL is ${what}`)
