import {
  type Static,
  type TArrayOptions,
  type TObject,
  type TProperties,
  type TSchema,
  type TUnion,
  type TUnsafe,
  Type,
} from 'typebox'

/** An object with these keys and no others. */
export const closed = <Keys extends TProperties>(keys: Keys, options: object = {}): TObject<Keys> =>
  Type.Object(keys, { additionalProperties: false, ...options })

export const orNull = <Schema extends TSchema>(schema: Schema): TUnion<[Schema, ReturnType<typeof Type.Null>]> =>
  Type.Union([schema, Type.Null()])

export const listOf = <Item extends TSchema>(
  item: Item,
  options: TArrayOptions = {},
): TUnsafe<readonly Static<Item>[]> => Type.Unsafe(Type.Array(item, options))

/** A text that is one of a few, where the type of what is answered says only text. */
export const word = (words: readonly string[], options: object = {}): TUnsafe<string> =>
  Type.Unsafe({ type: 'string', enum: words, ...options })

/** A page of a list. */
export const pageOf = <Item extends TSchema>(item: Item) =>
  closed({
    items: listOf(item),
    next: orNull(Type.String({ description: 'goes into `after` of the next question; null at the end' })),
  })

export const time = (description = 'RFC 3339, UTC') => Type.String({ format: 'date-time', description })

export const uuid = (description?: string) => Type.String({ format: 'uuid', ...(description && { description }) })

/** Texts by name. */
export const texts = (description: string) => Type.Record(Type.String(), Type.String(), { description })
