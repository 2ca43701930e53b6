import type { Finished } from '../../topology/wire/runs.ts'
import { isJsonObject, type Json, type JsonObject } from '../../topology/words/json.ts'
import type { LogLine } from '../../topology/words/run.ts'

/** The initial state of a job that follows a success: the final state, without its `configuration` (`semantics.md` 5). */
export const flowState = (final: Json): string =>
  JSON.stringify(isJsonObject(final) ? withoutConfiguration(final) : final)

/**
 * The initial state of a job that follows a failure: what the failed run had been given, and `error` with message, type and the log's text.
 * A state that is no object becomes `data` of one, so that there is room for the error.
 */
export const failState = ({ input, error, status, log }: Finished): string =>
  JSON.stringify({
    ...(isJsonObject(input) ? withoutConfiguration(input) : { data: input }),
    error: { message: error?.message ?? `the run ended as ${status}`, type: error?.name ?? status, log: logText(log) },
  })

const withoutConfiguration = ({ configuration: _, ...rest }: JsonObject): JsonObject => rest

/** Of a log that is too long the end is kept, from the start of a character on: it is the end that tells why. */
const logText = (log: readonly LogLine[]): string => {
  const bytes = Buffer.from(log.map(({ message }) => message).join('\n'))
  let from = Math.max(0, bytes.length - maxLogBytes)
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return bytes.toString('utf8', from)
}

const maxLogBytes = 64_000
