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

/** The end of the log is what tells why, so the lines that fit are counted from there. */
const logText = (log: readonly LogLine[]): string => {
  const kept: string[] = []
  let room = maxLogBytes
  for (const { message } of log.toReversed()) {
    const bytes = Buffer.from(message)
    if (bytes.length > room) {
      kept.push(tail(bytes, room))
      break
    }
    kept.push(message)
    room -= bytes.length + 1
  }
  return kept.reverse().join('\n')
}

const maxLogBytes = 64_000

/** The last bytes of a text, from the start of a character on. */
const tail = (bytes: Buffer, room: number): string => {
  let from = bytes.length - Math.max(room, 0)
  while (((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return bytes.toString('utf8', from)
}
