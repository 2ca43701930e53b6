import type { JsonObject } from '../../../topology/words/json.ts'

/** What a job sees of a credential as `state.configuration`: addresses without a slash at their end, and no empty texts (semantics.md 6). */
export const configurationOf = (body: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [
        key,
        addresses.has(key) && typeof value === 'string' ? value.replace(/\/+$/, '') : value,
      ]),
  )

const addresses = new Set(['instanceUrl', 'host', 'hostUrl', 'apiUrl', 'baseUrl'])
