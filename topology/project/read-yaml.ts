import {
  type Alias,
  type ErrorCode,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import { type Json, maxDepth, parseExact } from '../words/json.ts'
import type { Flaw, Places, Reading } from './places.ts'
import { type Path, quote } from './problems.ts'
import { twice } from './read-json.ts'

/**
 * Reads YAML 1.2 as the JSON that it stands for, and remembers where everything stands. What YAML has beyond JSON (tags, infinities, keys
 * that are no text) is a flaw; aliases are copies, up to a limit.
 */
export const readYaml = (text: string): Reading => {
  const places: Places = new WeakMap()
  const flaws: Flaw[] = []
  const anchors = new Map<string, Node>()
  let copied = 0
  let copying = false

  const flaw = (node: Node | null, path: Path, message: string): null => {
    flaws.push({ offset: node?.range?.[0] ?? 0, path, message })
    return null
  }

  const jsonOf = (node: Node | null, path: Path): Json => {
    if (node === null) return null
    if (path.length > maxDepth) throw new TooDeep()
    if (copying) copied += 1 + (isScalar(node) ? (node.source?.length ?? 0) : 0)
    if (copied > maxCopied) throw new TooMuchCopied(node)
    if (node.tag !== undefined && !coreTag.test(node.tag)) {
      flaw(node, path, `The tag ${quote(node.tag)} is unknown: leave it out.`)
    }
    const value = isAlias(node) ? copyOf(node, path) : contentOf(node, path)
    if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, node) // not before: an alias cannot hold itself
    return value
  }

  const contentOf = (node: Node, path: Path): Json => {
    if (isMap<Scalar, Node | null>(node)) return objectOf(node, path)
    if (isScalar(node)) return scalarOf(node, path)
    if (!isSeq<Node | null>(node)) return flaw(node, path, 'This is neither a value, a list nor a map.')
    const items = node.items.map((item, index) => jsonOf(item, [...path, index]))
    places.set(items, new Map(node.items.map((item, index) => [String(index), item?.range?.[0] ?? 0])))
    return items
  }

  const objectOf = (map: YAMLMap<Scalar, Node | null>, path: Path): Json => {
    const entries = new Map<string, Json>()
    const offsets = new Map<string, number>()
    for (const { key, value } of map.items) {
      const name = String(key.value)
      if (entries.has(name)) flaw(key, [...path, name], twice(name))
      offsets.set(name, key.range?.[0] ?? 0)
      entries.set(name, jsonOf(value, [...path, name]))
    }
    const data = Object.fromEntries(entries)
    places.set(data, offsets)
    return data
  }

  const scalarOf = (node: Scalar, path: Path): Json => {
    const { value } = node
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    const digits = typeof value === 'number' ? jsonNumber(node.source ?? '') : undefined
    return digits === undefined
      ? flaw(node, path, `${quote(node.source ?? '')} is no number in JSON.`)
      : parseExact(digits)
  }

  const copyOf = (alias: Alias, path: Path): Json => {
    const target = anchors.get(alias.source)
    if (target === undefined) return flaw(alias, path, `The alias ${quote(alias.source)} has no anchor before it.`)
    const outer = copying
    copying = true
    const value = jsonOf(target, path)
    copying = outer
    return value
  }

  try {
    const parsed = parseDocument<Node, false>(text, options)
    if (parsed.errors.length > 0) {
      const exhausted = parsed.errors.filter(({ code }) => code === 'RESOURCE_EXHAUSTION').slice(0, 1)
      return { value: null, places, flaws: (exhausted.length > 0 ? exhausted : parsed.errors).map(flawOf) }
    }
    return { value: jsonOf(parsed.contents, []), places, flaws }
  } catch (error) {
    if (error instanceof TooMuchCopied)
      flaw(error.alias, [], `Aliases stand for over ${maxCopied} characters: write less with them.`)
    else if (error instanceof TooDeep || error instanceof RangeError) flaw(null, [], tooDeep)
    else throw error
    return { value: null, places, flaws }
  }
}

class TooDeep extends Error {}
class TooMuchCopied extends Error {
  readonly alias: Node
  constructor(alias: Node) {
    super()
    this.alias = alias
  }
}

// Twice-given keys are found here, because the parser compares each key with each.
const options = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'error',
} as const

const flawOf = ({ code, pos, message }: YAMLParseError): Flaw => ({
  offset: pos[0],
  path: [],
  message: ownWords[code] ?? `${message}.`,
})

const tooDeep = `Nested deeper than ${maxDepth}: flatten it.`
const ownWords: Partial<Record<ErrorCode, string>> = {
  RESOURCE_EXHAUSTION: tooDeep,
  NON_STRING_KEY: 'A key must be text, not a list or a map.',
  MULTIPLE_DOCS: 'A second document begins here: a project is one document.',
}

const maxCopied = 200_000
const coreTag = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/

/** A number of YAML's core schema as JSON writes it; undefined for infinities and not-a-number. */
const jsonNumber = (source: string): string | undefined => {
  if (/^0[ox]/.test(source)) return String(BigInt(source))
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^([-+]?)(\d*)(?:\.(\d*))?([eE][-+]?\d+)?$/.exec(source) ?? []
  if (whole === '' && fraction === '') return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}
