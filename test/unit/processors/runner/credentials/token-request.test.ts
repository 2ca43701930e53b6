import { expect, test } from 'vitest'
import { tokenIn } from '../../../../../processors/runner/credentials/token-request.ts'
import type { HttpAnswer } from '../../../../../processors/runner/egress/http-call.ts'

const secret = 'SuperSecretClient-0123456789-abcdefghijkl'

test.each([200, 270, 275, 285, 400])(
  'what a server of tokens says after %i characters tells nothing of a secret',
  (before) => {
    const said = { error: 'x'.repeat(before), error_description: `client_secret was ${secret}` }
    const answer: HttpAnswer = {
      ...{ status: 400, statusText: '', headers: [], url: 'https://idp.example/token' },
      ...{ encoding: 'utf8', body: JSON.stringify(said) },
    }
    const token = () => tokenIn(answer, { name: 'idp', body: { client_secret: secret } })
    expect(token).toThrow(/which says: x{200,300}/)
    expect(token).not.toThrow(secret.slice(0, 3))
  },
)
