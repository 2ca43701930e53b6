/**
 * Which offsets of one partition are done, in whatever order that happens. What is committed is the lowest offset that is not, and with it,
 * as text, which offsets above are: so a crash repeats only what was in hand.
 */
export type Watermark = Readonly<{
  /** Whether the commit can still say what is done when this offset is in hand, too, in whatever order all that is in hand is finished. */
  fits(offset: bigint): boolean
  /** The record at this offset is in hand. Offsets rise; those left out hold nothing to do. */
  begin(offset: bigint): void
  /** The record is done. Saying it twice, or of an offset that was never begun, does nothing. */
  finish(offset: bigint): void
  /** Everything below this offset has been read, and what of it was not begun holds nothing to do. */
  passTo(offset: bigint): void
  /** Whether the commit that this watermark started from says that the offset is done. */
  wasFinished(offset: bigint): boolean
  /** What to commit: every offset below is done. */
  lowest(): bigint
  /** The done offsets above `lowest()`, for the commit's metadata; each of them, if `fits` was true before every `begin`. */
  encode(): string
}>

/** Starts where a commit left off. Metadata of anybody else's making is the same as none. */
export const watermarkAt = (start: bigint, metadata = '', maxBytes = 4_000): Watermark => {
  const before = decode(start, { metadata, maxBytes })
  const open = new Set(before.open) // in the order of the offsets
  const bitmapBytes = Math.floor(((maxBytes - 1) * 3) / 4)
  let order = [...open]
  let head = 0
  let met = 0 // how many of `before.open` have been begun or passed
  let next = before.end

  const lowest = (): bigint => {
    for (let first = order[head]; first !== undefined; first = order[++head]) if (open.has(first)) return first
    return next
  }

  const passTo = (offset: bigint): void => {
    for (let left = before.open[met]; left !== undefined && left < offset; left = before.open[++met]) open.delete(left)
    if (offset > next) next = offset
  }

  function* doneAbove(): Generator<Range> {
    let from = lowest()
    for (const to of open) {
      if (to > from) yield { from, to }
      from = to + 1n
    }
    if (next > from) yield { from, to: next }
  }

  return {
    fits(offset) {
      if (open.size === 0 || open.has(offset)) return true
      const span = Number(offset + 1n - lowest())
      return span <= 8 * bitmapBytes || runsAtMost(open.size + 1, span) <= maxBytes
    },
    begin(offset) {
      passTo(offset)
      if (before.open[met] === offset) met++
      if (offset < next) return
      open.add(offset)
      next = offset + 1n
      if (order.length > 2 * open.size + 1_000) [order, head] = [[...open], 0]
      else order.push(offset)
    },
    finish: (offset) => void open.delete(offset),
    passTo,
    wasFinished: (offset) => start <= offset && offset < before.end && !open.has(offset),
    lowest,
    encode() {
      const runs = runsOf(lowest(), doneAbove())
      return runs.length <= maxBytes ? runs : bitmapOf(lowest(), doneAbove(), bitmapBytes)
    },
  }
}

type Range = Readonly<{ from: bigint; to: bigint }>

const runsMark = 'f'
const bitmapMark = 'b'

/** In turns how many offsets are open and how many are done, in base 36: `f1,3,2,5`. Short when little is open. */
const runsOf = (lowest: bigint, done: Iterable<Range>): string => {
  let at = lowest
  let text = ''
  for (const { from, to } of done) {
    text += `${text && ','}${(from - at).toString(36)},${(to - from).toString(36)}`
    at = to
  }
  return text && runsMark + text
}

/** Each open offset costs one run of done ones at most; what is passed above them all, once, a longer one. */
const runsAtMost = (open: number, span: number): number => 11 + open * (span.toString(36).length + 3)

/** A bit an offset, 1 for done, in base64. Its length does not depend on what is done; what lies beyond it is left off. */
const bitmapOf = (lowest: bigint, done: Iterable<Range>, bytes: number): string => {
  const bits = Buffer.alloc(bytes)
  let used = 0
  for (const { from, to } of done) {
    const end = Math.min(Number(to - lowest), 8 * bytes)
    for (let at = Number(from - lowest); at < end; at++) {
      bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
      used = (at >> 3) + 1
    }
  }
  return bitmapMark + bits.toString('base64url', 0, used)
}

/** What the life before left open, and where all that it says of ends. */
type Before = Readonly<{ open: readonly bigint[]; end: bigint }>

const decode = (start: bigint, { metadata, maxBytes }: Readonly<{ metadata: string; maxBytes: number }>): Before => {
  if (metadata.length > maxBytes) return { open: [], end: start }
  if (/^f[0-9a-z]{1,10}(,[0-9a-z]{1,10})*$/.test(metadata)) return runsIn(start, metadata.slice(1))
  if (/^b[\w-]+$/.test(metadata)) return bitmapIn(start, Buffer.from(metadata.slice(1), 'base64url'))
  return { open: [], end: start }
}

const runsIn = (start: bigint, text: string): Before => {
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

const bitmapIn = (start: bigint, bits: Buffer): Before => {
  const open: bigint[] = []
  const length = Math.max(0, 8 * bits.length - Math.clz32(bits.at(-1) ?? 0) + 24)
  for (let at = 0; at < length; at++) if (((bits[at >> 3] ?? 0) & (1 << (at & 7))) === 0) open.push(start + BigInt(at))
  return { open, end: start + BigInt(length) }
}

/** More than any reader has in hand; who says so did not mean us. */
const mostOpen = 1_000_000
