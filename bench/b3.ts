import { matcherOf } from '../processors/filter/matcher.ts'
import { type Body, openBody } from '../processors/filter/read-body.ts'
import { events, filters, projectWith } from './b3-events.ts'
import { type Conditions, cellOf, median, type Result } from './result.ts'

/** B3: what filters cost, from 10 to 100,000 of them, on the same 1 KB events; side by side in one process, without a log. */
export async function b3({ short, rounds }: Conditions): Promise<Result> {
  const rows = counts.map((count) => ({ count, matcher: matcherOf(projectWith(filters(count))) }))
  const cells = rows.flatMap(({ count, matcher }) =>
    shares.map((percent) => ({ count, percent, matcher, bodies: events(6_400, { filters: count, percent }) })),
  )
  const parsed = new Map<string, number[]>()
  const parsing = new Map<string, number[]>()
  for (let round = -1; round < Math.max(3, rounds); round++) {
    for (const { count, percent, matcher, bodies } of cells) {
      const match = (body: Body) => matcher.match(anywhere, body)
      const rate = matchingRate(bodies, { match, passes: short ? 3 : 10 })
      const both = percent === 1 ? cpuRate(bodies, { act: (body) => match(open(body)), passes: short ? 3 : 20 }) : 0
      if (round < 0) continue // only to warm up
      keep(parsed, { name: nameOf(count, percent), figure: rate })
      keep(parsing, { name: nameOf(count, percent), figure: both })
    }
  }
  const of = (figures: ReadonlyMap<string, readonly number[]>, count: number) => figures.get(nameOf(count, 1)) ?? []
  const ratio = (figures: ReadonlyMap<string, readonly number[]>, count: number) =>
    cellOf(
      of(figures, count).map((rate, round) => rate / (of(figures, 10)[round] ?? Number.NaN)),
      '×',
    )
  const thousands = (rates: readonly number[]): string => `${Math.round(median(rates) / 1_000)},000`
  return {
    id: 'B3',
    conditions: `1 KB events of 40 fields and two lists; each has the values of one filter, and meets it or lacks one thing; ${of(parsed, 10).length} rounds. Parsed: median of batches of 64, just parsed. With parsing: per CPU-second of the process, garbage collection included`,
    cells: {
      '10,000 filters to 10': ratio(parsing, 10_000),
      '100,000 filters to 10': ratio(parsing, 100_000),
      '10,000 filters to 10, parsed': ratio(parsed, 10_000),
      '100,000 filters to 10, parsed': ratio(parsed, 100_000),
      'parsed events, 1 % match': cellOf(of(parsed, 10_000), '/s'),
      'with parsing, 1 % match': cellOf(of(parsing, 10_000), '/CPU-s'),
    },
    notes: {
      ...Object.fromEntries(
        shares.map((percent) => [
          `Parsed events/s with ${counts.join(', ')} filters, ${percent} % match`,
          counts.map((count) => thousands(parsed.get(nameOf(count, percent)) ?? [])).join(', '),
        ]),
      ),
      'With parsing, 1 % match': counts.map((count) => thousands(of(parsing, count))).join(', '),
    },
  }
}

const counts = [10, 100, 1_000, 10_000, 100_000]
const shares = [0, 1, 5, 50]
const nameOf = (count: number, percent: number): string => `${count} filters, ${percent} %`

const keep = (all: Map<string, number[]>, { name, figure }: Readonly<{ name: string; figure: number }>): void =>
  void all.set(name, [...(all.get(name) ?? []), figure])

const anywhere = { source: 'inbox' }
const open = (body: Buffer): Body => openBody({ contentType: 'application/json', body })

/** Events a second. They come as they do from a parser: just made, and never seen before. */
const matchingRate = (
  bodies: readonly Buffer[],
  { match, passes }: Readonly<{ match(body: Body): unknown; passes: number }>,
): number => {
  const took: number[] = []
  for (let pass = 0; pass < passes; pass++) {
    for (let at = 0; at < bodies.length; at += batch) {
      const opened = bodies.slice(at, at + batch).map(open)
      const began = performance.now()
      for (const body of opened) match(body)
      took.push(performance.now() - began)
    }
  }
  return (1_000 * batch) / median(took)
}

const batch = 64

/** Calls per CPU-second of all threads. */
const cpuRate = (
  bodies: readonly Buffer[],
  { act, passes }: Readonly<{ act(body: Buffer): unknown; passes: number }>,
): number => {
  const before = process.cpuUsage()
  for (let pass = 0; pass < passes; pass++) for (const body of bodies) act(body)
  const { user, system } = process.cpuUsage(before)
  return (1e6 * passes * bodies.length) / (user + system)
}
