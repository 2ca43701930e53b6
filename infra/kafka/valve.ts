import type { Outgoing } from '../../topology/words/record.ts'

/** Tells when more is being written than there should be in memory at once. */
export type Valve = Readonly<{
  /** Does it, and counts the records' bytes until it is done. */
  run(records: readonly Outgoing[], write: () => Promise<void>): Promise<void>
  /** Resolves when there is room again; undefined while there is. */
  full(): Promise<void> | undefined
}>

/** One record that was read may lead to a hundred that are written, so that a budget for those that are read bounds nothing by itself. */
export const openValve = (mostBytes: number): Valve => {
  let bytes = 0
  let room: PromiseWithResolvers<void> | undefined

  return {
    async run(records, write) {
      const size = records.reduce((sum, { value }) => sum + (value?.length ?? 0) + besidesValue, 0)
      bytes += size
      try {
        await write()
      } finally {
        bytes -= size
        if (bytes < mostBytes) room?.resolve()
        if (bytes < mostBytes) room = undefined
      }
    },
    full() {
      if (bytes < mostBytes) return undefined
      room ??= Promise.withResolvers<void>()
      return room.promise
    },
  }
}

/** Key, headers, and what keeps track of the record, roughly. */
const besidesValue = 1_000
