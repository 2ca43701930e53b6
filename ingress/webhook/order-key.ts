import { JSONPath } from 'jsonpath-plus'
import type { RequestHead } from '../../topology/http.ts'
import type { OrderKey } from '../../topology/project/project.ts'
import type { Json } from '../../topology/words/json.ts'
import { headerText } from './headers.ts'

/** What a message's order key is looked for in. */
export type Keyed = Readonly<{ headers: RequestHead['headers']; body: Json }>

/** The order key of a message, or undefined when it brings none: then it is ordered with no other. Containers and null are no keys. */
export const orderKeyOf = (key: OrderKey | null, { headers, body }: Keyed): string | undefined => {
  switch (key?.kind) {
    case undefined:
      return undefined
    case 'header':
      return keyText(headerText(headers[key.name.toLowerCase()] ?? ''))
    case 'path':
      return keyText(hitOf(key.jsonPath, body))
    default:
      return key satisfies never
  }
}

const hitOf = (path: string, body: Json): string => {
  try {
    const hits: unknown = JSONPath({ path, json: body as object, eval: false, wrap: true })
    const first: unknown = Array.isArray(hits) ? hits[0] : undefined
    return typeof first === 'object' || first === undefined ? '' : String(first)
  } catch {
    return '' // a path that would need code is not followed
  }
}

/** A cut key keeps the order: it only makes more messages wait for each other. */
const keyText = (text: string): string | undefined => text.slice(0, 512).toWellFormed() || undefined
