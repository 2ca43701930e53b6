import { AdaptorError } from '../language/http/failure.ts'
import { asRecord } from '../language/http/options.ts'
import { basicAuth } from '../language/http/send.ts'
import type { State } from '../language/operation.ts'

/** The first of the names that the credential has a text for. */
export const textIn = (state: State, ...names: readonly string[]): string | undefined => {
  const configuration = asRecord(state['configuration'])
  return names.map((name) => configuration[name]).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined
}

/** What a job lacks to speak to its destination, and how to mend it. */
export const missing = (message: string): AdaptorError => new AdaptorError('CREDENTIAL_INCOMPLETE', message)

/** Basic authentication with the credential's name and password; nothing when it lacks one of them. */
export const basicIn = (state: State): string | undefined => {
  const [username, password] = [textIn(state, 'username'), textIn(state, 'password')]
  return username === undefined || password === undefined ? undefined : basicAuth(username, password)
}
