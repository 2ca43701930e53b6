import { matcherOf } from '../processors/filter/matcher.ts'
import { openBody } from '../processors/filter/read-body.ts'
import { jsonSet } from '../test/fixtures/json-pairs.ts'
import { openPostgres } from '../test/fixtures/postgres.ts'
import { parseExact } from '../topology/words/json.ts'
import { projectWith } from './b3-events.ts'
import { type Conditions, cellOf, type Result } from './result.ts'

/** B3-oracle: the index against PostgreSQL itself, on over a million generated pairs of a body and a filter; other ones than in the tests. */
export async function b3Oracle({ short }: Conditions): Promise<Result> {
  await using postgres = await openPostgres()
  const size = { bodies: 120, filters: 200 }
  const sets = short ? 5 : 42
  let [mismatches, matching] = [0, 0]
  for (let seed = 1_000; seed < 1_000 + sets; seed++) {
    const { bodies, filters } = jsonSet(seed, size)
    const matcher = matcherOf(projectWith(filters.map(parseExact)))
    const answers = await postgres.containsEach(bodies, filters)
    for (const [at, body] of bodies.entries()) {
      const message = openBody({ contentType: 'application/json', body: Buffer.from(body) })
      const ours = new Set(matcher.match({ source: null }, message).triggers)
      const theirs = new Set(answers[at]?.map((n) => `trigger-${n}`))
      mismatches += ours.symmetricDifference(theirs).size
      matching += theirs.size
    }
  }
  const pairs = sets * size.bodies * size.filters
  return {
    id: 'B3-oracle',
    conditions: `${sets} sets of ${size.bodies} bodies, each asked about ${size.filters} filters at once`,
    cells: {
      'mismatches against PostgreSQL': cellOf([mismatches], ''),
      pairs: cellOf([pairs], ''),
      'pairs that match': cellOf([(100 * matching) / pairs], '%'),
    },
  }
}
