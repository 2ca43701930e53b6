import type { HttpAnswer, HttpCall, HttpFailure } from '../../egress/http-call.ts'
import type { SqlAnswer, SqlCall } from '../../egress/postgresql/sql-call.ts'

/** What one run has asked of the world and not heard of yet. A run that is over asks nothing more, and hears nothing. */
export type Calls = Readonly<{
  http(call: HttpCall): Promise<HttpAnswer>
  sql(call: SqlCall): Promise<SqlAnswer>
  /** `text`: the JSON of the answer, or of a failure as `{ error }`. */
  answer(number: number, text: string): void
  end(): void
}>

/**
 * `ask` is told each request, as JSON, with its number in the run (from 1); the same run asks in the same order, each time it is done. What a job
 * asks for and does not wait for stays here, in the job's own memory, until what it asked for before has been answered.
 */
export const openCalls = (ask: (number: number, text: string) => void): Calls => {
  const open = new Map<number, Asked>()
  const waiting = new Map<number, string>()
  let last = 0
  let out = 0
  let length = 0
  let over = false

  const leave = (): void => {
    for (const [number, text] of waiting) {
      if (out > 0 && (out === mostOut || length + text.length > longestOut)) return
      waiting.delete(number)
      out++
      length += text.length
      ask(number, text)
    }
  }

  /** `room`: so many characters may it still be longer. */
  const made = <Answer>(call: HttpCall | SqlCall, room: number): Promise<Answer> => {
    const asked = Promise.withResolvers<unknown>()
    if (over) return asked.promise as Promise<Answer> // nobody waits for it
    const text = room < 0 ? '' : JSON.stringify(call)
    if (room < 0 || text.length > longest) return Promise.reject(failed(tooLarge))
    open.set(++last, { ...asked, length: text.length })
    waiting.set(last, text)
    leave()
    return asked.promise as Promise<Answer>
  }

  return {
    http: (call) => made(call, longestBody[call.encoding] - (call.body?.length ?? 0)),
    sql: (call) => {
      const { text, values } = call
      return made(
        call,
        values.reduce((room, value) => room - (value?.length ?? 0), longestBody.utf8 - text.length),
      )
    },
    answer: (number, text) => {
      const asked = open.get(number)
      if (!asked) return
      open.delete(number)
      out--
      length -= asked.length
      const answer = JSON.parse(text) as object | Readonly<{ error: HttpFailure }>
      if ('error' in answer) asked.reject(failed(answer.error))
      else asked.resolve(answer)
      leave()
    },
    end: () => {
      over = true
      open.clear()
      waiting.clear()
    },
  }
}

type Asked = PromiseWithResolvers<unknown> & Readonly<{ length: number }>

/** Requests of a run that the world has in hand: twice as many as the egress makes at once, and no more of them than this many characters. */
const mostOut = 32
const longestOut = 20_000_000

/** Characters of a body that no server will get, for it has more than 10 MB for certain: known before anything is made of it. */
const longestBody = { utf8: 10_000_000, base64: 13_400_000 } as const

/** Characters of a request as JSON: enough for such a body, whatever is in it. */
const longest = 64_000_000

const tooLarge: HttpFailure = { code: 'REQUEST_TOO_LARGE', message: 'The body of a request is far too large' }

/** All that is known of a failure is stored with the error. */
const failed = ({ message, ...facts }: HttpFailure): Error => {
  const name = { value: 'AdaptorError', configurable: true, writable: true }
  return Object.assign(Object.defineProperty(new Error(message), 'name', name), facts)
}
