import { type BodyText, shortestMarked, textsOf } from '../../../topology/project/credential-schema.ts'
import type { CredentialContent } from '../../../topology/words/credential.ts'

/** Shorter ones are words that texts hold by chance, unless somebody says that they are secret. */
const shortestUnmarked = 8

/**
 * The secret strings of a credential: those that its schema marks (`writeOnly`, `format: password`). What no schema speaks of, or one that marks
 * nothing, is secret unless its name says that it is not: names of users, hosts, addresses (semantics.md 6). Of an address that holds a
 * password, that is.
 */
export const secretsOf = (content: CredentialContent): readonly string[] => [
  ...new Set(
    textsOf(content).flatMap((one) => {
      const shortest = one.by === 'marked' ? shortestMarked : shortestUnmarked
      return secretsIn(one).filter((secret) => secret.length >= shortest)
    }),
  ),
]

const secretsIn = ({ name, text, by }: BodyText): readonly string[] =>
  by === 'open' || (by === 'unsaid' && openName.test(name)) ? passwordIn(text) : [text]

const openName =
  /^(user|user_?name|login|e_?mail|host|host_?name|database|db|port|(.*[a-z0-9])?(Url|URL|_url)|url|uri)$/i

const passwordIn = (value: string): readonly string[] => {
  const password = URL.canParse(value) ? new URL(value).password : ''
  return password === '' ? [] : [password, decoded(password)]
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
