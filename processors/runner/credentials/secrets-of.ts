import { marksSecret, memberSchemas, schemasAt } from '../../../topology/project/credential-schema.ts'
import type { CredentialContent } from '../../../topology/words/credential.ts'
import { isExactNumber, isJsonArray, type Json, type JsonObject } from '../../../topology/words/json.ts'

/** Shorter ones are words that texts hold by chance. */
const shortest = 8

/**
 * The secret strings of a credential: those that its schema marks (`writeOnly`, `format: password`). What no schema speaks of, or one that marks
 * nothing, is secret unless its name says that it is not: names of users, hosts, addresses (semantics.md 6). Of an address that holds a
 * password, that is.
 */
export const secretsOf = ({ body, schema }: CredentialContent): readonly string[] => {
  const found = new Set<string>()
  const root = schema !== null && marksAny(schema) ? schema : {}
  const take = (value: Json, at: At): void => {
    const marked = at.marked || at.schemas.some(marksSecret)
    if (typeof value === 'string') for (const secret of secretsIn(value, { ...at, marked })) found.add(secret)
    if (typeof value !== 'object' || value === null || isExactNumber(value)) return
    if (isJsonArray(value)) {
      const schemas = memberSchemas(at.schemas, { key: null, root })
      for (const item of value) take(item, { name: at.name, schemas, marked })
    } else
      for (const [name, member] of Object.entries(value))
        take(member, { name, schemas: memberSchemas(at.schemas, { key: name, root }), marked })
  }
  take(body, { name: '', schemas: schema === root ? schemasAt(root, root) : [], marked: false })
  return [...found].filter((secret) => secret.length >= shortest)
}

type At = Readonly<{ name: string; schemas: readonly JsonObject[]; marked: boolean }>

const secretsIn = (value: string, { name, schemas, marked }: At): readonly string[] => {
  if (marked) return [value]
  if (schemas.length > 0 || openName.test(name)) return passwordIn(value)
  return [value]
}

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

const marksAny = (schema: Json): boolean => {
  if (typeof schema !== 'object' || schema === null || isExactNumber(schema)) return false
  if (isJsonArray(schema)) return schema.some(marksAny)
  return marksSecret(schema) || Object.values(schema).some(marksAny)
}
