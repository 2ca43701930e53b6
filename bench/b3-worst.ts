import { matcherOf } from '../processors/filter/matcher.ts'
import { openBody } from '../processors/filter/read-body.ts'
import { type Json, parseExact } from '../topology/words/json.ts'
import { projectWith } from './b3-events.ts'
import { event } from './event.ts'
import { type Cell, type Conditions, cellOf, type Result } from './result.ts'

/** B3-worst: one message at a time, against filters and with bodies that somebody chose to be slow. Reading the body is not counted. */
export async function b3Worst(_conditions: Conditions): Promise<Result> {
  const cells: Record<string, Cell> = {}
  for (const { name, filters, body } of cases()) {
    const matcher = matcherOf(projectWith(filters))
    const bytes = Buffer.from(body)
    const took = Array.from({ length: 5 }, () => {
      const opened = openBody({ contentType: 'application/json', body: bytes })
      const began = performance.now()
      matcher.match({ source: null }, opened)
      return performance.now() - began
    })
    cells[name] = cellOf(took, 'ms')
  }
  return {
    id: 'B3-worst',
    conditions: 'Milliseconds for one message, of 5; 10,000 filters where no number is given',
    cells,
  }
}

type Case = Readonly<{ name: string; filters: readonly Json[]; body: string }>

const cases = (): readonly Case[] => [
  { name: 'all match: subsets of 14 facts, 1 KB', filters: many(subset), body: JSON.stringify({ ...event, ...facts }) },
  { name: 'all share one fact, 1 KB', filters: many((n) => ({ kind: 'bench', id: `id ${n}` })), body: small },
  { name: '10,000 different paths, 1 KB', filters: many((n) => ({ [`field ${n}`]: 1 })), body: small },
  {
    name: 'pairs of 100 × 100 values, 1 KB',
    filters: many((n) => ({ n: n % 100, location: { facility: Math.floor(n / 100) } })),
    body: JSON.stringify({ ...event, n: 7, location: { facility: 7 } }),
  },
  { name: '10 MB of items, pairs of 100 × 100 on an item', filters: many(itemFilter), body: items },
  {
    name: '10 MB of items that each have 100 × 100 pairs',
    filters: many((n) => [{ xs: [n % 100], ys: [Math.floor(n / 100)], z: 1 }]),
    body: list(JSON.stringify({ xs: hundred, ys: hundred, z: 2 })),
  },
  {
    name: '10 MB of lists, 499 deep',
    filters: many((n) => nested(String(n % 490), 499 - (n % 490))),
    body: list('['.repeat(498) + ']'.repeat(498)),
  },
  { name: '10 MB of keys, 10,000 different paths', filters: many((n) => ({ [`field ${n}`]: 1 })), body: keys },
  {
    name: '1 MB of 1e0, read again exactly for a filter on a number',
    filters: [[1], ['x']],
    body: list('1e0', 990_000),
  },
]

const many = (filter: (n: number) => Json): readonly Json[] => Array.from({ length: 10_000 }, (_, n) => filter(n))

const facts = Object.fromEntries(Array.from({ length: 14 }, (_, n) => [`fact ${n}`, true]))
const subset = (n: number): Json => Object.fromEntries(Object.entries(facts).filter((_, bit) => (n >> bit) & 1))

const itemFilter = (n: number): Json => [{ a: n % 100, b: Math.floor(n / 100), c: true }]
const items = `[${Array.from({ length: 400_000 }, (_, n) => `{"a":${n % 100},"b":${n % 97},"c":false}`).join(',')}]`
const keys = `{${Array.from({ length: 600_000 }, (_, n) => `"key ${n}":1`).join(',')}}`

const small = JSON.stringify(event)
const hundred = Array.from({ length: 100 }, (_, n) => n)

const nested = (text: string, depth: number): Json => parseExact('['.repeat(depth) + text + ']'.repeat(depth))

/** A list of the same item. */
const list = (item: string, bytes = 9_900_000): string =>
  `[${Array.from({ length: bytes / (item.length + 1) }, () => item).join(',')}]`
