import { type Breach, isObject, type Rule } from './rule.ts'

/** The rules that look at a value alone, in the order in which they are asked. */
export const scalarRules: Readonly<Record<string, Rule>> = {
  type: (types: string | readonly string[], { value, schema }) => {
    const allowed = [types].flat()
    if (allowed.some((type) => isOfType(type, value)) || (schema['nullable'] === true && value === null)) return
    return { params: { type: types }, message: `must be ${allowed.join()}` }
  },
  maximum: limit('<=', (value, most) => value <= most),
  minimum: limit('>=', (value, least) => value >= least),
  exclusiveMaximum: limit('<', (value, most) => value < most),
  exclusiveMinimum: limit('>', (value, least) => value > least),
  multipleOf: (multipleOf: number, { value }) =>
    breach(typeof value === 'number' && !isMultiple(value, multipleOf), {
      params: { multipleOf },
      message: `must be multiple of ${multipleOf}`,
    }),

  maxLength: size('more', (value) => (typeof value === 'string' ? [[...value].length, 'characters'] : undefined)),
  minLength: size('fewer', (value) => (typeof value === 'string' ? [[...value].length, 'characters'] : undefined)),
  pattern: (pattern: string, { value }) =>
    breach(typeof value === 'string' && !new RegExp(pattern, 'u').test(value), {
      params: { pattern },
      message: `must match pattern "${pattern}"`,
    }),
  format: (format: string, { value }) =>
    breach(typeof value === 'string' && Object.hasOwn(formats, format) && !formats[format]?.(value), {
      params: { format },
      message: `must match format "${format}"`,
    }),

  const: (allowedValue: unknown, { value }) =>
    breach(!isSame(value, allowedValue), { params: { allowedValue }, message: 'must be equal to constant' }),
  enum: (allowedValues: readonly unknown[], { value }) =>
    breach(!allowedValues.some((one) => isSame(one, value)), {
      params: { allowedValues },
      message: 'must be equal to one of the allowed values',
    }),
}

/** The rules that look at no more of a list or an object than how it is filled. */
export const containerRules: Readonly<Record<string, Rule>> = {
  maxItems: size('more', (value) => (Array.isArray(value) ? [value.length, 'items'] : undefined)),
  minItems: size('fewer', (value) => (Array.isArray(value) ? [value.length, 'items'] : undefined)),
  uniqueItems: (unique: boolean, { value }) => {
    if (!unique || !Array.isArray(value)) return
    for (let i = value.length - 1; i > 0; i--) {
      const j = value.findLastIndex((one, at) => at < i && isSame(one, value[i]))
      const message = `must NOT have duplicate items (items ## ${j} and ${i} are identical)`
      if (j >= 0) return { params: { i, j }, message }
    }
    return
  },

  maxProperties: size('more', (value) => (isObject(value) ? [Object.keys(value).length, 'properties'] : undefined)),
  minProperties: size('fewer', (value) => (isObject(value) ? [Object.keys(value).length, 'properties'] : undefined)),
  required: (names: readonly string[], { value }) => {
    const missingProperty = isObject(value) ? names.find((name) => !Object.hasOwn(value, name)) : undefined
    return breach(missingProperty !== undefined, {
      params: { missingProperty },
      message: `must have required property '${missingProperty}'`,
    })
  },
  dependentRequired: (needs: Readonly<Record<string, readonly string[]>>, { value }) =>
    Object.entries(needs)
      .map(([property, names]) => lacking(property, { names, value }))
      .find((found) => found !== undefined),
}

/** What is missing beside a property that is there. */
export const lacking = (
  property: string,
  { names, value }: Readonly<{ names: readonly string[]; value: unknown }>,
): Breach | undefined => {
  if (!isObject(value) || !Object.hasOwn(value, property)) return
  const missingProperty = names.find((name) => !Object.hasOwn(value, name))
  const deps = names.join(', ')
  const what = names.length === 1 ? 'property' : 'properties'
  return breach(missingProperty !== undefined, {
    params: { property, missingProperty, depsCount: names.length, deps },
    message: `must have ${what} ${deps} when property ${property} is present`,
  })
}

const breach = (broken: boolean, what: Breach): Breach | undefined => (broken ? what : undefined)

function limit(comparison: string, holds: (value: number, bound: number) => boolean): Rule {
  return (bound: number, { value }) =>
    breach(typeof value === 'number' && !holds(value, bound), {
      params: { comparison, limit: bound },
      message: `must be ${comparison} ${bound}`,
    })
}

function size(
  refused: 'more' | 'fewer',
  measure: (value: unknown) => readonly [size: number, of: string] | undefined,
): Rule {
  return (bound: number, { value }) => {
    const [length, of] = measure(value) ?? []
    if (length === undefined || (refused === 'more' ? length <= bound : length >= bound)) return
    return { params: { limit: bound }, message: `must NOT have ${refused} than ${bound} ${of}` }
  }
}

const isOfType = (type: string, value: unknown): boolean => {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

/** Decimal fractions are no exact doubles, so a quotient that is all but whole counts as whole. */
const isMultiple = (value: number, of: number): boolean => {
  const quotient = value / of
  return Math.abs(quotient - Math.round(quotient)) <= Math.abs(quotient) * 2 * Number.EPSILON
}

/** Whether two JSON values say the same; the order of keys does not count. */
const isSame = (one: unknown, other: unknown): boolean => {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, at) => isSame(item, other[at]))
  if (!isObject(one) || !isObject(other)) return one === other
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  )
}

const date = /^\d{4}-\d\d-\d\d$/
const time = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):?[0-5]\d)$/i

/** Whether the day is there: JavaScript would take the 30th of February for the 1st of March. */
const isDate = (text: string): boolean => {
  const found = new Date(`${text}T00:00:00Z`)
  return date.test(text) && !Number.isNaN(found.getTime()) && found.toISOString().startsWith(text)
}

/** A format that is not known says nothing. */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: (text) => time.test(text),
  'date-time': (text) => isDate(text.slice(0, 10)) && /^[t\s]$/i.test(text.charAt(10)) && time.test(text.slice(11)),
  email: (text) => /^[^\s@<>"]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/i.test(text),
  uuid: (text) => /^(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text),
  ipv4: (text) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text),
}
