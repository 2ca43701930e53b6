import { type Penstock, startPenstock, until } from '../test/fixtures/penstock.ts'

/** The first ten jobs of the project are asked for by ten kinds of message; the others wait. */
export const busyJobs = 10

/** What the busy jobs are sent: 1 KB, one message for each. */
export const bodies: readonly string[] = Array.from({ length: busyJobs }, (_, n) =>
  JSON.stringify({ kind: `k${n}`, n, filler: 'x'.repeat(980) }),
)

const source = '018f2b1c-0000-7000-8000-00000000be05'
/** Where the messages go. */
export const inbox = `/inbox/${source}`

/** A project of so many jobs, each with a filter and code of its own. */
export const projectOf = (jobs: number): object => {
  const names = Array.from({ length: jobs }, (_, n) => n)
  return {
    name: 'many',
    sources: { inbox: { type: 'webhook', id: source } },
    triggers: Object.fromEntries(names.map((n) => [`t${n}`, { type: 'message', filter: { kind: `k${n}` } }])),
    jobs: Object.fromEntries(
      names.map((n) => [
        `job-${n}`,
        { trigger: `t${n}`, concurrency: 64, expression: `fn(state => ({ n: state.data.n + ${n} }))` },
      ]),
    ),
  }
}

/** How long a deploy took, in milliseconds: until it was answered, and until the runner had every job's topic. */
export type Deployed = Readonly<{ answered: number; consumed: number }>

/** A whole Penstock with so many jobs. */
export async function startWithJobs(jobs: number): Promise<Penstock & Readonly<{ deployed: Deployed }>> {
  await using opening = new AsyncDisposableStack()
  const penstock = opening.use(await startPenstock({ env: { LOG_LEVEL: 'warn' } }))
  const deployed = await deploy(penstock, jobs)
  opening.move()
  return { ...penstock, deployed }
}

/** Deploys the project with so many jobs, over one with fewer. */
export async function deploy(penstock: Penstock, jobs: number): Promise<Deployed> {
  const startedAt = performance.now()
  const answer = await penstock.api('/api/projects/many', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(projectOf(jobs)),
  })
  if (!answer.ok) throw new Error(`the project was refused: ${await answer.text()}`)
  const answered = performance.now() - startedAt
  await untilConsumed(penstock, jobs)
  return { answered, consumed: performance.now() - startedAt }
}

/** Waits until the runner has the topics of so many jobs; each has one partition here. */
export const untilConsumed = ({ url }: Penstock, jobs: number): Promise<boolean> =>
  until(
    async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      return Number(/^penstock_consumer_partitions\{group="runner"\} (\d+)/m.exec(text)?.[1] ?? 0) >= jobs
    },
    'the runner has every job’s topic',
    600_000,
  )
