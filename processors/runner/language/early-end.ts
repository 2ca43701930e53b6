import { parse, type Token } from 'acorn'
import { type Problem, placeAt, problemAt } from './problem.ts'

/** Why code cannot be read whose parser stopped at its end: what is open there, and where that was opened. Undefined where it stopped elsewhere. */
export const earlyEnd = (code: string, { message, pos }: SyntaxError & { pos: unknown }): Problem | undefined => {
  if (!/^Unexpected token|^Unterminated template/.test(message) || Number(pos) < code.trimEnd().length) return undefined
  const tokens = tokensOf(code)
  const [innermost, ...around] = openOf(tokens).reverse()
  if (!innermost) return problemAt(code, tokens.at(-1)?.end ?? 0, `${tooEarly}something has to follow here`)
  const others = around
    .slice(0, maxNamed)
    .map(({ label, start }) => `, nor the ${label} in line ${placeAt(code, start).line}`)
  return problemAt(code, innermost.start, `${tooEarly}nothing closes this ${innermost.label}${others.join('')}`)
}

const tooEarly = 'The code ends too early: '
const maxNamed = 3

/** As far as the parser comes: only it knows whether a slash divides or begins a regular expression. */
const tokensOf = (code: string): readonly Token[] => {
  const tokens: Token[] = []
  try {
    parse(code, { ecmaVersion: 'latest', sourceType: 'module', onToken: tokens })
  } catch {
    // it was known to fail
  }
  return tokens.filter(({ type }) => type.label !== 'eof')
}

type Open = Readonly<{ label: string; start: number }>

const openOf = (tokens: readonly Token[]): Open[] => {
  const open: Open[] = []
  for (const { type, start } of tokens) {
    const { label } = type
    if (closers.has(label) || (label === '`' && open.at(-1)?.label === '`')) open.pop()
    else if (openers.has(label)) open.push({ label, start })
  }
  return open
}

const openers: ReadonlySet<string> = new Set(['(', '[', '{', '${', '`'])
const closers: ReadonlySet<string> = new Set([')', ']', '}'])
