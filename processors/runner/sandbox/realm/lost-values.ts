/**
 * What the final state holds and JSON shows as `{}` (a Map, a Set, an Error, a promise that nobody awaited), in a sentence for the log; undefined
 * where there is none among the first values. Only a text that has `{}` in it is worth the look.
 */
export const lostIn = (state: unknown, json: string): string | undefined => {
  if (typeof state !== 'object' || !json.includes('{}')) return undefined
  try {
    return lookedThrough(state)
  } catch {
    return undefined // a proxy, or a getter, that lets itself be read only once
  }
}

/** In the order of breadth. Where a value stands is put together only when it is to be told. */
const lookedThrough = (state: unknown): string | undefined => {
  const found: Found[] = [{ value: state as Parts, key: '', within: undefined }]
  for (let at = 0; at < found.length; at++) {
    const one = found[at] as Found
    let empty = true
    for (const key of Object.keys(one.value)) {
      empty = false
      const inner = one.value[key]
      if (typeof inner !== 'object' || inner === null || (at === 0 && key === 'configuration')) continue
      if (found.length === maxLookedAt) break
      found.push({ value: inner as Parts, key, within: one })
    }
    if (empty && isLost(one.value)) return sentence(one)
  }
  return undefined
}

type Parts = Readonly<Record<string, unknown>>
type Found = Readonly<{ value: Parts; key: string; within: Found | undefined }>

/** It costs about as much as writing them. */
const maxLookedAt = 1_000

const isLost = (value: Parts): boolean =>
  !Array.isArray(value) && typeof value['toJSON'] !== 'function' && kindOf(value) !== 'Object'

/** `Map` of `[object Map]`. */
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1)

const sentence = (lost: Found): string => {
  const path: string[] = []
  for (let one = lost; one.within; one = one.within) path.unshift(one.key)
  const place = path.join('.').slice(0, maxText) || 'the root'
  return `JSON shows the ${kindOf(lost.value).slice(0, maxText)} at ${place} of the final state as {}, so what it holds is lost. Make it an object or a list`
}

const maxText = 200
