import { resolved } from '../../language/functions/resolve.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import type { State } from '../../language/operation.ts'

/**
 * A table in a statement: `users`, `public.users`, `"Odd table"."x.y"`. Whatever is written, it comes out as names in quotes, and is nothing but
 * them. A plain word is in lower case, as PostgreSQL itself reads words without quotes.
 */
export const tableIn = (written: string): string => namesIn(written).map(inQuotes).join('.')

/** A column, or another single name: `name`, `"firstName"`. */
export const columnIn = (written: string): string => inQuotes(exactName(written))

/** The names that the name of a table consists of, as the catalogue of the database has them. */
export const namesIn = (written: string): readonly string[] =>
  path.test(written) ? [...written.matchAll(step)].map(([part]) => exactName(part)) : [exactName(written)]

/** A name, or a function of the state that gives one. */
export const nameFrom = (state: State, given: unknown): string => {
  const name = resolved(state, given)
  if (typeof name === 'string') return name
  throw badName(name)
}

const inQuotes = (name: string): string => `"${name.replaceAll('"', '""')}"`

const exactName = (written: string): string => {
  const name = written.trim()
  if (name === '' || name.includes('\0')) throw badName(written)
  if (quoted.test(name)) return name.slice(1, -1).replaceAll('""', '"')
  return word.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name
}

const badName = (name: unknown): AdaptorError =>
  new AdaptorError(
    'BAD_NAME',
    `PostgreSQL knows tables and columns by names such as visits, not ${JSON.stringify(name)}`,
  )

const word = /^[\p{L}_][\p{L}\p{N}_$]*$/u
const quoted = /^"(?:[^"]|"")+"$/
const step = /"(?:[^"]|"")+"|[^".]+/g
const path = /^(?:"(?:[^"]|"")+"|[^".]+)(?:\.(?:"(?:[^"]|"")+"|[^".]+))*$/
