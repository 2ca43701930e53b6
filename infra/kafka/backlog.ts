/** When the records of one partition were appended: one in each second is noted, for as long as it, or one after it, is not settled. */
export type Backlog = Readonly<{
  /** A record is laid out. Offsets rise; `lowest` gives the lowest that is not settled. */
  note(offset: bigint, timestamp: number, lowest: () => bigint): void
  /** When the record at this offset was appended: never later than it was, and at most a second earlier. */
  timeOf(offset: bigint): number | undefined
}>

export const openBacklog = (): Backlog => {
  const noted: { readonly offset: bigint; readonly timestamp: number }[] = []

  const forgetBelow = (offset: bigint): void => {
    let needless = 0
    for (let next = noted[1]; next && next.offset <= offset; next = noted[needless + 1]) needless++
    noted.splice(0, needless)
  }

  return {
    note(offset, timestamp, lowest) {
      const last = noted.at(-1)
      if (last && last.timestamp <= timestamp && timestamp < last.timestamp + 1_000) return
      forgetBelow(lowest())
      noted.push({ offset, timestamp })
    },
    timeOf: (offset) => noted.findLast((one) => one.offset <= offset)?.timestamp,
  }
}
