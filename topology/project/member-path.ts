/**
 * The names and places that a JSONPath leads through, one after another: `$.data['meta id'][0]` gives `data`, `meta id`, `0`. Undefined for all
 * else that a JSONPath may say (RFC 9535): what searches (`..`, `*`, filters) may take as long as a stranger's body likes.
 */
export const memberPathOf = (path: string): readonly string[] | undefined => {
  if (!whole.test(path)) return undefined
  return [...path.matchAll(step)].map(({ groups }) => groups?.['name'] ?? groups?.['index'] ?? groups?.['quoted'] ?? '')
}

/** The value there; undefined for none. */
export const valueAtMembers = (json: unknown, path: readonly string[]): unknown => {
  let value = json
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

const step = /\.(?<name>[^\s.[\]*()?'"@]+)|\[(?<index>\d+)\]|\['(?<quoted>[^'\\]*)'\]/gu
const whole = new RegExp(`^\\$(?:${step.source.replace(/\?<\w+>/g, '?:')})+$`, 'u')
