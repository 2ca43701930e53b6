import type { HttpAnswer } from '../../egress/http-call.ts'

/** Headers by their names in lower case; a list where one came more than once. */
export const headersOf = (headers: HttpAnswer['headers']): Readonly<Record<string, string | string[]>> => {
  const all = new Map<string, string | string[]>()
  for (const [given, value] of headers) {
    const name = given.toLowerCase()
    const before = all.get(name)
    all.set(name, before === undefined ? value : [before, value].flat())
  }
  return Object.fromEntries(all)
}
