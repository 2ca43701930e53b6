import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml'
import type { Json } from '../words/json.ts'
import { composeYaml } from './compose-yaml.ts'
import { type Path, quote } from './problems.ts'
import { type Flaw, literalOf, maxNesting, type Places, type Reading, tooDeep, twice, Unreadable } from './reading.ts'

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

  const flaw = (node: Node, path: Path, message: string): null => {
    flaws.push({ offset: offsetOf(node), path, message })
    return null
  }

  const jsonOf = (node: Node | null, path: Path): Json => {
    if (node === null) return null
    if (path.length > maxNesting) throw new Unreadable({ offset: offsetOf(node), path: [], message: tooDeep }) // by aliases
    if (copying) copied += 1 + (isScalar(node) ? (node.source?.length ?? 0) : 0)
    if (copied > maxCopied) throw new Unreadable({ offset: offsetOf(node), path: [], message: copiesTooMuch })
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
    places.set(items, new Map(node.items.map((item, index) => [String(index), offsetOf(item)])))
    return items
  }

  const objectOf = (map: YAMLMap<Scalar, Node | null>, path: Path): Json => {
    const entries = new Map<string, Json>()
    const offsets = new Map<string, number>()
    for (const { key, value } of map.items) {
      const name = String(key.value)
      if (entries.has(name)) flaw(key, [...path, name], twice(name))
      offsets.set(name, offsetOf(key))
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
      : literalOf(digits)
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

  const composed = composeYaml(text)
  if ('flaws' in composed) return { value: null, places, flaws: composed.flaws }
  try {
    return { value: jsonOf(composed.contents, []), places, flaws }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { value: null, places, flaws: [...flaws, error.flaw] }
  }
}

const offsetOf = (node: Node | null): number => node?.range?.[0] ?? 0

const maxCopied = 200_000
const copiesTooMuch = `Aliases stand for over ${maxCopied} characters: write less with them.`
const coreTag = /^(!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq))$/

/** A number of YAML's core schema as JSON writes it; undefined for infinities and not-a-number. */
const jsonNumber = (source: string): string | undefined => {
  if (/^0[ox]/.test(source)) return source.length > 100 ? undefined : String(BigInt(source))
  const [, sign = '', whole = '', fraction = '', exponent = ''] =
    /^([-+]?)(\d*)(?:\.(\d*))?([eE][-+]?\d+)?$/.exec(source) ?? []
  if (whole === '' && fraction === '') return undefined
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${digits}${fraction === '' ? '' : `.${fraction}`}${exponent}`
}
