import type { OfRun, RunHost } from '../../language/host.ts'
import { AdaptorError } from '../../language/http/failure.ts'
import { Buffer } from '../../language/web/buffer.ts'
import { URLSearchParams } from '../../language/web/url.ts'

/**
 * What jobs get hold of although no global leads to it, and which all runs share nevertheless: what the things that are made for a run have in
 * common, classes of errors, prototypes of iterators. To be frozen like a global.
 */
export const handedOut = (makers: readonly OfRun[]): readonly unknown[] => [
  ...makers.flatMap(Object.values<OfRun[string]>).map((make) => make(nowhere)),
  AdaptorError,
  ...brokenReads.map((read) => thrownBy(read)),
  new URLSearchParams('a').entries(),
]

/** Of a run that there never is. */
const nowhere: RunHost = {
  http: () => new Promise(() => {}),
  sql: () => new Promise(() => {}),
  console: { debug: () => {}, log: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  random: (count) => new Uint8Array(count),
  ...{ setTimeout: () => 0, setInterval: () => 0, clearTimer: () => {} },
}

/** For each of the errors that Buffer has of its own. */
const brokenReads: readonly (() => unknown)[] = [
  () => Buffer.alloc(1).readBigInt64LE(0),
  () => Buffer.alloc(9).readBigInt64LE(9),
]

const thrownBy = (action: () => unknown): unknown => {
  try {
    return action()
  } catch (error) {
    return error
  }
}
