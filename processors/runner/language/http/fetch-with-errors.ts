import { resolved } from '../functions/resolve.ts'
import type { RunHost } from '../host.ts'
import type { Operation } from '../operation.ts'
import { callPlainly, callWithCredential } from './calls.ts'
import { asRecord } from './options.ts'
import type { Response } from './send.ts'

/**
 * `fetchWithErrors({ getEndpoint, query, externalId, postUrl })` of the first http adaptor: gets something with the credential and posts the
 * answer, or why there is none, to `postUrl` as `{ response, externalId }`. Only the post can fail. What was got is `response.body`.
 */
export const fetchWithErrorsOf =
  (host: RunHost): ((params: unknown) => Operation) =>
  (params) =>
  async (state) => {
    const { getEndpoint, query, externalId, postUrl } = asRecord(resolved(state, params))
    const got = await callWithCredential(
      host,
      { method: 'GET', path: getEndpoint, options: { query, errors: false } },
      { state, oldStyle: true },
    ).catch((error: Error) => error)
    const response = got instanceof Error ? { error: { ...got, message: got.message } } : asRequestSaw(got)
    await callPlainly(host, { method: 'POST', path: postUrl, options: { body: { response, externalId } } })
    return { ...state, response: { body: got instanceof Error ? undefined : got.body } }
  }

/** The parts of an answer that its receivers know, by the names that they had. */
const asRequestSaw = ({ statusCode, headers, body }: Response): Readonly<Record<string, unknown>> => ({
  ...{ statusCode, headers, body },
})
