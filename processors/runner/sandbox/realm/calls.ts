import type { HttpAnswer, HttpCall, HttpFailure } from '../../egress/http-call.ts'

/** What one run has asked of the world and not heard of yet. A run that is over asks nothing more, and hears nothing. */
export type Calls = Readonly<{
  http(call: HttpCall): Promise<HttpAnswer>
  /** `text`: the JSON of the answer, or of a failure as `{ error }`. */
  answer(number: number, text: string): void
  end(): void
}>

/** `ask` is told each request, as JSON, with its number in the run (from 1); the same run asks in the same order, each time it is done. */
export const openCalls = (ask: (number: number, text: string) => void): Calls => {
  const open = new Map<number, PromiseWithResolvers<HttpAnswer>>()
  let last = 0
  let over = false

  return {
    http: (call) => {
      const asked = Promise.withResolvers<HttpAnswer>()
      if (over) return asked.promise // nobody waits for it
      const text = JSON.stringify(call)
      open.set(++last, asked)
      ask(last, text)
      return asked.promise
    },
    answer: (number, text) => {
      const asked = open.get(number)
      open.delete(number)
      const answer = JSON.parse(text) as HttpAnswer | Readonly<{ error: HttpFailure }>
      if ('error' in answer) asked?.reject(failed(answer.error))
      else asked?.resolve(answer)
    },
    end: () => {
      over = true
      open.clear()
    },
  }
}

const failed = ({ code, message }: HttpFailure): Error =>
  Object.defineProperties(new Error(message), {
    name: { value: 'AdaptorError', configurable: true, writable: true },
    code: { value: code, enumerable: true, configurable: true, writable: true },
  })
