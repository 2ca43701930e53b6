/**
 * Which offsets of one partition are done, in whatever order that happens. What is committed is the lowest offset that is not, and with it,
 * as text, which offsets above are: so a crash repeats only what was in hand.
 */
export type Watermark = Readonly<{
  /** The record at this offset is in hand. Offsets rise; those left out hold nothing to do. */
  begin(offset: bigint): void
  /** The record is done. Saying it twice, or of an offset that was never begun, does nothing. */
  finish(offset: bigint): void
  /** Everything below this offset has been read. */
  passTo(offset: bigint): void
  /** Whether the commit that this watermark started from says that the offset is done. */
  wasFinished(offset: bigint): boolean
  /** What to commit: every offset below is done. */
  lowest(): bigint
  /** The done offsets above `lowest()`, for the commit's metadata; the highest are left off when all would be too long. */
  encode(): string
  /** Whether `encode()` has room for one run of offsets more. When it has not, no new work should begin. */
  fits(): boolean
}>

/** Starts where a commit left off. Metadata of anybody else's making is the same as none. */
export const watermarkAt = (start: bigint, metadata = '', maxBytes = 4_000): Watermark => {
  const open = new Set<bigint>() // in the order of begin(), which is that of the offsets
  const before = decodeFinished(start, metadata)
  let next = start
  let gaps = 1 // runs of done offsets below `next`, the one below the lowest counted

  const isOpen = (offset: bigint): boolean => open.has(offset)
  const lowest = (): bigint => open.values().next().value ?? next

  const passTo = (offset: bigint): void => {
    if (offset <= next) return
    if (isOpen(next - 1n)) gaps++
    next = offset
  }

  const encode = (): string => {
    let from = lowest()
    let text = ''
    for (const done of doneAbove()) {
      const run = `${text && ','}${(done.from - from).toString(36)},${(done.to - done.from).toString(36)}`
      if (format.length + text.length + run.length > maxBytes) break
      text += run
      from = done.to
    }
    return text && format + text
  }

  /** Gaps between the open ones, and what an earlier holder finished and we have not come to yet. */
  function* doneAbove(): Generator<Range> {
    let expected = lowest()
    for (const offset of open) {
      if (offset > expected) yield { from: expected, to: offset }
      expected = offset + 1n
    }
    if (next > expected) yield { from: expected, to: next }
    // biome-ignore lint/complexity/useMathMinMax: offsets are bigints, Math knows numbers only
    for (const { from, to } of before) if (to > next) yield { from: from < next ? next : from, to }
  }

  return {
    begin(offset) {
      passTo(offset)
      open.add(offset)
      next = offset + 1n
    },
    finish(offset) {
      if (!open.has(offset)) return
      const below = isOpen(offset - 1n)
      const above = offset + 1n === next || isOpen(offset + 1n)
      open.delete(offset)
      if (below && above) gaps++
      else if (!below && !above) gaps--
    },
    passTo,
    wasFinished: (offset) => before.some((range) => range.from <= offset && offset < range.to),
    lowest,
    encode,
    fits: () => (gaps + before.length + 1) * longestRun <= maxBytes || encode().length + longestRun <= maxBytes,
  }
}

type Range = Readonly<{ from: bigint; to: bigint }>

/** `f`, then in turns how many offsets are open and how many are done, in base 36: `f1,3,2,5`. */
const format = 'f'
const longestRun = 16

const decodeFinished = (start: bigint, metadata: string): readonly Range[] => {
  if (!/^f[0-9a-z]{1,10}(,[0-9a-z]{1,10})*$/.test(metadata)) return []
  const lengths = metadata
    .slice(format.length)
    .split(',')
    .map((text) => BigInt(Number.parseInt(text, 36)))
  const ranges: Range[] = []
  let at = start
  for (let i = 0; i + 1 < lengths.length; i += 2) {
    const from = at + (lengths[i] ?? 0n)
    at = from + (lengths[i + 1] ?? 0n)
    ranges.push({ from, to: at })
  }
  return ranges
}
