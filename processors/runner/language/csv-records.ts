/** How the text is cut into fields. `escape` is what stands before a quote within quotes, in most texts another quote. */
export type CsvFormat = Readonly<{
  delimiter: readonly string[]
  quote: string
  escape: string
  /** Whether spaces before and after a field are dropped; those within quotes stay. */
  ltrim: boolean
  rtrim: boolean
  skipEmptyLines: boolean
}>

/** A record of a CSV text (RFC 4180) and the line, from 1, that it ends in. */
export type CsvRecord = Readonly<{ fields: readonly string[]; line: number }>

/**
 * Reads a CSV text record by record. Lines end as the first of them does: with CR LF, LF or CR. Throws an Error that names the line where a quote
 * stands in the middle of a field, has something after it, or is never closed.
 */
export function* csvRecords(text: string, format: CsvFormat): Generator<CsvRecord> {
  const { delimiter, quote, escape: mark, ltrim, rtrim, skipEmptyLines } = format
  const isAt = (part: string, at: number): boolean => part !== '' && text.startsWith(part, at)
  const delimiterAt = (at: number): string => delimiter.find((one) => isAt(one, at)) ?? ''
  const plain = new RegExp(`[^\\r\\n${[...delimiter, quote].map(firstUnit).join('')}]+`, 'y')
  let lineEnd = ''
  let [at, line] = [0, 1]
  let [field, quoted] = ['', false]
  let fields: string[] = []

  const isLineEnd = (at: number): boolean =>
    lineEnd === '' ? /[\r\n]/.test(text.charAt(at)) : text.startsWith(lineEnd, at)
  const endField = (): void => {
    fields.push(rtrim && !quoted ? field.trimEnd() : field)
    field = ''
    quoted = false
  }
  const add = (part: string): void => {
    if (!quoted) field += ltrim && field === '' ? part.replace(leading, '') : part
    else if (part.replace(leading, '') !== '') throw broken(line, 'has something after the quote that ends a field')
  }

  while (at < text.length) {
    if (isAt(quote, at)) {
      if (field !== '' || quoted)
        throw broken(line, `has a quote in the middle of a field, after ${JSON.stringify(field)}`)
      const inner = quotedField(text, { from: at + quote.length, quote, mark })
      if (inner === undefined) throw broken(line, 'begins a quote that is never closed')
      field = inner.field
      quoted = true
      line += linesIn(text.slice(at, inner.end))
      at = inner.end
      const next = text.charAt(at)
      const ends = next === '' || delimiterAt(at) !== '' || isLineEnd(at) || (rtrim && leading.test(next))
      if (!ends) throw broken(line, `has ${JSON.stringify(next)} after the quote that ends a field`)
    } else if (isLineEnd(at)) {
      lineEnd ||= text.startsWith('\r\n', at) ? '\r\n' : text.charAt(at)
      at += lineEnd.length
      if (!(skipEmptyLines && !quoted && fields.length === 0 && field === '')) {
        endField()
        yield { fields, line }
        fields = []
      }
      line++
    } else if (delimiterAt(at) !== '') {
      at += delimiterAt(at).length
      endField()
    } else {
      plain.lastIndex = at
      const part = plain.exec(text)?.[0] ?? text.charAt(at)
      add(part)
      at += part.length
    }
  }
  if (!quoted && fields.length === 0 && field === '') return
  endField()
  yield { fields, line }
}

/** The field that begins after an opening quote, and where its closing quote ends. Undefined: it does not end. */
const quotedField = (
  text: string,
  { from, quote, mark }: Readonly<{ from: number; quote: string; mark: string }>,
): Readonly<{ field: string; end: number }> | undefined => {
  let field = ''
  let start = from
  for (;;) {
    const close = text.indexOf(quote, start)
    if (close < 0) return
    const part = text.slice(start, close)
    const marked = mark === quote || mark === '' ? -1 : part.indexOf(mark)
    if (marked >= 0) {
      const after = start + marked + mark.length
      field += part.slice(0, marked) + text.charAt(after)
      start = after + 1
    } else if (mark === quote && text.startsWith(quote, close + quote.length)) {
      field += part + quote
      start = close + 2 * quote.length
    } else return { field: field + part, end: close + quote.length }
  }
}

const broken = (line: number, what: string): Error => new Error(`Line ${line} of the CSV ${what}`)

const linesIn = (text: string): number => text.match(/\r\n|[\r\n]/g)?.length ?? 0

/** What may surround a field. */
const leading = /^[ \t\n\r\f]+/

/** The first character of a delimiter or quote, for a class of characters. */
const firstUnit = (part: string): string => part.charAt(0).replace(/[\\\]^-]/, '\\$&')
