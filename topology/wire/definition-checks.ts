import { Fault } from '../flow/fault.ts'
import { definitionsTopic } from '../topics.ts'
import { isJsonObject, type JsonObject, parseExact } from '../words/json.ts'

/** The JSON object that a record of `definitions` holds. Throws Fault `message-unreadable` when it holds none. */
export const objectOf = (value: string): JsonObject => {
  try {
    const parsed = parseExact(value)
    if (isJsonObject(parsed)) return parsed
  } catch (cause) {
    throw unreadable('not JSON', cause)
  }
  throw unreadable('no JSON object')
}

/** A number that counts things, from 1. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

export const unreadable = (detail: string, cause?: unknown): Fault =>
  new Fault('message-unreadable', `a record of ${definitionsTopic}: ${detail}`, { cause })
