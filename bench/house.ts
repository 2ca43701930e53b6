import autocannon from 'autocannon'
import { type Penstock, startPenstock, until } from '../test/fixtures/penstock.ts'

/** A whole Penstock with one job `n + 1`, as B1 wants it. */
export const startWithJob = (options: Parameters<typeof startPenstock>[0] = {}): Promise<Penstock> =>
  startWithProject(project, options)

/** A whole Penstock with the project `bench`, given as its document. */
export async function startWithProject(
  document: object,
  options: Parameters<typeof startPenstock>[0] = {},
): Promise<Penstock> {
  await using opening = new AsyncDisposableStack()
  const penstock = opening.use(await startPenstock({ ...options, env: { LOG_LEVEL: 'warn', ...options.env } }))
  const answer = await penstock.api('/api/projects/bench', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  })
  if (!answer.ok) throw new Error(`the project was refused: ${await answer.text()}`)
  opening.move()
  return penstock
}

/** `bodies`: what is sent, in turn, instead of the message. */
export type Load = Readonly<{ connections: number; seconds: number; bodies?: readonly string[] }>

/** Posts from so many connections, and gives how many were taken. Throws when one was not. */
export async function post(url: string, { connections, seconds, bodies = [message] }: Load): Promise<number> {
  const { non2xx, errors, ...result } = await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    requests: bodies.map((body) => ({ body })),
    connections,
    duration: seconds,
  })
  if (non2xx + errors > 0) throw new Error(`${non2xx} answers were not 2xx, ${errors} requests had none`)
  return result['2xx']
}

/** As `post`, through the whole house: ends when every message has its run, and history shows it. */
export async function load(penstock: Penstock, wanted: Load): Promise<number> {
  const messages = await post(`${penstock.url}${inbox}`, wanted)
  await untilAllRan(penstock)
  return messages
}

export const untilAllRan = (penstock: Penstock): Promise<boolean> =>
  until(async () => {
    const [row] = await sql<{ messages: string; ended: string }>(
      penstock,
      `SELECT (SELECT count() FROM penstock.messages) AS messages, (SELECT countIf(status = 'success') FROM penstock.runs) AS ended`,
    )
    return row !== undefined && row.messages === row.ended
  }, 'every message has its run')

export const sql = async <Row>(penstock: Penstock, query: string): Promise<readonly Row[]> => {
  const answer = await penstock.sql(`${query} FORMAT JSON`)
  if (!answer.ok) throw new Error(await answer.text())
  return ((await answer.json()) as { data: Row[] }).data
}

const source = '018f2b1c-0000-7000-8000-00000000be0c'
/** Where the house takes the message. */
export const inbox = `/inbox/${source}`

/** 1 KB of JSON, nearly all of it one text: it parses several times quicker than an event of many fields. */
export const message = JSON.stringify({ kind: 'bench', n: 1, filler: 'x'.repeat(980) })

export const project = {
  name: 'bench',
  sources: { inbox: { type: 'webhook', id: source } },
  triggers: { all: { type: 'message', filter: { kind: 'bench' } } },
  jobs: { increment: { trigger: 'all', concurrency: 64, expression: 'fn(state => ({ n: state.data.n + 1 }))' } },
}
