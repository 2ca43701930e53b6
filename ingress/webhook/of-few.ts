/**
 * Derives something of a text that senders say again with each message, like a path or a content type: what was derived of the first
 * thousand short ones is kept.
 */
export const ofFew = <T extends object | string | boolean | null>(
  derive: (text: string) => T,
): ((text: string) => T) => {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const derived = derive(text)
    if (known.size < mostKnown && text.length <= longest) known.set(text, derived)
    return derived
  }
}

const mostKnown = 1_000
const longest = 200
