import { expect, test } from 'vitest'
import { urlOf } from '../../../../../../processors/runner/language/http/address.ts'
import { AdaptorError } from '../../../../../../processors/runner/language/http/failure.ts'
import { Request } from '../../../../../../processors/runner/language/web/request.ts'
import { redactor } from '../../../../../../processors/runner/redaction.ts'
import { failureOf } from '../../../../../../processors/runner/sandbox/realm/failure.ts'
import { finalState } from '../../../../../../processors/runner/sandbox/realm/final-state.ts'
import { openLog } from '../../../../../../processors/runner/sandbox/realm/log.ts'

const secret = 'S3cret/with "quotes" & more, 45 characters+++'
const redact = redactor([secret])

/** A text that is cut after 30 characters of the secret in it. */
const upTo = (limit: number): string => `${'x'.repeat(limit - 30)}${secret}${'y'.repeat(limit)}`

const printed = (text: string): string => {
  const log = openLog(1_080, true)
  log.console.log(text)
  return log.take()[0]?.message ?? ''
}

const storedOf = (state: object): string => {
  const final = finalState(state)
  return final.kind === 'nothing' ? '' : final.json
}

const thrown = (action: () => unknown): string => {
  try {
    return String(action())
  } catch (error) {
    return (error as Error).message
  }
}

const bodyOf = (text: string): unknown => new AdaptorError('HTTP_500', 'no', { body: text }).details

test.each<[string, 'text' | 'json', string]>([
  ['a message', 'text', failureOf(new Error(upTo(10_000)), []).message],
  ['details', 'json', JSON.stringify(failureOf({ details: upTo(64_000) }, []).details)],
  ['the body of an answer', 'json', JSON.stringify(bodyOf(upTo(4_000)))],
  ['the body of an answer as it is logged', 'text', JSON.stringify(bodyOf(upTo(4_000)))],
  ['an address that is none', 'text', thrown(() => new Request(upTo(200)))],
  ['an address of http that is none', 'text', thrown(() => urlOf(`http:// ${upTo(192)}`, undefined))],
  ['a log', 'text', printed(upTo(1_000))],
  ['a state', 'json', storedOf({ a: upTo(64_000), b: 'z'.repeat(10_000_000) })],
])('where %s is cut, nothing of a secret is to be read', (_what, as, cut) => {
  expect(cut.includes(secret.slice(0, 7))).toBe(true)
  expect(redact(cut, as).includes(secret.slice(0, 7))).toBe(false)
})
