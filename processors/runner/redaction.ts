import { perDeploy } from '../../topology/project/per-deploy.ts'
import { exactSource, isExactNumber, isJsonArray, type Json, jsonIn } from '../../topology/words/json.ts'
import { formsOf, shortest } from './secret-forms.ts'

/** What stands in the place of a secret. */
export const redacted = '***'

/** `json`: the text is JSON, and still is afterwards. */
export type Redact = (text: string, as: 'text' | 'json') => string

/**
 * Replaces secrets in texts, however they are written. Long texts are cut before they come here: the beginning of a secret at the end of a text, or
 * before an ellipsis, is replaced as well. A text without any is given back as it is. The same list gives the same function.
 */
export const redactor: (secrets: readonly string[]) => Redact = perDeploy((secrets) => {
  const forms = [...new Set(secrets.flatMap(formsOf))].toSorted((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const [wholeIn, beginningsIn] = [wholeFormsIn(forms), beginningsOf(forms)]
  const inside = (text: string): readonly Range[] => [...wholeIn(text), ...beginningsIn(text, ellipsesIn(text))]
  const inText = (text: string): string => replaced(text, [...inside(text), ...beginningsIn(text, [text.length])])
  const inJson = (value: Json): Json => {
    if (typeof value === 'string') return replaced(value, inside(value)) // what is cut within JSON has an ellipsis
    if (typeof value === 'number') return wholeIn(String(value)).length > 0 ? redacted : value
    if (isExactNumber(value)) return wholeIn(exactSource(value)).length > 0 ? redacted : value
    if (typeof value !== 'object' || value === null) return value
    if (isJsonArray(value)) return value.map(inJson)
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [replaced(key, inside(key)), inJson(member)]),
    )
  }
  return (text, as) => {
    if (as === 'text') return inText(text)
    if (!text.startsWith('"') && !oddEscape.test(text) && inside(text).length === 0) return text
    const parsed = jsonIn(text)
    if (parsed === undefined) return inText(text)
    return JSON.stringify(typeof parsed === 'string' ? inText(parsed) : inJson(parsed))
  }
})

/** From, and up to but not with. */
type Range = readonly [from: number, to: number]

/** Secrets that overlap go as one. */
const replaced = (text: string, ranges: readonly Range[]): string => {
  let [kept, end] = ['', 0]
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (from >= end) kept += text.slice(end, from) + redacted
    end = Math.max(end, to)
  }
  return kept + text.slice(end)
}

const wholeFormsIn = (forms: readonly string[]): ((text: string) => readonly Range[]) => {
  const long = forms.filter((form) => form.length > longestInPattern)
  const patterns = patternsOf(forms.slice(long.length))
  return (text) => [
    ...long.flatMap((form) => placesOf(form, text)),
    ...patterns.flatMap((pattern) => matchesOf(pattern, text)),
  ]
}

/** As `matchAll`, which makes a copy of the pattern for each text, and a log has many. */
const matchesOf = (pattern: RegExp, text: string): readonly Range[] => {
  const matches: Range[] = []
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) matches.push([match.index, pattern.lastIndex])
  return matches
}

const placesOf = (form: string, text: string): readonly Range[] => {
  const places: Range[] = []
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length))
    places.push([at, at + form.length])
  return places
}

/** V8 refuses patterns of some 20,000 characters, and says so with all of their text. */
const patternsOf = (forms: readonly string[]): readonly RegExp[] => {
  const patterns: RegExp[] = []
  for (let at = 0; at < forms.length; at += formsInPattern)
    patterns.push(
      new RegExp(
        forms
          .slice(at, at + formsInPattern)
          .map(patternOf)
          .join('|'),
        'g',
      ),
    )
  return patterns
}

/** A short number is a secret where it is the whole number: places, times and ids have its digits within them by chance. */
const patternOf = (form: string): string => {
  const isNumber = form.length < shortest && /^\d+$/.test(form)
  return isNumber ? `(?<!\\d)${form}(?!\\d)` : RegExp.escape(form)
}

const longestInPattern = 200
const formsInPattern = 20

/** What of a form was left where a text ended, or was made to end. */
const beginningsOf = (forms: readonly string[]): ((text: string, ends: readonly number[]) => readonly Range[]) => {
  const byStart = Map.groupBy(forms, (form) => form.slice(0, shortest))
  const longest = forms[0]?.length ?? 0
  const lengthIn = (text: string): number => {
    const possible = new Set<string>()
    for (let at = 0; at <= text.length - shortest; at++)
      for (const form of byStart.get(text.slice(at, at + shortest)) ?? []) possible.add(form)
    return [...possible].reduce((most, form) => Math.max(most, overlapOf(form.slice(0, text.length), text)), 0)
  }
  return (text, ends) =>
    ends.flatMap((end, which) => {
      const length = lengthIn(text.slice(Math.max((ends[which - 1] ?? -1) + 1, end - longest), end))
      return length < shortest ? [] : [[end - length, end] as const]
    })
}

/** How much of a form's beginning a text ends with; Knuth, Morris and Pratt's way, which is as fast for forms that repeat themselves. */
const overlapOf = (form: string, text: string): number => {
  const shorter = new Int32Array(form.length) // by length less one: the next shorter beginning that it ends with
  const longer = (length: number, unit: string | undefined): number => {
    let fits = length
    while (fits > 0 && form[fits] !== unit) fits = shorter[fits - 1] ?? 0
    return form[fits] === unit ? fits + 1 : 0
  }
  for (let at = 1; at < form.length; at++) shorter[at] = longer(shorter[at - 1] ?? 0, form[at])
  let length = 0
  for (let at = 0; at < text.length; at++) length = longer(length, text[at])
  return length
}

const ellipsesIn = (text: string): readonly number[] => placesOf('…', text).map(([at]) => at)

/** What JSON.stringify does not write: behind these, texts look other than they are. */
const oddEscape = /\\[u/]/
