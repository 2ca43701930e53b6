import { Composer, type CST, type ErrorCode, type Node, Parser, type YAMLParseError } from 'yaml'
import { type Flaw, maxNesting, tooDeep } from './reading.ts'

/**
 * The nodes of a YAML 1.2 text with its core schema, or all that is wrong with its form. How deep it nests is looked at first: the library
 * composes by recursion, and a text could overflow its stack, which can end the process.
 */
export const composeYaml = (
  text: string,
): Readonly<{ contents: Node | null }> | Readonly<{ flaws: readonly [Flaw, ...Flaw[]] }> => {
  const tokens = [...new Parser().parse(text)]
  const deep = tokens.map(tooDeepIn).find((offset) => offset !== undefined)
  if (deep !== undefined) return { flaws: [{ offset: deep, path: [], message: tooDeep }] }
  const [document, second] = new Composer(options).compose(tokens, true, text.length)
  const [first, ...more] = document?.errors.map(flawOf) ?? []
  if (first !== undefined) return { flaws: [first, ...more] }
  if (second !== undefined) return { flaws: [{ offset: second.range[0], path: [], message: oneDocument }] }
  return { contents: document?.contents ?? null }
}

/** Where a token begins that nests too deep, if there is one. */
const tooDeepIn = (root: CST.Token): number | undefined => {
  const open: (readonly [token: CST.Token, depth: number])[] = [[root, 0]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next
    if (depth > maxNesting) return token.offset
    const parts = 'items' in token ? token.items.flatMap(({ key, value }) => [key, value]) : []
    if (token.type === 'document') parts.push(token.value)
    for (const part of parts) if (part) open.push([part, depth + 1])
  }
  return undefined
}

const flawOf = ({ code, pos, message }: YAMLParseError): Flaw => ({
  offset: pos[0],
  path: [],
  message: ownWords[code] ?? `${message}.`,
})

const oneDocument = 'A second document begins here: a project is one document.'
const ownWords: Partial<Record<ErrorCode, string>> = { NON_STRING_KEY: 'A key must be text, not a list or a map.' }

// Keys that come twice are found by the reader of the nodes, because the library compares each with each.
const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  logLevel: 'silent',
} as const
