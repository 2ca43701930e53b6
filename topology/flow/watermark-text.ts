import type { Tried } from '../words/run.ts'
import { triedForm, triedOut } from './watermark-tried.ts'

/** From this offset on, up to but not including that. */
export type Range = Readonly<{ from: bigint; to: bigint }>

const runsMark = 'f'
const bitmapMark = 'b'

/** In turns how many offsets are open and how many are done, in base 36: `f1,3,2,5`. Short when little is open. */
export const runsOf = (lowest: bigint, done: Iterable<Range>): string => {
  let at = lowest
  let text = ''
  for (const { from, to } of done) {
    text += `${text && ','}${(from - at).toString(36)},${(to - from).toString(36)}`
    at = to
  }
  return text && runsMark + text
}

/** Each open offset costs one run of done ones at most; what is passed above them all, once, a longer one. */
export const runsAtMost = (open: number, span: number): number => 11 + open * (span.toString(36).length + 3)

/** A record whose work has started without an end, and how often. */
export type Started = Readonly<{ offset: bigint; times: number }>

/** How far each lies behind the one before, in base 36, and how often it was started, where that is not once: `;0,4:2`. */
export const startsIn = (lowest: bigint, starts: readonly Started[]): string => {
  let at = lowest
  let text = ''
  for (const { offset, times } of starts.toSorted((a, b) => (a.offset < b.offset ? -1 : 1))) {
    text += `${text ? ',' : startsMark}${(offset - at).toString(36)}${times > 1 ? `:${Math.min(times, 35).toString(36)}` : ''}`
    at = offset
  }
  return text
}

const startsMark = ';'

/** For more starts than room was kept for. */
export const startsWithin = (
  bytes: number,
  { from, starts }: Readonly<{ from: bigint; starts: readonly Started[] }>,
): string => {
  const kept = starts.toSorted((a, b) => b.times - a.times)
  while (startsIn(from, kept).length > bytes) kept.pop()
  return startsIn(from, kept)
}

/** What so many starts take at most: each a mark, how far, a mark and how often. */
export const startsAtMost = (most: number, span: number): number => most * (span.toString(36).length + 3)

/** How many offsets a bitmap of so many bytes of text can tell of. */
export const bitsWithin = (room: number): number => 8 * Math.max(0, Math.floor(((room - 1) * 3) / 4))

/** A bit an offset, 1 for done, in base64. Its length does not depend on what is done; what lies beyond it is left off. */
export const bitmapOf = (lowest: bigint, done: Iterable<Range>, most: number): string => {
  const bits = Buffer.alloc(most / 8)
  let used = 0
  for (const { from, to } of done) {
    const end = Math.min(Number(to - lowest), most)
    for (let at = Number(from - lowest); at < end; at++) {
      bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
      used = (at >> 3) + 1
    }
  }
  return bitmapMark + bits.toString('base64url', 0, used)
}

/** What the life before left open, had started and was to try again, and where all that it says is done ends. */
export type Before = Readonly<{
  open: readonly bigint[]
  end: bigint
  starts: ReadonlyMap<bigint, number>
  tried: ReadonlyMap<bigint, Tried>
}>

/** What is known without a word of a life before. */
export const nothing = (start: bigint): Before => ({
  open: [],
  end: start,
  starts: new Map(),
  tried: new Map(),
})

/** What metadata says that belongs to a commit of this offset; of anybody else's making it says nothing. */
export const decode = (start: bigint, metadata: string): Before => {
  const [, runs, bits, starts, last, tried] = known.exec(metadata) ?? []
  const done = runs ? runsIn(start, runs) : bitmapIn(start, Buffer.from(bits ?? '', 'base64url'))
  return { ...done, starts: startsOut(start, starts), tried: triedOut(start, last, tried) }
}

const doneForm = '(?:f([0-9a-z]{1,10}(?:,[0-9a-z]{1,10})*)|b([\\w-]+))'
const startsForm = ';([0-9a-z]{1,10}(?::[0-9a-z])?(?:,[0-9a-z]{1,10}(?::[0-9a-z])?)*)'
const known = new RegExp(`^${doneForm}?(?:${startsForm})?(?:${triedForm})?$`)

const startsOut = (start: bigint, text: string | undefined): ReadonlyMap<bigint, number> => {
  const starts = new Map<bigint, number>()
  let at = start
  for (const entry of text?.split(',') ?? []) {
    const [behind = '', times = '1'] = entry.split(':')
    at += BigInt(Number.parseInt(behind, 36))
    starts.set(at, Number.parseInt(times, 36))
  }
  return starts
}

type Done = Pick<Before, 'open' | 'end'>

const runsIn = (start: bigint, text: string): Done => {
  const lengths = text.split(',').map((length) => Number.parseInt(length, 36))
  const open: bigint[] = []
  let end = start
  for (let i = 0; i + 1 < lengths.length; i += 2) {
    const [opened = 0, done = 0] = lengths.slice(i, i + 2)
    if (open.length + opened > mostOpen) break
    for (let n = 0; n < opened; n++) open.push(end++)
    end += BigInt(done)
  }
  return { open, end }
}

const bitmapIn = (start: bigint, bits: Buffer): Done => {
  const open: bigint[] = []
  const length = Math.max(0, 8 * bits.length - Math.clz32(bits.at(-1) ?? 0) + 24)
  for (let at = 0; at < length; at++) if (((bits[at >> 3] ?? 0) & (1 << (at & 7))) === 0) open.push(start + BigInt(at))
  return { open, end: start + BigInt(length) }
}

/** More than any reader has in hand; who says so did not mean us. */
const mostOpen = 1_000_000
