import { at, type Case, type Common, type State, state } from './case.ts'

const schema = (rule: object): object => ({ properties: { a: rule } })
export const validateCases: readonly Case[] = [
  {
    says: 'validate by names',
    call: ({ validate }) => validate()({ data: { name: 1 }, schema: (state()['data'] as State)['schema'] }),
  },
  {
    says: 'validate what is right',
    call: ({ validate }) => validate()({ data: { name: 'x' }, schema: (state()['data'] as State)['schema'] }),
  },
  { says: 'validate what is missing', call: ({ validate }) => validate({ required: ['x'] })({ data: {} }) },
  {
    says: 'validate by a path',
    call: ({ validate }) => validate('$.data.schema')({ data: { schema: { required: ['x'] } } }),
  },
  {
    says: 'validate by functions',
    call: ({ validate }) => validate(at('s'), at('data'))({ s: { type: 'string' }, data: 5 }),
  },
  {
    says: 'validate adds',
    call: ({ validate }) => validate({ type: 'string' })({ data: 5, validationErrors: ['old'] }),
  },
  {
    says: 'validate another part',
    call: ({ validate }) => validate({ type: 'string' }, '$.other')({ data: 'd', other: 5 }),
    differs: 'C14',
  },
  ...[
    { type: 'string' },
    { minimum: 3 },
    { enum: ['x'] },
    { pattern: '^a' },
    { type: 'array' },
    { const: 1 },
    { maxLength: 0 },
    { not: {} },
  ].map((rule) => ({
    says: `validate by ${JSON.stringify(rule)}`,
    call: ({ validate }: Common) => validate(schema(rule))({ data: { a: rule.minimum ? 1 : 'b' } }),
  })),
  {
    says: 'validate in draft 2020-12',
    call: ({ validate }) =>
      validate({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        prefixItems: [{ type: 'string' }],
      })({ data: [1] }),
  },
  {
    says: 'validate twice',
    call: async ({ validate }) => validate({ type: 'number' })(await validate({ type: 'string' })({ data: true })),
    differs: 'C15',
  },
  { says: 'validate by no schema', call: ({ validate }) => validate()({ data: 1 }) },
  {
    says: 'validate by what refers to nothing',
    call: ({ validate }) => validate({ $ref: '#/definitions/x' })({ data: 1 }),
  },
  {
    says: 'validate a format',
    call: ({ validate }) => validate({ format: 'email' })({ data: 'x' }),
    differs: 'C16',
  },
]
