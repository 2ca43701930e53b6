import type { Json } from '../words/json.ts'
import { maxProblems, moreProblems, type Path, type Problem, pathText } from './problems.ts'
import { readJson } from './read-json.ts'
import { readYaml } from './read-yaml.ts'
import { offsetOf, type Place, placesIn } from './reading.ts'

/** A project document whose text could be read: its data with exact numbers, and where each part of it stands. */
export type Document = Readonly<{
  value: Json
  /** The place of the value at the path (of its key, where it has one), or of the nearest thing above it that is there. */
  placeOf(path: Path): Place
}>

/** The largest document, in bytes. With its ids filled in it still fits into one record of `definitions`. */
export const maxDocument = 10_000_000

/** YAML takes much longer to read than JSON, and nothing else is done meanwhile. */
export const maxYaml = 4_000_000

export const tooLarge = `The document is larger than ${maxDocument} bytes: split the project.`
const tooLargeYaml = `The document is larger than ${maxYaml} bytes: send it as JSON, or split the project.`

/**
 * Reads a project document. YAML is 1.2 with its core schema (so `yes` and dates are text), one document, without tags of others and merge keys.
 * Keys that come twice are problems in both formats. Numbers are exact (`words/json.ts`).
 */
export const parseDocument = (
  text: string,
  format: 'json' | 'yaml',
): Readonly<{ document: Document }> | Readonly<{ problems: readonly Problem[] }> => {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxDocument) return { problems: [{ path: '', message: tooLarge }] }
  if (format === 'yaml' && bytes > maxYaml) return { problems: [{ path: '', message: tooLargeYaml }] }
  const placeAt = placesIn(text)
  const reading = format === 'json' ? readJson(text) : readYaml(text)
  const { value, flaws } = reading
  if (flaws.length === 0) return { document: { value, placeOf: (path) => placeAt(offsetOf(reading, path)) } }
  const told = flaws.slice(0, maxProblems).map(({ offset, path, message }): Problem => {
    const { line, column } = placeAt(offset)
    return { path: pathText(path), message, line, column }
  })
  return { problems: [...told, ...moreProblems(flaws.length - told.length)] }
}
