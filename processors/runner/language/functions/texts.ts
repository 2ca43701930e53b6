import { wrong } from './arguments.ts'

/** `humanProper('mario_ROSSI')`: `'Mario Rossi'`. Underscores and hyphens become spaces; what is no text is given back as it is. */
export const humanProper = (text: unknown): unknown =>
  typeof text === 'string'
    ? text.replaceAll(/[_-]/g, ' ').replaceAll(/[\p{L}\p{N}]\S*/gu, (word) => {
        const [first = '', ...rest] = word
        return first.toUpperCase() + rest.join('').toLowerCase()
      })
    : text

/**
 * `scrubEmojis(text, instead)`: the text with each emoji replaced, by U+FFFD or by `instead`. As in OpenFn it also takes ©, ® and all of U+2000 to
 * U+3300, typographic quotes and dashes among them.
 */
export const scrubEmojis = (text: string, instead?: string): string => {
  if (!text) return text
  if (typeof text !== 'string') throw wrong('scrubEmojis', { takes: 'a text', got: text })
  return text.replaceAll(scrubbed, () => instead ?? '\uFFFD')
}

const scrubbed = /[\u{1F000}-\u{1F7FF}\u{1F800}-\u{1FBFF}\u2000-\u3300\u00A9\u00AE]|\uFE0F/gu
