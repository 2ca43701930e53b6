import { Blob } from '../web/blob.ts'
import { contentOf } from '../web/body.ts'
import { FormData } from '../web/form-data.ts'
import { URLSearchParams } from '../web/url.ts'

/** Names as the job wrote them; a list is sent as several headers of that name. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

type Written = Readonly<{ data: string | Uint8Array | null; headers: Headers }>

/**
 * The body as it is sent, and the headers with its Content-Type. Text and bytes go as they are; forms and blobs say themselves what they are;
 * all else is JSON. A Content-Type of the job's stands, but for a multipart form, whose type names its boundary.
 */
export const writtenBody = ({
  body,
  headers,
  contentType,
}: Readonly<{ body: unknown; headers: Headers; contentType: string | null }>): Written => {
  if (body === undefined || body === null || body === '') return { data: null, headers: typed(headers, contentType) }
  if (typeof body === 'string') return { data: body, headers: typed(headers, contentType) }
  if (body instanceof FormData || body instanceof URLSearchParams || body instanceof Blob || isBytes(body)) {
    const content = contentOf(body)
    const type = content?.type ?? contentType
    const own = body instanceof FormData ? without(headers, 'content-type') : headers
    return { data: content?.data ?? null, headers: typed(own, type) }
  }
  return { data: JSON.stringify(body), headers: typed(headers, contentType ?? 'application/json') }
}

/** An object as a multipart form: what is null or undefined is left out, files stay files, objects become JSON. */
export const formOf = (data: unknown): FormData => {
  if (data instanceof FormData) return data
  const form = new FormData()
  for (const [name, value] of Object.entries(data ?? {})) {
    if (value === null || value === undefined) continue
    form.append(name, value instanceof Blob || typeof value !== 'object' ? value : JSON.stringify(value))
  }
  return form
}

export const headerIn = (headers: Headers, wanted: string): Headers[string] | undefined =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1]

export const withHeader = (headers: Headers, name: string, value: string): Headers => ({ ...headers, [name]: value })

const without = (headers: Headers, unwanted: string): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== unwanted))

const typed = (headers: Headers, type: string | null): Headers =>
  type === null || headerIn(headers, 'content-type') !== undefined ? headers : withHeader(headers, 'Content-Type', type)

const isBytes = (body: unknown): boolean => ArrayBuffer.isView(body) || body instanceof ArrayBuffer
