import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { Type } from 'typebox'
import { problem, type Reply, type RequestHead, type Route } from '../../topology/http.ts'
import { type Answers, refusal } from '../../topology/http-answers.ts'

/** `/docs`: the API to read and to try out. The viewer is Swagger UI, and all of it comes from here: nobody else is asked for anything. */
export const docsRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/docs',
    access: 'open',
    summary: 'The API as a page, to read and to try out',
    answers: answersOf('The page', 'text/html'),
    bodyLimit: 0,
    handle: (request) => send(own('page.html'), request),
  },
  {
    method: 'GET',
    path: '/docs/:file',
    access: 'open',
    summary: 'What the page is made of',
    answers: {
      ...answersOf('The file', 'text/css', 'text/javascript', 'image/svg+xml'),
      404: refusal('The page has no such file.'),
    },
    bodyLimit: 0,
    handle: (request) => {
      const file = files.get(request.params['file'] ?? '')
      return file === undefined
        ? problem(404, 'Not Found', `There are ${[...files.keys()].join(', ')}.`)
        : send(file, request)
    },
  },
]

function answersOf(description: string, ...mediaTypes: readonly string[]): Answers {
  const headers = { etag: Type.String(), 'cache-control': Type.String() }
  return {
    200: {
      description,
      headers: { ...headers, 'content-security-policy': Type.String() },
      content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, Type.String()])),
    },
    304: { description: 'It is still what `If-None-Match` names', headers },
  }
}

const own = (name: string): string => join(import.meta.dirname, 'docs', name)
const viewer = (name: string): string => createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)

const files: ReadonlyMap<string, string> = new Map([
  ['start.js', own('start.js')],
  ['page.css', own('page.css')],
  ['icon.svg', own('icon.svg')],
  ['swagger-ui.css', viewer('swagger-ui.css')],
  ['swagger-ui-bundle.js', viewer('swagger-ui-bundle.js')],
])

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** The file, or word that the browser has it already: it asks each time, so a new release is seen at once. */
const send = async (path: string, { headers }: RequestHead): Promise<Reply> => {
  const body = await readFile(path)
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  const always = { etag, 'cache-control': 'no-cache' }
  if (headers['if-none-match']?.includes(etag)) return { status: 304, headers: always }
  const contentType = contentTypes[extname(path)] ?? ''
  return { status: 200, headers: { ...always, 'content-type': contentType, 'content-security-policy': policy }, body }
}

// The viewer keeps small pictures in its style sheet.
const policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
