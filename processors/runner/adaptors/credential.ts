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

/** What a job lacks to speak to its destination, and how to mend it. `takes`: a sentence that says what the credential must hold. */
export const missing = (state: State, takes: string): AdaptorError =>
  new AdaptorError('CREDENTIAL_INCOMPLETE', hasNone(state) ? `${noCredential} ${takes}` : takes)

const hasNone = ({ configuration }: State): boolean => configuration === undefined || configuration === null

const noCredential =
  'This job has no credential: write `credential: <name>` in the job, or run it with `penstock run` and `-c <file>`. If the job does name one, that is a keychain which found none and has no default, or an earlier operation returned a state without `configuration`.'

/** Basic authentication with the credential's name and password; nothing when it lacks one of them. */
export const basicIn = (state: State): string | undefined => {
  const [username, password] = [textIn(state, 'username'), textIn(state, 'password')]
  return username === undefined || password === undefined ? undefined : basicAuth(username, password)
}
