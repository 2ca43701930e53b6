import pg from 'pg'
import type { CallFailure } from '../call-failure.ts'
import { tooLarge } from './messages.ts'
import type { Question } from './session.ts'

export type ResultsOptions = Readonly<{
  question: Question
  /** Of all rows as JSON: a text of line breaks is twice as long there. */
  maxBytes: number
  stop: (why: CallFailure) => void
}>

/**
 * Asks, and gives the JSON of each statement's `SqlResult`, joined by commas. Rows are JSON from the moment that they come, because as objects of
 * ours a million small ones would take many times the memory. Rejects with the driver's error.
 */
export const resultsOf = (client: pg.Client, { question, maxBytes, stop }: ResultsOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    const { text, values } = question
    const rows = new Map<object, Rows>()
    let length = 0
    const config = { text, values: [...values], rowMode: 'array' }
    const query = new pg.Query<readonly (string | null)[], (string | null)[]>(config)
    query.on('row', (row, result) => {
      if (!result) return
      const json = JSON.stringify(row)
      length += json.length + 1
      if (length > maxBytes) return stop(tooLarge(maxBytes))
      const before = rows.get(result) ?? { whole: [], last: [] }
      rows.set(result, before)
      if (before.last.push(json) === 1_000) before.whole.push(before.last.splice(0).join())
    })
    query.on('error', reject)
    query.on('end', (came: Came | readonly Came[]) => {
      const results = Array.isArray(came) ? (came as readonly Came[]) : [came as Came]
      resolve(results.map((result) => resultJson(result, rows.get(result))).join())
    })
    client.query(query)
  })

type Came = Readonly<{
  command: string | null
  rowCount: number | null
  fields: readonly Readonly<{ name: string; dataTypeID: number }>[]
}>

/** JSON of rows; many small texts are made few large ones. */
type Rows = Readonly<{ whole: string[]; last: string[] }>

const resultJson = ({ command, rowCount, fields }: Came, rows: Rows = { whole: [], last: [] }): string => {
  const facts = { command, rowCount, fields: fields.map(({ name, dataTypeID: type }) => ({ name, type })) }
  return `${JSON.stringify(facts).slice(0, -1)},"rows":[${[...rows.whole, ...rows.last].join()}]}`
}
