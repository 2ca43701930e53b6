import { Blob, bytesOf, concat, File } from './blob.ts'

type Field = string | File
type Entry = readonly [name: string, value: Field]

/** The fields of a form, as the XMLHttpRequest Standard has them. */
export class FormData {
  #entries: Entry[] = []

  append(name: string, value: unknown, filename?: string): void {
    this.#entries.push([String(name), fieldOf(value, filename)])
  }

  set(name: string, value: unknown, filename?: string): void {
    const at = this.#entries.findIndex(([own]) => own === name)
    const entry: Entry = [String(name), fieldOf(value, filename)]
    if (at < 0) this.#entries.push(entry)
    else this.#entries = this.#entries.flatMap((old, place) => (place === at ? [entry] : old[0] === name ? [] : [old]))
  }

  get(name: string): Field | null {
    return this.#entries.find(([own]) => own === name)?.[1] ?? null
  }

  getAll(name: string): Field[] {
    return this.#entries.filter(([own]) => own === name).map(([, value]) => value)
  }

  has(name: string): boolean {
    return this.#entries.some(([own]) => own === name)
  }

  delete(name: string): void {
    this.#entries = this.#entries.filter(([own]) => own !== name)
  }

  forEach(action: (value: Field, name: string, form: FormData) => void): void {
    for (const [name, value] of this.#entries) action(value, name, this)
  }

  *entries(): Generator<Entry> {
    yield* this.#entries
  }

  *keys(): Generator<string> {
    for (const [name] of this.#entries) yield name
  }

  *values(): Generator<Field> {
    for (const [, value] of this.#entries) yield value
  }

  [Symbol.iterator](): Generator<Entry> {
    return this.entries()
  }
}

const fieldOf = (value: unknown, filename: string | undefined): Field => {
  if (!(value instanceof Blob)) return String(value)
  if (value instanceof File && filename === undefined) return value
  return new File([value], filename ?? 'blob', { type: value.type })
}

/** The form as `multipart/form-data` (RFC 7578). The boundary is the first of a row that occurs in no field. */
export const multipart = (form: FormData): Readonly<{ bytes: Uint8Array<ArrayBuffer>; type: string }> => {
  const entries = [...form]
  const parts = entries.map(([, value]) => bytesOf(value))
  let number = 0
  while (parts.some((part) => holds(part, boundary(number)))) number++
  const edge = boundary(number)
  const lines = entries.flatMap(([name, value], at) => [
    bytesOf(`--${edge}\r\n${headOf(name, value)}\r\n\r\n`),
    parts[at] ?? new Uint8Array(),
    bytesOf('\r\n'),
  ])
  return { bytes: concat([...lines, bytesOf(`--${edge}--\r\n`)]), type: `multipart/form-data; boundary=${edge}` }
}

const boundary = (number: number): string => `----penstock-form-${number}`

const headOf = (name: string, value: Field): string => {
  const field = `Content-Disposition: form-data; name="${quoted(name)}"`
  if (typeof value === 'string') return field
  return `${field}; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || 'application/octet-stream'}`
}

const quoted = (text: string): string => text.replace(/\r?\n|\r|"/g, (sign) => (sign === '"' ? '%22' : '%0D%0A'))

const holds = (bytes: Uint8Array, text: string): boolean => {
  const first = text.charCodeAt(0)
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let same = 1
    while (same < text.length && bytes[at + same] === text.charCodeAt(same)) same++
    if (same === text.length) return true
  }
  return false
}
