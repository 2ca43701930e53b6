import { type TObject, type TProperties, type TSchema, Type } from 'typebox'

/** What a route takes beside its path and query. Names of headers are in lower case; bodies go by their media type. */
export type Accepts = Readonly<{
  headers?: Readonly<Record<string, TSchema>>
  body?: Readonly<Record<string, TSchema>>
  /** Whether it can do without a body. */
  bodyOptional?: true
}>

/** What a route answers, by status. The refusals that every route has are told by `infra/http`, which gives them. */
export type Answers = Readonly<Record<number, Answer>>

/** `content`: by media type; none for an answer without a body. A header that may be missing is `Type.Optional`. */
export type Answer = Readonly<{
  description: string
  content?: Readonly<Record<string, TSchema>>
  headers?: Readonly<Record<string, TSchema>>
}>

/** An answer in JSON. */
export const jsonAnswer = (description: string, schema: TSchema, more: Pick<Answer, 'headers'> = {}): Answer => ({
  description,
  content: { 'application/json': schema },
  ...more,
})

/** A refusal (RFC 9457), with what it holds beside the members that every one has. */
export const refusal = (
  description: string,
  { extra, ...more }: Pick<Answer, 'headers'> & Readonly<{ extra?: TProperties }> = {},
): Answer => ({
  description,
  content: { [problemType]: extra === undefined ? problemSchema : problemWith(extra) },
  ...more,
})

/** With what is away for now. */
export const retryLater: Readonly<{ headers: Readonly<Record<string, TSchema>> }> = {
  headers: {
    'retry-after': Type.String({ pattern: '^\\d+$', description: 'seconds until it is worth another try' }),
  },
}

export const problemType = 'application/problem+json'

const members = {
  type: Type.Literal('about:blank'),
  title: Type.String({ description: 'what the status means' }),
  status: Type.Integer(),
  detail: Type.String({ description: 'what is wrong, where, and how to mend it' }),
  instance: Type.Optional(Type.String({ description: 'the path that was asked for' })),
}

const problemWith = (extra: TProperties): TObject =>
  Type.Object({ ...members, ...extra }, { additionalProperties: false })

/** What every refusal holds. A `$id` makes a schema a component of `/openapi.json` with that name. */
export const problemSchema: TObject = Type.Object(members, {
  $id: 'Problem',
  additionalProperties: false,
  examples: [
    {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no project "clinic".',
      instance: '/api/projects/clinic',
    },
  ],
})
