import type { JsonObject } from '../../topology/words/json.ts'

/** Collects schemas that have a `$id`: where they are used, a reference stands instead. */
export const collectComponents = (): Readonly<{ place(schema: object): JsonObject; schemas(): JsonObject }> => {
  const schemas = new Map<string, JsonObject>()
  const place = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(place)
    if (typeof value !== 'object' || value === null) return value
    const { $id: id, ...rest } = value as { $id?: unknown }
    const placed = (): JsonObject =>
      Object.fromEntries(
        Object.entries(rest).map(([key, part]) => [key, verbatim.has(key) ? part : place(part)]),
      ) as JsonObject
    if (typeof id !== 'string') return placed()
    if (!schemas.has(id)) schemas.set(id, placed())
    return { $ref: `#/components/schemas/${id}` }
  }
  return {
    place: (schema) => place(schema) as JsonObject,
    schemas: () => Object.fromEntries([...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Data, in which a key `$id` would be only that. */
const verbatim = new Set(['examples', 'default', 'const', 'enum'])
