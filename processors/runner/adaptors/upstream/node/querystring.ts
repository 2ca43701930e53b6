/** Node's module `querystring`. */
const encoded = (text: unknown): string => encodeURIComponent(String(text))

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Names that come twice give a list. */
export const parse = (text: string, separator = '&', equals = '='): Readonly<Record<string, string | string[]>> => {
  const found = Object.create(null) as Record<string, string | string[]>
  for (const pair of String(text)
    .split(separator)
    .filter((one) => one !== '')) {
    const at = pair.indexOf(equals)
    const [name, value] = (at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + equals.length)]).map((part) =>
      decoded(part.replaceAll('+', ' ')),
    ) as [string, string]
    const before = found[name]
    found[name] = before === undefined ? value : [before, value].flat()
  }
  return found
}

/** Lists give their name once for each value; what is neither text nor a plain value is empty. */
export const stringify = (values: object, separator = '&', equals = '='): string =>
  Object.entries(values ?? {})
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => `${encoded(name)}${equals}${plain(one)}`),
    )
    .join(separator)

const plain = (value: unknown): string =>
  ['string', 'number', 'boolean', 'bigint'].includes(typeof value) ? encoded(value) : ''

export { decoded as unescape, encoded as escape, parse as decode, stringify as encode }
