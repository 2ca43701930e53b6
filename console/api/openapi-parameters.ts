import { type TSchema, Type } from 'typebox'

/** What a word in a path means; it means the same in every path. */
export const pathParameters: Readonly<Record<string, TSchema>> = {
  project: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
    description: 'the name of a project',
    examples: ['demo'],
  }),
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
    description: 'the name of a credential',
    examples: ['district'],
  }),
  id: Type.String({ format: 'uuid', description: 'the id of what the path names; capitals are as good' }),
  source: Type.String({
    format: 'uuid',
    description: 'the id of a source',
    examples: ['54804f1a-4a70-4392-97cb-1f350e98e9c8'],
  }),
  path: Type.String({ description: 'the `path` of a source of the project', examples: ['inbox'] }),
  file: Type.String({ description: 'a file of the page' }),
}
