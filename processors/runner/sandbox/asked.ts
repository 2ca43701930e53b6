import type { HttpFailure } from '../egress/http-call.ts'
import type { AnswerCall } from './child-process.ts'

/**
 * Answers as `answer` does, but a call that is no JSON, which no sound realm makes, is the failure `INVALID_CALL` for its run: an error about
 * it would quote what a job had written. Whatever else `answer` throws is thrown on.
 */
export const asked =
  (answer: AnswerCall): AnswerCall =>
  async (call, signal) => {
    try {
      return await answer(call, signal)
    } catch (error) {
      if (isJson(call.text)) throw error
      return JSON.stringify({ error: notJson })
    }
  }

const notJson: HttpFailure = { code: 'INVALID_CALL', message: 'A request must leave its realm as JSON' }

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
