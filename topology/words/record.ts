import type { Origin } from './ids.ts'

/** A record to be written. Topic names are without the installation's prefix (`topics.ts`). */
export type Outgoing = Readonly<{
  topic: string
  key: string
  value: Buffer | string | null
  headers: Readonly<Record<string, string | Buffer>>
}>

/** A record that was read. Headers and key are bytes: anybody may have written them. */
export type Incoming = Origin &
  Readonly<{
    /** Milliseconds since 1970; append time where the topic says so. */
    timestamp: number
    key: Buffer | null
    value: Buffer | null
    headers: Headers
  }>

/** Of two headers with one name the later counts. */
export type Headers = Iterable<[string, Buffer]> &
  Readonly<{
    /** By a name of ASCII, as all of ours are. */
    get(name: string): Buffer | undefined
    /** What they take, names included, where that is known. */
    byteLength?: number
  }>

/** A header as text, or undefined. Bytes that are not UTF-8 are replaced, never refused. */
export const headerOf = (record: Incoming, name: string): string | undefined =>
  record.headers.get(name)?.toString('utf8')
