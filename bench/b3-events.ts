import type { Project, Trigger } from '../topology/project/project.ts'
import type { Json } from '../topology/words/json.ts'
import { event } from './event.ts'

/** Filters as people write them, each with a value that no other has: on a field, on three fields, on an item of a list, on items of a list of texts. */
const filterOf = (n: number): Json => {
  switch (n % 4) {
    case 0:
      return { form: { id: `form-${n}` } }
    case 1:
      return { form: { language: 'sw' }, location: { facility: `facility-${n}`, zone: 'north' } }
    case 2:
      return { medications: [{ code: `drug-${n}`, refill: true }] }
    default:
      return { tags: ['north', `tag-${n}`] }
  }
}

/** A 1 KB event that meets filter `n`, or nearly: then it lacks one thing that the filter asks for, and has the rest. */
export const eventOf = (n: number, meets: boolean): Json => {
  switch (n % 4) {
    case 0:
      return { ...event, form: { ...event.form, id: meets ? `form-${n}` : `other-${n}` } }
    case 1:
      return { ...event, location: { ...event.location, facility: `facility-${n}`, zone: meets ? 'north' : 'south' } }
    case 2: {
      const [first, ...others] = event.medications
      return { ...event, medications: [{ ...first, code: `drug-${n}`, refill: meets }, ...others] }
    }
    default:
      return { ...event, tags: [...event.tags.slice(0, 3), `tag-${n}`, meets ? 'north' : 'south'] }
  }
}

/** A project of message triggers alone: what jobs there are costs only where something matches. */
export const projectWith = (filters: readonly Json[]): Project => {
  const triggers = filters.map((filter, n): [string, Trigger] => {
    const name = `trigger-${n}`
    return [name, { kind: 'message', name, filter, sources: null }]
  })
  return {
    name: 'bench',
    description: '',
    sources: new Map(),
    triggers: new Map(triggers),
    jobs: new Map(),
    egress: { allow: [], allowPrivate: false },
    limits: { loopLimit: 100 },
  }
}

export const filters = (count: number): readonly Json[] => Array.from({ length: count }, (_, n) => filterOf(n))

/** Events as bytes, spread over all filters; of a hundred, `percent` match one filter, and the others miss one by one thing. */
export const events = (
  count: number,
  { filters, percent }: Readonly<{ filters: number; percent: number }>,
): readonly Buffer[] =>
  Array.from({ length: count }, (_, at) => {
    const n = (at * 7_919) % filters
    return Buffer.from(JSON.stringify(eventOf(n, (at * 37) % 100 < percent)))
  })
