import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaErrors } from '../../../../../processors/runner/language/json-schema/validate.ts'

const theirs = (schema: object, value: unknown, Draft: typeof Ajv | typeof Ajv2020 = Ajv): unknown => {
  const validate = ajvOf(Draft).compile(schema)
  return validate(value) ? [] : validate.errors
}

const made = new Map<unknown, Ajv>()
const ajvOf = (Draft: typeof Ajv | typeof Ajv2020): Ajv => {
  const ajv = made.get(Draft) ?? formats.default(new Draft({ strict: false, logger: false }))
  made.set(Draft, ajv as Ajv)
  return ajv as Ajv
}

const text = { type: 'string' }
/** Not written in place: nothing else should have a key `then`. */
const thenB = Object.fromEntries([['then', { required: ['b'] }]])
const cases: readonly (readonly [schema: object, ...values: unknown[]])[] = [
  [{ type: 'integer' }, 1, 1.5, '1', null],
  [{ type: ['string', 'null'] }, null, 'a', 1],
  [{ type: 'object' }, {}, [], null],
  [{ type: 'array' }, [], {}],
  [{ maximum: 3, minimum: 1 }, 0, 1, 3, 4, 'a'],
  [{ exclusiveMaximum: 3, exclusiveMinimum: 1 }, 1, 2, 3],
  [{ multipleOf: 0.5 }, 4.5, 4.25, 'a'],
  [{ maxLength: 2, minLength: 1 }, '', 'ab', '😀😀', 'abc'],
  [{ pattern: '^a+$' }, 'aa', 'b'],
  [{ enum: [1, 'a', { b: [1] }] }, 1, { b: [1] }, 2, { b: [2] }],
  [{ const: null }, null, 0],
  [{ maxItems: 2, minItems: 1 }, [], [1], [1, 2, 3]],
  [{ uniqueItems: true }, [1, 2], [1, 2, 1], [{ a: 1 }, { a: 1 }]],
  [{ maxProperties: 1, minProperties: 1 }, {}, { a: 1 }, { a: 1, b: 2 }],
  [{ required: ['a', 'b'] }, { a: 1, b: 2 }, { a: 1 }, {}],
  [{ properties: { a: text, b: { properties: { c: text } } } }, { a: 1 }, { b: { c: 1 } }, { a: 'x', b: 1 }],
  [
    { properties: { a: text }, patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
    { a: '' },
    { x1: 1 },
    { x1: '' },
    { y: 1 },
  ],
  [{ additionalProperties: text }, { a: '' }, { a: 1 }],
  [{ propertyNames: { maxLength: 1 } }, { a: 1 }, { ab: 1 }],
  [{ dependencies: { a: ['b'], c: { required: ['d'] } } }, {}, { a: 1 }, { a: 1, b: 1 }, { c: 1 }, { c: 1, d: 1 }],
  [{ items: text }, ['a'], ['a', 1]],
  [{ items: [text, { type: 'number' }], additionalItems: false }, ['a', 1], ['a'], [1], ['a', 1, 2]],
  [{ contains: text }, ['a', 1], [1], []],
  [{ not: text }, 1, 'a'],
  [{ anyOf: [text, { type: 'number', minimum: 3 }] }, 'a', 3, 1, null],
  [{ oneOf: [{ minimum: 2 }, { maximum: 4 }] }, 1, 3, 5],
  [{ oneOf: [text, { type: 'null' }] }, 1],
  [{ allOf: [text, { maxLength: 1 }] }, 'a', 'ab', 1],
  [{ if: { required: ['a'] }, ...thenB, else: { required: ['c'] } }, { a: 1 }, { a: 1, b: 1 }, {}, { c: 1 }],
  [{ properties: { a: false } }, {}, { a: 1 }],
  [{ definitions: { t: text }, properties: { a: { $ref: '#/definitions/t' } } }, { a: 'x' }, { a: 1 }],
  [
    { properties: { next: { $ref: '#' }, n: { type: 'number' } } },
    { next: { next: { n: 1 } } },
    { next: { next: { n: 'x' } } },
  ],
  [{ required: ['a'], anyOf: [{ required: ['b'] }] }, {}, { b: 1 }],
  [{ properties: { 'a/b~c': text } }, { 'a/b~c': 1 }],
  ...['date', 'time', 'date-time', 'email', 'uri', 'uuid', 'ipv4'].map(
    (format) =>
      [
        { format },
        ...['2026-02-28', '2026-02-30', '12:00:00Z', '25:00:00Z', '2026-11-21T09:00:00Z', '2026-11-21', 'a@b.co'],
        ...[
          'a@b@c',
          'https://a.b/c',
          'a b',
          '0e37df36-f698-11e6-8dd4-cb9ced3df976',
          '10.0.0.1',
          '10.0.0.256',
          '1.2.3',
          5,
        ],
      ] as const,
  ),
]

const newer: typeof cases = [
  [{ prefixItems: [text], items: { type: 'number' } }, ['a', 1], ['a', 'b'], [1]],
  [{ prefixItems: [text], items: false }, ['a'], ['a', 1]],
  [{ contains: text, minContains: 2, maxContains: 3 }, ['a'], ['a', 'b'], ['a', 'b', 'c', 'd']],
  [{ dependentRequired: { a: ['b', 'c'] } }, { a: 1 }, { a: 1, b: 1, c: 1 }],
  [{ dependentSchemas: { a: { required: ['b'] } } }, { a: 1 }, { a: 1, b: 1 }],
  [{ allOf: [{ properties: { a: text } }], unevaluatedProperties: false }, { a: 'x' }, { a: 'x', b: 1 }],
  [
    {
      anyOf: [{ properties: { a: text }, required: ['a'] }, { properties: { b: text } }],
      unevaluatedProperties: false,
    },
    { a: '', b: '' },
    { b: 1 },
  ],
  [
    { $ref: '#/$defs/a', $defs: { a: { properties: { a: text } } }, unevaluatedProperties: false },
    { a: 'x' },
    { b: 1 },
  ],
  [{ prefixItems: [text], unevaluatedItems: false }, ['a'], ['a', 'b']],
  [{ $defs: { t: { $anchor: 'word', type: 'string' } }, properties: { a: { $ref: '#word' } } }, { a: 'x' }, { a: 1 }],
]

describe('a JSON Schema says of a value what ajv says', () => {
  test.each(cases)('%j', (schema, ...values) => {
    for (const value of values) expect(schemaErrors(schema, value)).toEqual(theirs(schema as object, value))
  })

  test.each(newer)('in draft 2020-12: %j', (schema, ...values) => {
    for (const value of values) expect(schemaErrors(schema, value)).toEqual(theirs(schema as object, value, Ajv2020))
  })

  test('whether any value keeps any schema', () => {
    const name = fc.constantFrom('a', 'b')
    const scalar = fc.constantFrom<unknown>(null, true, 0, 1, 2.5, '', 'a', 'ab')
    const of = (inner: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
      fc.oneof(
        scalar,
        fc.array(inner, { maxLength: 3 }),
        fc.dictionary(name, inner, { maxKeys: 2, noNullPrototype: true }),
      )
    const plain = {
      type: fc.constantFrom('string', 'number', 'integer', 'object', 'array', 'null', 'boolean'),
      minimum: fc.constant(1),
      maxLength: fc.constant(1),
      enum: fc.constant([0, 'a', null, {}]),
      required: fc.constant(['a']),
      maxItems: fc.constant(1),
      uniqueItems: fc.constant(true),
    }
    const onlyPlain: fc.Arbitrary<object> = fc.record(plain, { requiredKeys: [] })
    const above = (inner: fc.Arbitrary<object>): fc.Arbitrary<object> => {
      const several = fc.array(inner, { minLength: 1, maxLength: 2 })
      const other = {
        properties: fc.dictionary(name, inner, { maxKeys: 2, noNullPrototype: true }),
        additionalProperties: fc.oneof(fc.boolean(), inner),
        ...{ items: inner, not: inner, anyOf: several, allOf: several, oneOf: several },
      }
      const some = (keys: object): fc.Arbitrary<object> => fc.record(keys as never, { requiredKeys: [] })
      const one = fc.constantFrom(...Object.entries(other)).chain(([key, rule]) => some({ [key]: rule }))
      return fc.tuple(onlyPlain, one, one).map((parts) => Object.assign({}, ...parts))
    }
    const schema = fc.oneof(onlyPlain, above(onlyPlain), above(above(onlyPlain)))
    const value = fc.oneof(scalar, of(scalar), of(of(scalar)))
    fc.assert(
      fc.property(schema, value, (one, of) => {
        expect(schemaErrors(one, of).length === 0).toBe((theirs(one, of) as unknown[]).length === 0)
      }),
      { numRuns: 100 },
    )
  })
})

test('decimal fractions are multiples where they look like ones', () => {
  expect(schemaErrors({ multipleOf: 0.01 }, 4.35)).toEqual([]) // ajv says it is none
  expect(schemaErrors({ multipleOf: 0.01 }, 4.355)).toHaveLength(1)
})

test('a schema is left as it was', () => {
  const schema = Object.freeze({ $id: 'https://a.b/c', properties: Object.freeze({ a: text }) })
  expect(schemaErrors(schema, { a: 1 })).toHaveLength(1)
})

test.each<[string, unknown]>([
  ['The JSON Schema has no schema at #/properties/a: it must be an object, true or false', { properties: { a: 5 } }],
  ['The JSON Schema refers to https://a.b/c, which is not in it', { properties: { a: { $ref: 'https://a.b/c' } } }],
  ['The JSON Schema refers to #/$defs/no, and there is nothing', { properties: { a: { $ref: '#/$defs/no' } } }],
  ['The JSON Schema refers to itself without end at #', { $ref: '#' }],
])('%s', (message, schema) => {
  expect(() => schemaErrors(schema, { a: 1 })).toThrow(message)
})
