import { composeNextState } from '../functions/references.ts'
import { resolved } from '../functions/resolve.ts'
import type { Operation } from '../operation.ts'
import { after } from '../operation.ts'
import { asRecord } from './options.ts'
import { type Xml, xmlToJson } from './xml.ts'

/**
 * `parseXML(text, xml => …)`: reads XML and makes of it what the function gives: JSON text is parsed, an object is taken as it is, anything else
 * becomes `{ body }`. Without a function `data` is the XML as JSON (`xmlToJson`). The text may be a function of state; an answer's `body` or
 * `data` is found by itself.
 */
export const parseXML =
  (body: unknown, script?: (xml: Xml) => unknown): Operation =>
  (state) => {
    const given = resolved(state, body)
    const text = typeof given === 'string' ? given : (asRecord(given)['body'] ?? asRecord(given)['data'])
    if (typeof text !== 'string')
      throw new TypeError('parseXML takes XML as text, or a function of state that gives it')
    const xml = xmlToJson(text)
    if (!script) return composeNextState(state, xml)
    return after(script(xml), (made) => composeNextState(state, dataOf(made)))
  }

const dataOf = (made: unknown): unknown => {
  if (typeof made === 'object' && made !== null) return made
  try {
    return JSON.parse(String(made))
  } catch {
    return { body: made }
  }
}
