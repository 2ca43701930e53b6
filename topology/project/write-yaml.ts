import { type ScalarTag, stringify } from 'yaml'
import { exactSource, isExactNumber, type Json } from '../words/json.ts'

/** A document as YAML that `readYaml` reads as the same data, numbers with all of their digits. Layout and comments are ours. */
export const writeYaml = (document: Json): string =>
  stringify(document, { customTags: [exactNumber], aliasDuplicateObjects: false, lineWidth: 0 })

/** Written only: numbers are read by `readYaml`. */
const exactNumber: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: isExactNumber,
  resolve: (source) => source,
  stringify: ({ value }) => (isExactNumber(value) ? exactSource(value) : String(value)),
}
