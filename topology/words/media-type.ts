/** What a content type says (RFC 9110, 8.3.1), in lower case: `type/subtype`, and the charset if it names one. */
export type MediaType = Readonly<{ essence: string; charset: string | undefined }>

export const mediaTypeOf = (contentType: string): MediaType => {
  const [essence = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length)
  return { essence, charset: charset?.replaceAll('"', '') }
}

/** `application/json`, `text/json`, `…+json` (RFC 6839): the one rule for all doors, and for who reads behind them. */
export const isJson = ({ essence }: MediaType): boolean => json.test(essence)

/** JSON is UTF-8 (RFC 8259), whether it says so or not. */
export const isUtf8Charset = ({ charset }: MediaType): boolean =>
  charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii'

const json = /^(?:(?:application|text)\/json|[\w!#$&^.+-]+\/[\w!#$&^.+-]+\+json)$/
