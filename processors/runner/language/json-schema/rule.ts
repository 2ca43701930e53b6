/** One thing that is wrong with a value, in the shape that ajv, which OpenFn uses, gives it. */
export type SchemaError = Readonly<{
  /** JSON Pointer to the part that is wrong; the whole value is the empty text. */
  instancePath: string
  /** Where in the schema the rule stands that says so. */
  schemaPath: string
  keyword: string
  params: Readonly<Record<string, unknown>>
  message: string
  /** The key that is wrong itself. */
  propertyName?: string
}>

export type Schema = Readonly<Record<string, unknown>>

/** A value under a schema, as a rule of the schema sees it. */
export type Visit = Readonly<{
  schema: Schema
  value: unknown
  /** Keys of the object, or places of the list, that some rule has spoken of. */
  seen: Set<string>
  /** What another schema, which stands at `where` below this one, says about this value, or about another. */
  check(schema: unknown, where: string, of?: Part): Verdict
}>

/** A value to look at instead: a part of the one at hand, at `key`, or one of its keys. */
export type Part = Readonly<{ value: unknown; key?: string }>

export type Verdict = Readonly<{ errors: readonly SchemaError[]; seen: ReadonlySet<string> }>

/** What breaks a rule; with `errors`, those of schemas below it. */
export type Breach = Readonly<{
  params?: Readonly<Record<string, unknown>>
  message?: string
  errors?: readonly SchemaError[]
}>

/** Says what breaks a keyword's rule, which is its value in the schema; nothing if it is kept, or says nothing of such a value. */
export type Rule = (rule: never, visit: Visit) => Breach | undefined

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** JSON Pointer's way to write a key (RFC 6901). */
export const pointerOf = (key: string): string => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** The same within a URL. */
export const fragmentOf = (key: string): string => `/${encodeURIComponent(pointerOf(key).slice(1))}`
