import { AdaptorError } from './failure.ts'

/** XML as JSON: text, or an object of attributes and children. */
export type Xml = string | { [name: string]: Xml | Xml[] }

/**
 * XML to JSON as OpenFn v1 had it: the root's name is the first key; prefixes of namespaces are dropped; attributes are keys with a `-` before
 * them; what is there more than once becomes a list; every value is text. The text of an element that has attributes or children is `#content`
 * (`semantics.md` 1). Entities beyond the five of XML are left as they are, a document type is passed over, and one that declares something is
 * refused: nothing is ever fetched or expanded.
 */
export const xmlToJson = (text: string): Xml => {
  const document = newElement('')
  const open = [document]
  let at = 0
  for (const token of text.matchAll(tokens)) {
    const current = open.at(-1) ?? document
    const between = text.slice(at, token.index)
    if (between.includes('<')) throw notXml(text, at)
    current.text += decoded(between)
    at = token.index + token[0].length
    const { cdata, close, name, attributes = '', empty } = token.groups ?? {}
    if (cdata !== undefined) current.text += cdata
    else if (close !== undefined) {
      if (open.length === 1 || current.name !== close) throw notXml(text, token.index)
      open.pop()
      addTo(open.at(-1) ?? document, current)
    } else if (name !== undefined) {
      const element = newElement(name)
      for (const [, key = '', double, single] of attributes.matchAll(attribute))
        if (!/^xmlns(:|$)/.test(key)) put(element.fields, `-${local(key)}`, decoded(double ?? single ?? ''))
      if (empty) addTo(current, element)
      else open.push(element)
    }
  }
  const rest = text.slice(at)
  if (open.length > 1 || rest.trim() !== '' || document.text.trim() !== '' || document.fields.size !== 1)
    throw notXml(text, at)
  return Object.fromEntries(document.fields)
}

const tokens =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!DOCTYPE[^[>]*>|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<\/(?<close>[^\s<>/]+)\s*>|<(?<name>[^\s<>/!?="'&]+)(?<attributes>(?:\s+[^\s<>/="']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/)?>/g

const attribute = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

type Element = { readonly name: string; readonly fields: Map<string, Xml | Xml[]>; text: string }

const newElement = (name: string): Element => ({ name, fields: new Map(), text: '' })

const addTo = (parent: Element, { name, fields, text }: Element): void => {
  const content = text.trim()
  if (fields.size > 0 && content !== '') put(fields, '#content', content)
  const leaf = content === '' ? '' : text
  put(parent.fields, local(name), fields.size > 0 ? Object.fromEntries(fields) : leaf)
}

const put = (fields: Element['fields'], name: string, value: Xml): void => {
  const before = fields.get(name)
  if (before === undefined) fields.set(name, value)
  else if (Array.isArray(before)) before.push(value)
  else fields.set(name, [before, value])
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1)

const decoded = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(lt|gt|amp|quot|apos));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return named[String(name)] ?? whole
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const notXml = (text: string, at: number): AdaptorError => {
  const line = text.slice(0, at).split('\n').length
  return new AdaptorError('NOT_XML', `The text is no well-formed XML, in line ${line}`)
}
