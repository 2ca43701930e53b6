import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../../topology/flow/ports.ts'
import type { Route } from '../../topology/http.ts'
import { newMessageId, runIdOf } from '../../topology/words/ids.ts'
import { openDatabase } from '../fixtures/database.ts'
import { type Doors, openDoors } from '../fixtures/doors.ts'

/** What somebody may send in place of a name: each would change a question into whose text it came. */
const hostile: readonly string[] = [
  `'`,
  '"`',
  '\\',
  `\\'`,
  `' OR 1=1 --`,
  `x') OR (1=1`,
  'OR 1=1',
  '; DROP TABLE message_rows',
  '/* all */ # --',
  '{source:String}',
  '%',
  '\\N',
  'a\0b\t\r\n\b',
  '患者😀e\u0301',
  ' x ',
  `${'x'.repeat(8_000)}'`,
]

/** More of which such texts are put together. */
const pieces = [
  '_',
  '*',
  'NULL',
  '\v',
  '[1,2]',
  '\u202e',
  'ﬀ',
  ' AND ',
  ' OR ',
  'project',
  '=',
  'theirs',
  '(',
  ')',
  '1e400',
]

/** Parameters that do not mean that something equals them: a place in a list, words to be found. */
const notEqual = new Set(['after', 'text'])

let store: Store
let doors: Doors
let lists: readonly Route[]
let things: readonly Route[]
beforeAll(async () => {
  store = await openDatabase()
  doors = await openDoors({ store })
  for (const project of ['mine', 'theirs']) {
    await doors.deploy({ name: project })
    await fill(project)
  }
  const questions = doors.routes.filter(
    ({ method, path }) => method === 'GET' && path.startsWith('/api/projects/:project/'),
  )
  lists = questions.filter(({ query }) => query !== undefined)
  things = questions.filter(({ path }) => path.includes('/:id'))
})
afterAll(async () => {
  await doors?.[Symbol.asyncDispose]()
  await store?.[Symbol.asyncDispose]()
})

/** For each hostile text one row of each kind that holds it wherever a row has text, and a mark that every answer shows. */
const fill = async (project: string): Promise<void> => {
  const received_at = new Date(Date.now() - 60_000).toISOString().slice(0, 23)
  const rows = hostile.map((text, at) => {
    const message = newMessageId()
    const run = runIdOf({ message, job: text, parent: null, replay: '' })
    const mark = `row-${at}-${project}`
    const times = { queued_at: received_at, started_at: received_at, finished_at: received_at }
    return {
      message: {
        id: message,
        project,
        kind: 'message',
        source: text,
        received_at,
        key: text,
        body: mark,
        body_encoding: 'utf8',
        version: '1',
      },
      match: { message_id: message, trigger: text, job: text, run_id: run, project, matched_at: received_at },
      run: {
        id: run,
        project,
        job: text,
        message_id: message,
        key: text,
        trigger: text,
        status: 'failed',
        error_message: mark,
        ...times,
        version: '1',
      },
      letter: {
        id: message,
        buried_at: received_at,
        project,
        stage: text,
        reason: text,
        detail: mark,
        value_encoding: 'utf8',
        version: '1',
      },
    }
  })
  const tables = { message_rows: 'message', match_rows: 'match', run_rows: 'run', dead_letter_rows: 'letter' } as const
  for (const [table, kind] of Object.entries(tables)) {
    await store.insert(
      table,
      rows.map((row) => row[kind]),
      `${project}/${table}`,
    )
  }
}

type Parameter = Readonly<{ type?: string; pattern?: string; format?: string; enum?: unknown; anyOf?: unknown }>
type Schema = Readonly<{ properties: Readonly<Record<string, Parameter>> }>

const parametersOf = ({ query }: Route): readonly (readonly [name: string, takesAnyText: boolean])[] =>
  Object.entries((query as unknown as Schema).properties).map(
    ([name, { type, pattern, format, enum: words, anyOf }]) => [
      name,
      type === 'string' && pattern === undefined && format === undefined && words === undefined && anyOf === undefined,
    ],
  )

type Answer = Readonly<{ status: number; marks: readonly string[] }>

const ask = async ({ path }: Route, parameters: Readonly<Record<string, string>>): Promise<Answer> => {
  const answer = await doors.api(`${path.replace(':project', 'mine')}?${new URLSearchParams(parameters)}`)
  const text = await answer.text()
  return { status: answer.status, marks: [...text.matchAll(/row-\d+-\w+/g)].map(([mark]) => mark) }
}

/** What is wrong with an answer to one parameter; undefined when all is well. */
const complaint = async (route: Route, name: string, text: string): Promise<string | undefined> => {
  const { status, marks } = await ask(route, { [name]: text })
  const said = `${route.path}?${name}=${JSON.stringify(text.slice(0, 60))}: ${status}, ${marks}`
  if (status !== 200) return status === 400 ? undefined : said
  if (marks.some((mark) => mark.endsWith('theirs'))) return said
  if (notEqual.has(name)) return undefined
  const at = hostile.indexOf(text)
  return marks.join() === (at < 0 ? '' : `row-${at}-mine`) ? undefined : said
}

describe('whatever text a parameter of a list holds', { timeout: 180_000 }, () => {
  test('the lists are found by themselves, and show all of a project', async () => {
    const paths = lists.map(({ path }) => path.split('/').at(-1))
    expect(paths).toEqual(expect.arrayContaining(['messages', 'runs', 'dead-letters']))
    for (const route of lists) {
      const { status, marks } = await ask(route, {})
      expect([route.path, status, marks.toSorted()]).toEqual([
        route.path,
        200,
        hostile.map((_, at) => `row-${at}-mine`).toSorted(),
      ])
    }
  })

  test('only rows that are equal to it come, and never those of another project', async () => {
    const wrong: (string | undefined)[] = []
    let free = 0
    for (const route of lists) {
      for (const [name] of parametersOf(route).filter(([, takesAnyText]) => takesAnyText)) {
        free++
        wrong.push(...(await Promise.all(hostile.map((text) => complaint(route, name, text)))))
      }
    }
    expect(wrong.filter((what) => what !== undefined)).toEqual([])
    expect(free).toBeGreaterThanOrEqual(12)
  })

  test('a parameter that takes only certain texts says so with 400', async () => {
    const taken: string[] = []
    for (const route of lists) {
      for (const [name] of parametersOf(route).filter(([, takesAnyText]) => !takesAnyText)) {
        for (const text of hostile) {
          const { status } = await ask(route, { [name]: text })
          if (status !== 400) taken.push(`${route.path}?${name}=${text}: ${status}`)
        }
      }
    }
    expect(taken).toEqual([])
  })

  test('nor does any text that nobody thought of change a question', async () => {
    const free = lists.flatMap((route) =>
      parametersOf(route)
        .filter(([, any]) => any)
        .map(([name]) => ({ route, name })),
    )
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      fc
        .array(fc.constantFrom(...hostile.slice(0, -1), ...pieces), {
          minLength: 1,
          maxLength: 6,
        })
        .map((parts) => parts.join('')),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...free), anyText, async ({ route, name }, text) => {
        expect(await complaint(route, name, text.toWellFormed())).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('a place that was made by hand shows no more than a page may', async () => {
    for (const route of lists.filter(({ query }) => 'after' in (query as unknown as Schema).properties)) {
      for (const text of hostile) {
        const after = Buffer.from(JSON.stringify([new Date().toISOString(), text])).toString('base64url')
        const { status, marks } = await ask(route, { after, limit: '1000' })
        expect([200, 400]).toContain(status)
        expect(marks.filter((mark) => mark.endsWith('theirs'))).toEqual([])
      }
    }
  })
})

test('a project or an id of any text is not found, or refused', async () => {
  const paths = hostile
    .map(encodeURIComponent)
    .flatMap((text) => [
      ...lists.map(({ path }) => path.replace(':project', text)),
      ...things.map(({ path }) => path.replace(':project', 'mine').replace(':id', text)),
    ])
  const odd: string[] = []
  for (const path of paths) {
    const answer = await doors.api(path)
    if (![400, 404, 414, 431].includes(answer.status) || /row-\d/.test(await answer.text()))
      odd.push(`${path}: ${answer.status}`)
  }
  expect(odd).toEqual([])
})
