import { isUtf8 } from 'node:buffer'
import { problem, type Reply, type Request } from '../../topology/http.ts'

export type DocumentText = Readonly<
  { kind: 'text'; text: string; format: 'json' | 'yaml' } | { kind: 'refused'; reply: Reply }
>

/** The text of a project document and what it is written in, by its content type. */
export const documentText = ({ body, headers }: Request): DocumentText => {
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const format = formats.get(mediaType)
  if (format === undefined) {
    const detail = `It is taken as one of ${[...formats.keys()].join(', ')}, not as ${JSON.stringify(mediaType)}.`
    return { kind: 'refused', reply: problem(415, 'Unsupported Media Type', detail) }
  }
  if (isUtf8(body)) return { kind: 'text', text: body.toString('utf8'), format }
  return { kind: 'refused', reply: problem(400, 'Bad Request', 'The document is not UTF-8.') }
}

/** The media type in which a caller wants a document: the first of `Accept` that is one of `documentTypes`, by preference; else JSON. */
export const wantedType = ({ headers }: Pick<Request, 'headers'>): string => {
  const ranges = (headers['accept'] ?? '').toLowerCase().split(',')
  const wanted = ranges.map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    return { type, weight: Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1) }
  })
  const known = wanted.filter(({ type, weight }) => formats.has(type) && weight > 0)
  return known.toSorted((a, b) => b.weight - a.weight)[0]?.type ?? 'application/json'
}

const formats: ReadonlyMap<string, 'json' | 'yaml'> = new Map([
  ['application/json', 'json'],
  ['application/yaml', 'yaml'],
  ['application/x-yaml', 'yaml'],
  ['text/yaml', 'yaml'],
  ['text/x-yaml', 'yaml'],
])

/** What a project document may be sent as. */
export const documentTypes: readonly string[] = [...formats.keys()]
