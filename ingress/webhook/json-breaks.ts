/**
 * Offset of the first character at which a text stops being JSON (RFC 8259), or its length when it only ends too early.
 * For a text that `JSON.parse` refused: its messages do not always tell where. Looks once at each character and keeps no values.
 */
export const whereJsonBreaks = (text: string): number => {
  const closers: string[] = []
  let wanted: 'value' | 'key' | 'colon' | 'next' = 'value'
  let justOpened = false
  let at = 0
  for (;;) {
    at = endOf(space, text, at)
    const character = text[at] ?? ''
    const mayClose = wanted === 'next' || justOpened
    justOpened = false
    if (mayClose && character !== '' && character === closers.at(-1)) {
      closers.pop()
      wanted = 'next'
      at++
    } else if (wanted === 'next') {
      if (character !== ',' || closers.length === 0) return at
      wanted = closers.at(-1) === '}' ? 'key' : 'value'
      at++
    } else if (wanted === 'colon') {
      if (character !== ':') return at
      wanted = 'value'
      at++
    } else if (character === '"') {
      const end = endOfInner(text, at + 1)
      if (text[end] !== '"') return end
      wanted = wanted === 'key' ? 'colon' : 'next'
      at = end + 1
    } else if (wanted === 'value' && (character === '{' || character === '[')) {
      closers.push(character === '{' ? '}' : ']')
      wanted = character === '{' ? 'key' : 'value'
      justOpened = true
      at++
    } else {
      const end = wanted === 'value' ? endOf(literal, text, at) : at
      if (end === at) return at
      wanted = 'next'
      at = end
    }
  }
}

/** Where the token that may stand at the offset ends; the offset itself when none stands there. */
const endOf = (token: RegExp, text: string, offset: number): number => {
  token.lastIndex = offset
  return token.test(text) ? token.lastIndex : offset
}

/** Where the characters of a string end: at its closing quote, if all is well. */
const endOfInner = (text: string, offset: number): number => {
  let at = offset
  for (let next = endOf(inner, text, at); next > at; next = endOf(inner, text, at)) at = next
  return at
}

const space = /[ \t\n\r]+/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a string may not hold
const inner = /[^"\\\u0000-\u001f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const literal = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
