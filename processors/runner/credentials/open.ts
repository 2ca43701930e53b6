import { randomUUID } from 'node:crypto'
import type { Logger, Secrets } from '../../../topology/flow/ports.ts'
import { unlessAborted } from '../../../topology/flow/stop.ts'
import type { Catalogue } from '../../../topology/project/catalogue.ts'
import type { CredentialOutcome } from '../../../topology/project/fold-credentials.ts'
import { perDeploy } from '../../../topology/project/per-deploy.ts'
import { contentOf, sealed } from '../../../topology/project/sealed-credential.ts'
import type { CredentialChange } from '../../../topology/wire/credentials.ts'
import { type Credential, CredentialError, mayUse } from '../../../topology/words/credential.ts'
import type { JsonObject } from '../../../topology/words/json.ts'
import { configurationOf } from './configuration.ts'
import { chosenBy } from './keychain.ts'
import { secretsOf } from './secrets-of.ts'
import { oauth2Schema } from './token-request.ts'
import { hostOnly, openTokens, type Token, type TokenDeps } from './tokens.ts'

export type CredentialsDeps = Pick<TokenDeps, 'request'> &
  Readonly<{
    catalogue: Pick<Catalogue, 'credentials' | 'caughtUp'>
    secrets: Secrets
    /** Keeps a refresh token that the server of tokens has changed. */
    write(change: CredentialChange, signal: AbortSignal): Promise<CredentialOutcome>
    logger: Logger
    now?: () => number
  }>

/** What a run is given of a credential. The same version gives the same list of secrets each time. */
export type Configuration = Readonly<{ configuration: JsonObject | null; secrets: readonly string[] }>

export type Credentials = Readonly<{
  /**
   * What a job of the project sees as `configuration`, by the name of its credential. `input`: the run's initial state as JSON, which a
   * keychain looks into. Throws `CredentialError`, which says what is wrong without saying what is secret.
   */
  configurationFor(project: string, name: string, input: string): Promise<Configuration>
}>

/** Credentials for runs: opened in memory, tokens asked for and kept. */
export const openCredentials = (deps: CredentialsDeps): Credentials => {
  const { catalogue, secrets, logger } = deps
  const known = (): ReadonlyMap<string, Credential> => catalogue.credentials()
  const opened = perDeploy((credential: Credential) => contentOf(secrets, credential))
  const ofBody = perDeploy((credential: Credential): Configuration => {
    const content = opened(credential)
    return { configuration: configurationOf(content.body), secrets: secretsOf(content) }
  })

  const save: TokenDeps['save'] = async (credential, body) => {
    const { name } = credential
    const version = credential.version + 1
    const becomes = sealed(secrets, { ...credential, version }, { body, schema: null })
    const late = AbortSignal.timeout(saveMs)
    try {
      const outcome = await unlessAborted(deps.write({ name, version, token: randomUUID(), becomes }, late), late)
      if (outcome.kind !== 'accepted')
        logger.warn({ credential: name }, `A new refresh token was not kept: ${outcome.kind}`)
    } catch {
      logger.warn({ credential: name }, 'A new refresh token is not kept yet: the log does not take it')
    }
  }

  const newerOf: TokenDeps['newerOf'] = async (credential) => {
    await catalogue.caughtUp(AbortSignal.timeout(saveMs)).catch(() => {}) // then what is known has to do
    const newest = known().get(credential.name)
    return newest !== undefined && newest.kind === 'oauth2' && newest.version > credential.version ? newest : undefined
  }

  const tokenOf = openTokens({
    request: deps.request,
    bodyOf: (credential) => opened(credential).body,
    save,
    newerOf,
    now: deps.now ?? Date.now,
  })

  const configurationFor: Credentials['configurationFor'] = async (project, name, input) => {
    const named = usable(known().get(name), { project, name })
    const credential =
      named.kind === 'keychain'
        ? chosenBy({ keychain: named, body: opened(named).body, project, input, known: known() })
        : named
    if (credential === null) return none
    return credential.kind === 'oauth2' ? ofToken(await tokenOf(credential, project)) : ofBody(credential)
  }
  return { configurationFor }
}

const none: Configuration = { configuration: null, secrets: [] }

const ofToken = perDeploy(({ body }: Token): Configuration => {
  const shown = Object.fromEntries(Object.entries(body).filter(([key]) => !hostOnly.has(key)))
  return { configuration: configurationOf(shown), secrets: secretsOf({ body, schema: oauth2Schema }) }
})

const usable = (
  credential: Credential | undefined,
  { project, name }: Readonly<{ project: string; name: string }>,
): Credential => {
  if (credential === undefined)
    throw new CredentialError(`There is no credential "${name}": make it, or name another in the job.`)
  if (mayUse(credential, project)) return credential
  throw new CredentialError(
    `The credential "${name}" is not for the project ${project}: its owner can add that to its projects, or name another in the job.`,
  )
}

const saveMs = 15_000
