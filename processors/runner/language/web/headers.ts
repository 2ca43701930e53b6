/** Headers as the Fetch Standard has them: names in small letters and in order, values of one name joined, cookies kept apart. */
export class Headers {
  readonly #entries = new Map<string, string[]>()

  constructor(init?: HeadersLike | null) {
    for (const [name, value] of pairsOf(init)) this.append(name, value)
  }

  append(name: string, value: unknown): void {
    const [key, text] = [nameOf(name), textOf(value)]
    this.#entries.set(key, [...(this.#entries.get(key) ?? []), text])
  }

  set(name: string, value: unknown): void {
    this.#entries.set(nameOf(name), [textOf(value)])
  }

  get(name: string): string | null {
    return this.#entries.get(nameOf(name))?.join(', ') ?? null
  }

  getSetCookie(): string[] {
    return [...(this.#entries.get('set-cookie') ?? [])]
  }

  has(name: string): boolean {
    return this.#entries.has(nameOf(name))
  }

  delete(name: string): void {
    this.#entries.delete(nameOf(name))
  }

  forEach(action: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) action(value, name, this)
  }

  *entries(): Generator<[name: string, value: string]> {
    for (const name of [...this.#entries.keys()].sort()) {
      const values = this.#entries.get(name) ?? []
      if (name === 'set-cookie') for (const value of values) yield [name, value]
      else yield [name, values.join(', ')]
    }
  }

  *keys(): Generator<string> {
    for (const [name] of this) yield name
  }

  *values(): Generator<string> {
    for (const [, value] of this) yield value
  }

  [Symbol.iterator](): Generator<[name: string, value: string]> {
    return this.entries()
  }
}

export type HeadersLike = Headers | Iterable<readonly [string, unknown]> | Readonly<Record<string, unknown>>

const pairsOf = (init: HeadersLike | null | undefined): Iterable<readonly [string, unknown]> => {
  if (init === undefined || init === null) return []
  if (typeof init !== 'object') throw new TypeError('Headers takes an object, a list of pairs, or Headers')
  return Symbol.iterator in init ? (init as Iterable<readonly [string, unknown]>) : Object.entries(init)
}

const nameOf = (name: unknown): string => {
  const text = String(name)
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text)) throw new TypeError(`"${text}" is no name of a header`)
  return text.toLowerCase()
}

const textOf = (value: unknown): string => {
  const text = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '')
  if (/[\0\r\n]|[^\0-\xff]/.test(text)) throw new TypeError('A header holds line breaks, or characters beyond U+00FF')
  return text
}
